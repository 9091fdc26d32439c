"""Entities by the names that NGSI v2 gives them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from mieone.blocks.broker.model import AttributeKind, Entity, Iri, TenantName
from mieone.core.database import Conn
from mieone.core.queries import load_queries

from .entities import decode_entity

QUERIES = load_queries(Path(__file__).parent / "queries_v2.sql")
_MOST_TYPES: Final = 10_000
_MOST_LOOKED_AT: Final = 10_000
"""Attributes of a type are those of so many entities, the newest."""
_PER_NAME: Final = 100
"""So many entities of one v2 id, of different types and service paths, are looked at."""


async def list_named(
    conn: Conn, tenant: TenantName, v2_ids: Sequence[str], ids: Sequence[str], at: datetime
) -> list[Entity]:
    """Those that a v2 id of `v2_ids` or an id of `ids` may mean; the caller looks closer."""
    most = _PER_NAME * max(1, len(v2_ids))
    rows = await conn.fetch(QUERIES["list_named"], tenant, v2_ids, ids, at, most)
    return [decode_entity(row["document"]) for row in rows]


class PathFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Service paths as the statements take them; None for all."""

    exact: list[str] | None = None
    below: list[str] | None = None


class AttributeLook(msgspec.Struct, frozen=True, kw_only=True):
    """What an attribute of a type looks like somewhere."""

    type: Iri
    name: Iri
    kind: AttributeKind
    shape: str
    """As jsonb_typeof calls it."""
    value_type: str | None
    remembered: str | None


async def list_types(
    conn: Conn, tenant: TenantName, paths: PathFilter, at: datetime
) -> dict[Iri, int]:
    """How many entities each type has."""
    rows = await conn.fetch(
        QUERIES["list_types"], tenant, paths.exact, paths.below, at, _MOST_TYPES
    )
    return {row["type"]: row["entities"] for row in rows}


async def list_attribute_looks(
    conn: Conn, tenant: TenantName, types: Sequence[Iri], paths: PathFilter, at: datetime
) -> list[AttributeLook]:
    rows = await conn.fetch(
        QUERIES["list_attribute_kinds"],
        tenant,
        types,
        paths.exact,
        paths.below,
        at,
        _MOST_LOOKED_AT,
    )
    return [
        AttributeLook(
            type=row["type"],
            name=row["name"],
            kind=AttributeKind(row["kind"]),
            shape=row["shape"] or "null",
            value_type=row["value_type"],
            remembered=row["remembered"],
        )
        for row in rows
    ]
