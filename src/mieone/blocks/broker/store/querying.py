"""Questions to the indexes, and the documents behind the answers.

`walk_` gives what comes after a sequence number, in order, at most `limit`; `probe_` gives some in no
order: fewer than `limit` of them are all there are. Both may give more than fits, never less.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from mieone.blocks.broker.model import Entity, Iri, TenantName
from mieone.blocks.broker.rules.narrowing import ByBounds, ByValues
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_querying.sql")
_DECODER: Final = msgspec.json.Decoder(Entity)


async def find_document(conn: Conn, tenant: TenantName, entity_id: str) -> Entity | None:
    document = await conn.fetchval(QUERIES["find_document"], tenant, [entity_id])
    return None if document is None else _DECODER.decode(document)


async def list_documents_by_id(conn: Conn, tenant: TenantName, ids: Sequence[str]) -> list[Entity]:
    rows = await conn.fetch(QUERIES["list_documents_by_id"], tenant, ids)
    return [_DECODER.decode(row["document"]) for row in rows]


async def list_documents(
    conn: Conn, tenant: TenantName, sequences: Sequence[int]
) -> list[tuple[int, Entity]]:
    rows = await conn.fetch(QUERIES["list_documents"], tenant, sequences)
    return [(row["sequence"], _DECODER.decode(row["document"])) for row in rows]


async def list_expired_sequences(conn: Conn, tenant: TenantName) -> set[int]:
    rows = await conn.fetch(QUERIES["list_expired_sequences"], tenant)
    return {row["sequence"] for row in rows}


async def count_everything(conn: Conn, tenant: TenantName) -> int:
    return int(await conn.fetchval(QUERIES["count_everything"], tenant))


async def count_types(conn: Conn, tenant: TenantName, types: Sequence[Iri]) -> int:
    """With the expired."""
    return int(await conn.fetchval(QUERIES["count_types"], tenant, types))


async def walk_everything(conn: Conn, tenant: TenantName, after: int, limit: int) -> list[int]:
    rows = await conn.fetch(QUERIES["walk_everything"], tenant, after, limit)
    return [row["sequence"] for row in rows]


async def probe_ids(
    conn: Conn, tenant: TenantName, after: int, limit: int, ids: Sequence[str], *, is_v2: bool
) -> list[int]:
    name = "probe_v2_ids" if is_v2 else "probe_ids"
    rows = await conn.fetch(QUERIES[name], tenant, after, limit, ids)
    return [row["sequence"] for row in rows]


async def list_ids(
    conn: Conn, tenant: TenantName, sequences: Sequence[int], *, is_v2: bool
) -> list[tuple[int, str]]:
    """`is_v2`: the ids that NGSI v2 shows."""
    rows = await conn.fetch(QUERIES["list_ids"], tenant, sequences)
    return [(row["sequence"], (is_v2 and row["v2_id"]) or row["id"]) for row in rows]


async def walk_types(
    conn: Conn, tenant: TenantName, after: int, limit: int, types: Sequence[Iri]
) -> list[int]:
    rows = await conn.fetch(QUERIES["walk_types"], tenant, after, limit, types)
    return [row["sequence"] for row in rows]


async def filter_types(
    conn: Conn, tenant: TenantName, sequences: Sequence[int], types: Sequence[Iri]
) -> set[int]:
    rows = await conn.fetch(QUERIES["filter_types"], tenant, sequences, types)
    return {row["sequence"] for row in rows}


async def walk_scopes(
    conn: Conn, tenant: TenantName, after: int, limit: int, keys: Sequence[str]
) -> list[int]:
    rows = await conn.fetch(QUERIES["walk_scopes"], tenant, after, limit, keys)
    return [row["sequence"] for row in rows]


async def filter_scopes(
    conn: Conn, tenant: TenantName, sequences: Sequence[int], keys: Sequence[str]
) -> set[int]:
    rows = await conn.fetch(QUERIES["filter_scopes"], tenant, sequences, keys)
    return {row["sequence"] for row in rows}


async def walk_names(
    conn: Conn, tenant: TenantName, after: int, limit: int, names: Sequence[Iri]
) -> list[int]:
    rows = await conn.fetch(QUERIES["walk_names"], tenant, after, limit, names)
    return [row["sequence"] for row in rows]


async def filter_names(
    conn: Conn, tenant: TenantName, sequences: Sequence[int], names: Sequence[Iri]
) -> set[int]:
    rows = await conn.fetch(QUERIES["filter_names"], tenant, sequences, names)
    return {row["sequence"] for row in rows}


async def walk_values(
    conn: Conn, tenant: TenantName, after: int, limit: int, wanted: ByValues
) -> list[int]:
    """For equal values only: ranges stand in no order of making."""
    rows = await conn.fetch(
        QUERIES["walk_values"],
        tenant,
        after,
        limit,
        wanted.name,
        wanted.numbers,
        wanted.words,
        wanted.instants,
    )
    return [row["sequence"] for row in rows]


async def probe_values(
    conn: Conn, tenant: TenantName, after: int, limit: int, wanted: ByValues
) -> list[tuple[int, bool]]:
    """Each with whether it is opaque: perhaps no hit at all."""
    rows = await conn.fetch(
        QUERIES["probe_values"],
        tenant,
        after,
        limit,
        wanted.name,
        wanted.numbers,
        wanted.words,
        wanted.instants,
        *_ends(wanted),
        wanted.is_joined,
    )
    return [(row["sequence"], row["is_opaque"]) for row in rows]


async def filter_values(
    conn: Conn, tenant: TenantName, sequences: Sequence[int], wanted: ByValues
) -> set[int]:
    rows = await conn.fetch(
        QUERIES["filter_values"],
        tenant,
        sequences,
        wanted.name,
        wanted.numbers,
        wanted.words,
        wanted.instants,
        *_ends(wanted),
        wanted.is_joined,
    )
    return {row["sequence"] for row in rows}


def _ends(wanted: ByValues) -> tuple[list[object], ...]:
    return (
        [low for low, _ in wanted.number_ranges],
        [high for _, high in wanted.number_ranges],
        [low for low, _ in wanted.instant_ranges],
        [high for _, high in wanted.instant_ranges],
    )


async def probe_bounds(
    conn: Conn, tenant: TenantName, after: int, limit: int, wanted: ByBounds
) -> list[int]:
    rows = await conn.fetch(
        QUERIES["probe_bounds"], tenant, after, limit, wanted.name, *_sides(wanted)
    )
    return [row["sequence"] for row in rows]


async def filter_bounds(
    conn: Conn, tenant: TenantName, sequences: Sequence[int], wanted: ByBounds
) -> set[int]:
    rows = await conn.fetch(
        QUERIES["filter_bounds"], tenant, sequences, wanted.name, *_sides(wanted)
    )
    return {row["sequence"] for row in rows}


def _sides(wanted: ByBounds) -> list[list[float]]:
    return [[box[side] for box in wanted.boxes] for side in range(4)]
