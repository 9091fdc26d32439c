"""Streams of changes: what a listener asks for, what it gets, and where it left off."""

import msgspec

from .entity import Iri, TenantName
from .query import Condition


class Position(msgspec.Struct, frozen=True):
    """Everything of transactions below `low` was told, and of those below `high` up to `sequence`."""

    low: int
    high: int
    sequence: int
    at_s: int
    """When, in seconds since 1970: events are not kept for ever."""

    def text(self) -> str:
        return f"{self.low}.{self.high}.{self.sequence}.{self.at_s}"

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        parts = text.split(".")
        if len(parts) != 4 or not all(
            one.isascii() and one.isdigit() and len(one) <= 18 for one in parts
        ):
            return None
        low, high, sequence, at_s = (int(one) for one in parts)
        return cls(low, high, sequence, at_s) if low <= high else None


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """All that is given must fit; what is empty does not matter."""

    tenants: frozenset[TenantName]
    types: frozenset[str] = frozenset()
    """IRIs, or their last parts."""
    ids: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    """At least one of them changed: IRIs, or their last parts."""
    condition: Condition | None = None


def last_part(iri: Iri) -> str:
    return iri.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1]
