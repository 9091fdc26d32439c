"""What the register can do."""

from mieone.blocks.registry.store import list_open_cases

from .audit import verify_links, verify_matchings, verify_residents
from .captions import record_captions
from .cases import OpenCase, link_by_officer, read_case, refuse_case
from .datasets import RegisterProvider
from .due import LOOK_AGAIN, match_due, note_verified
from .imports import Delivery, import_register, preview_import
from .lookups import Search, find_residents, list_household
from .matching import forget_person
from .samples import load_sample
from .uploads import DESK_SOURCE, show_upload, take_upload

__all__ = [
    "DESK_SOURCE",
    "LOOK_AGAIN",
    "Delivery",
    "OpenCase",
    "RegisterProvider",
    "Search",
    "find_residents",
    "forget_person",
    "import_register",
    "link_by_officer",
    "list_household",
    "list_open_cases",
    "load_sample",
    "match_due",
    "note_verified",
    "preview_import",
    "read_case",
    "record_captions",
    "refuse_case",
    "show_upload",
    "take_upload",
    "verify_links",
    "verify_matchings",
    "verify_residents",
]
