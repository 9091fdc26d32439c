"""What people see: layout, components, message catalogues, forms and problems as pages."""

from .assets import Assets, AssetsMissingError
from .catalogue import CATALOGUES, Catalogue, Language, MissingMessageError, read_texts
from .formats import Formats
from .forms import FieldError, Form, Upload, filled_form, read_form
from .model import (
    HomeItem,
    PageSection,
    Phrase,
    SectionLink,
    SectionPlace,
    Telephone,
    Tone,
    Urgency,
    Yen,
)
from .page import TOWN_COOKIE, AnyRequest, Page, page_dependency, preference_cookie, read_page
from .problems import render_problem, wants_json
from .site import Site

__all__ = [
    "CATALOGUES",
    "TOWN_COOKIE",
    "AnyRequest",
    "Assets",
    "AssetsMissingError",
    "Catalogue",
    "FieldError",
    "Form",
    "Formats",
    "HomeItem",
    "Language",
    "MissingMessageError",
    "Page",
    "PageSection",
    "Phrase",
    "SectionLink",
    "SectionPlace",
    "Site",
    "Telephone",
    "Tone",
    "Upload",
    "Urgency",
    "Yen",
    "filled_form",
    "page_dependency",
    "preference_cookie",
    "read_form",
    "read_page",
    "read_texts",
    "render_problem",
    "wants_json",
]
