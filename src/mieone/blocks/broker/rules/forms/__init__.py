"""Entities as the documents that readers get: one function a form, all of them pure."""

from .entities import NOBODY, entity_document, flat_documents, own_members
from .geojson import geo_collection, geo_document
from .instances import join_instances, make_concise, render_attribute, render_instance
from .languages import read_languages
from .model import Form, Format, Joining, Picked
from .notifications import notification_document
from .picking import check_apart, read_picked
from .selecting import follow, select_attributes
from .tables import csv_text
from .times import render_time

__all__ = [
    "NOBODY",
    "Form",
    "Format",
    "Joining",
    "Picked",
    "check_apart",
    "csv_text",
    "entity_document",
    "flat_documents",
    "follow",
    "geo_collection",
    "geo_document",
    "join_instances",
    "make_concise",
    "notification_document",
    "own_members",
    "read_languages",
    "read_picked",
    "render_attribute",
    "render_instance",
    "render_time",
    "select_attributes",
]
