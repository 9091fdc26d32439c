"""Registrations of context sources: read, shown, and matched against what is asked."""

from .conflicts import check_conflicts
from .matching import holds_entity, is_expired, list_matching, tells_the_present
from .operations import BATCH, SINGLE, expand_operations
from .reading import read_registration, read_registration_patch
from .rendering import render_record, render_registration

__all__ = [
    "BATCH",
    "SINGLE",
    "check_conflicts",
    "expand_operations",
    "holds_entity",
    "is_expired",
    "list_matching",
    "read_registration",
    "read_registration_patch",
    "render_record",
    "render_registration",
    "tells_the_present",
]
