"""Entity maps (clause 5.2.39): what a query found and where, for pages that stay the same."""

from datetime import datetime
from typing import Final

import msgspec

HERE: Final = "@none"
"""Stands for this broker among the sources of an entity."""


class EntityMap(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    entries: tuple[tuple[str, tuple[str, ...]], ...]
    """Entity ids in the order of the answer, each with its sources."""
    expires_at: datetime
