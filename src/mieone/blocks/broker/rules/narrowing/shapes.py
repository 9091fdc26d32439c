"""What can be put to an index."""

from datetime import datetime
from typing import TypeAlias

import msgspec

from mieone.blocks.broker.model import Iri
from mieone.blocks.broker.rules.projection import Bounds


class ByIds(msgspec.Struct, frozen=True, kw_only=True):
    ids: tuple[str, ...]
    is_v2: bool = False
    is_exact: bool = True


class ByPattern(msgspec.Struct, frozen=True, kw_only=True):
    """The id, as NGSI v2 shows it with `is_v2`: told without the document, but by no index."""

    pattern: str
    is_v2: bool = False
    is_exact: bool = True


class ByTypes(msgspec.Struct, frozen=True, kw_only=True):
    """One of these."""

    types: tuple[Iri, ...]
    is_exact: bool


class ByScopes(msgspec.Struct, frozen=True, kw_only=True):
    """Under one of these keys of `scope_keys`; the scopes themselves decide."""

    keys: tuple[str, ...]
    is_exact: bool = False


class ByNames(msgspec.Struct, frozen=True, kw_only=True):
    """One of these attributes is there."""

    names: tuple[Iri, ...]
    is_exact: bool


class ByValues(msgspec.Struct, frozen=True, kw_only=True):
    """The attribute has one of these values; or an opaque one, and then it is not exact."""

    name: Iri
    numbers: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    instants: tuple[datetime, ...] = ()
    number_ranges: tuple[tuple[float, float], ...] = ()
    instant_ranges: tuple[tuple[datetime, datetime], ...] = ()
    is_joined: bool = False
    """A range that stands for two: where the attribute has several values, each may have its own.
    Whoever has several is a candidate too, and then it is not exact."""
    is_exact: bool = True


class ByBounds(msgspec.Struct, frozen=True, kw_only=True):
    name: Iri | None
    """None: any attribute (NGSI v2's location)."""
    boxes: tuple[Bounds, ...]
    is_exact: bool = False


class ByAny(msgspec.Struct, frozen=True, kw_only=True):
    parts: "tuple[Narrowing, ...]"
    is_exact: bool


class ByAll(msgspec.Struct, frozen=True, kw_only=True):
    """Inside a ByAny only: elsewhere its parts stand for themselves."""

    parts: "tuple[Narrowing, ...]"
    is_exact: bool


Narrowing: TypeAlias = (
    ByIds | ByPattern | ByTypes | ByScopes | ByNames | ByValues | ByBounds | ByAny | ByAll
)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever fits the query is in every part; with `is_exact`, and only that."""

    parts: tuple[Narrowing, ...]
    is_exact: bool
