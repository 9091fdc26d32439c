"""What is asked of the read path, with every name expanded. Both APIs, subscriptions and sources use it."""

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from .entity import DatasetId, Entity, Iri, JsonValue


class OneType(msgspec.Struct, frozen=True, tag="type"):
    name: Iri


class AllTypes(msgspec.Struct, frozen=True, tag="all"):
    parts: "tuple[TypeSelection, ...]"


class AnyType(msgspec.Struct, frozen=True, tag="any"):
    parts: "tuple[TypeSelection, ...]"


TypeSelection: TypeAlias = OneType | AllTypes | AnyType


class EntitySelector(msgspec.Struct, frozen=True, kw_only=True):
    """One element of `entities` in a query or subscription; what is None does not matter."""

    ids: tuple[str, ...] | None = None
    id_pattern: str | None = None
    """RE2, anchored nowhere."""
    types: TypeSelection | None = None
    type_pattern: str | None = None
    """NGSI v2 only: RE2 on the v2 type name."""
    is_v2: bool = False
    """`ids` and `id_pattern` speak of the ids NGSI v2 shows: `rules.v2.names.fits_names`."""


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """`a.b[x.y]`: attribute a, its sub-attributes, then members inside the JSON value."""

    names: tuple[Iri, ...]
    short: tuple[str, ...]
    """As written, for reserved members such as observedAt or createdAt."""
    members: tuple[str, ...] = ()


class Comparison(StrEnum):
    EQUAL = "=="
    UNEQUAL = "!="
    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    MATCH = "~="
    NO_MATCH = "!~="


class Span(msgspec.Struct, frozen=True, tag="span"):
    """`low..high`, both ends included."""

    low: "Scalar"
    high: "Scalar"


Scalar: TypeAlias = bool | int | float | str | datetime


class Exists(msgspec.Struct, frozen=True, tag="exists"):
    path: Path


class Absent(msgspec.Struct, frozen=True, tag="absent"):
    path: Path


class Compare(msgspec.Struct, frozen=True, kw_only=True, tag="compare"):
    path: Path
    operator: Comparison
    values: tuple[Scalar | Span, ...]
    """Several: a list, any of which may fit."""
    is_quoted: bool = False
    """The value stood in quotes: a string, never a number, date or URI."""
    is_metadata: bool = False
    """NGSI v2 `mq`: names[1] is a metadata name; `rules.v2.metadata.find_metadata` finds it."""
    expanded: tuple[Iri, ...] = ()
    """What texts among `values` mean in the asker's context: what a VocabProperty may hold."""


class AllOf(msgspec.Struct, frozen=True, tag="and"):
    parts: "tuple[Condition, ...]"


class AnyOf(msgspec.Struct, frozen=True, tag="or"):
    parts: "tuple[Condition, ...]"


Condition: TypeAlias = Exists | Absent | Compare | AllOf | AnyOf


ANY_LOCATION: Final[Iri] = "*"


class GeoRelation(StrEnum):
    NEAR = "near"
    WITHIN = "within"
    CONTAINS = "contains"
    INTERSECTS = "intersects"
    EQUALS = "equals"
    DISJOINT = "disjoint"
    OVERLAPS = "overlaps"
    COVERED_BY = "coveredBy"
    """NGSI v2 only: within, and the border counts. Unknown to NGSI-LD's georel."""


class GeoQuery(msgspec.Struct, frozen=True, kw_only=True):
    relation: GeoRelation
    geometry: dict[str, JsonValue]
    """GeoJSON, WGS84, longitude first."""
    property: Iri
    """ANY_LOCATION for NGSI v2, where the entity itself says which: `rules.v2.names.location_of`."""
    max_distance_m: float | None = None
    min_distance_m: float | None = None
    heights_m: tuple[float, float] | None = None
    """Of a 空間ID: where a geometry has heights, one is in this span (its upper end is not)."""


class ScopeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Alternatives of conjunctions of patterns: `/A/+/C`, `/A/#`, `/#`."""

    alternatives: tuple[tuple[str, ...], ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    path: Path | None
    """None with `member` for id, type, createdAt, modifiedAt; None with both for distance (v2)."""
    member: str | None = None
    is_descending: bool = False
    is_v2: bool = False
    """What is not there stands with null, before everything; kinds stand in v2's order."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """All conditions must hold; what is None or empty does not matter."""

    entities: tuple[EntitySelector, ...] = ()
    """Any of these."""
    attributes: tuple[Iri, ...] = ()
    """attrs: at least one of them must be there."""
    condition: Condition | None = None
    metadata_condition: Condition | None = None
    """NGSI v2 mq."""
    geo: GeoQuery | None = None
    scope: ScopeQuery | None = None
    paths: tuple[str, ...] = ()
    """NGSI v2 service paths, any of them: `/a` alone, `/a/#` with what is below; empty: all.
    `rules.v2.names.fits_paths`."""
    datasets: tuple[DatasetId, ...] | None = None
    """Only these instances are looked at and answered."""
    order: tuple[Order, ...] = ()
    """Empty: by creation."""
    limit: int = 20
    offset: int = 0
    after: int | None = None
    """Cursor: entities made after this sequence number (only with the default order)."""
    wants_count: bool = False
    source_condition: Condition | None = None
    """csf: only context sources with such properties are asked."""
    splits: bool = False
    """splitEntities: what sources hold of an entity is joined before conditions are judged."""
    orders_here_only: bool = False
    """NGSI-LD: an order goes with no question to sources (clause 4.23.1)."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of an answer. `sequences` run beside `entities`, for cursors."""

    entities: tuple[Entity, ...]
    sequences: tuple[int, ...]
    count: int | None = None
    has_more: bool = False
