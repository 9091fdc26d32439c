"""What the register can do."""

from mieone.blocks.registry.store import list_open_cases

from .captions import record_captions
from .datasets import RegisterProvider
from .imports import Delivery, import_register, preview_import
from .lookups import Search, find_residents, list_household
from .matching import forget_person, link_by_officer, match_person, refuse_case
from .samples import load_sample
from .uploads import DESK_SOURCE, show_upload, take_upload

__all__ = [
    "DESK_SOURCE",
    "Delivery",
    "RegisterProvider",
    "Search",
    "find_residents",
    "forget_person",
    "import_register",
    "link_by_officer",
    "list_household",
    "list_open_cases",
    "load_sample",
    "match_person",
    "preview_import",
    "record_captions",
    "refuse_case",
    "show_upload",
    "take_upload",
]
