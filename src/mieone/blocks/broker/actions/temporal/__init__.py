"""Histories asked for and written by their own API. Other context sources are not asked here."""

from .reading import TemporalPage, query, retrieve
from .writing import (
    add_instances,
    correct,
    forget_attribute,
    forget_entity,
    forget_one,
    record_end,
)

__all__ = [
    "TemporalPage",
    "add_instances",
    "correct",
    "forget_attribute",
    "forget_entity",
    "forget_one",
    "query",
    "record_end",
    "retrieve",
]
