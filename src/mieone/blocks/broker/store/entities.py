"""Entities as rows: the document, and what is kept beside it for the indexes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from mieone.blocks.broker.model import DatasetId, Entity, Identity, Iri, TenantName
from mieone.blocks.broker.rules.merging import find_end
from mieone.blocks.broker.rules.projection import IndexRow
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_entities.sql")
_DECODER: Final = msgspec.json.Decoder(Entity)
_ENCODER: Final = msgspec.json.Encoder()
_SEPARATOR: Final = "\x1f"


class Locked(msgspec.Struct, frozen=True):
    sequence: int
    entity: Entity


def decode_entity(document: str) -> Entity:
    return _DECODER.decode(document)


async def lock_entities(conn: Conn, tenant: TenantName, ids: Sequence[str]) -> dict[str, Locked]:
    """Those of `ids` that are there; nobody else changes them until the transaction ends."""
    rows = await conn.fetch(QUERIES["lock_entities"], tenant, ids)
    return {row["id"]: Locked(row["sequence"], decode_entity(row["document"])) for row in rows}


async def add_entities(
    conn: Conn, tenant: TenantName, entities: Sequence[Entity]
) -> dict[str, int]:
    """Sequence numbers by id; an id that is not in it was made by somebody else meanwhile."""
    ids = [entity.id for entity in entities]
    rows = await conn.fetch(QUERIES["add_entities"], tenant, ids, *_columns(entities))
    return {row["id"]: row["sequence"] for row in rows}


async def change_entities(conn: Conn, tenant: TenantName, entities: Mapping[int, Entity]) -> None:
    columns = _columns(list(entities.values()))
    await conn.execute(QUERIES["change_entities"], tenant, list(entities), *columns)


def _columns(entities: Sequence[Entity]) -> tuple[list[object], ...]:
    identities = [entity.identity or _UNNAMED for entity in entities]
    return (
        [_SEPARATOR.join(entity.types) for entity in entities],
        [_SEPARATOR.join(entity.scopes) for entity in entities],
        [_ENCODER.encode(entity).decode() for entity in entities],
        [entity.created_at for entity in entities],
        [entity.modified_at for entity in entities],
        [entity.expires_at for entity in entities],
        [find_end(entity) for entity in entities],
        [identity.id or None for identity in identities],
        [identity.type or None for identity in identities],
        [identity.path or None for identity in identities],
    )


_UNNAMED: Final = Identity(id="", type="", path="")


async def delete_entities(conn: Conn, tenant: TenantName, sequences: Sequence[int]) -> None:
    """With everything that stands beside them, but for their scopes."""
    for name in ("delete_entities", "delete_all_types", "delete_all_attributes"):
        await conn.execute(QUERIES[name], tenant, sequences)


async def add_types(conn: Conn, tenant: TenantName, types: Sequence[tuple[int, Iri]]) -> None:
    await conn.execute(QUERIES["add_types"], tenant, *_transpose(types, 2))


async def delete_types(conn: Conn, tenant: TenantName, types: Sequence[tuple[int, Iri]]) -> None:
    await conn.execute(QUERIES["delete_types"], tenant, *_transpose(types, 2))


async def add_scopes(conn: Conn, tenant: TenantName, keys: Sequence[tuple[int, str]]) -> None:
    await conn.execute(QUERIES["add_scopes"], tenant, *_transpose(keys, 2))


async def delete_scopes(conn: Conn, tenant: TenantName, keys: Sequence[tuple[int, str]]) -> None:
    await conn.execute(QUERIES["delete_scopes"], tenant, *_transpose(keys, 2))


async def delete_attributes(
    conn: Conn, tenant: TenantName, keys: Sequence[tuple[int, Iri, DatasetId, int]]
) -> None:
    await conn.execute(QUERIES["delete_attributes"], tenant, *_transpose(keys, 4))


async def put_attributes(
    conn: Conn, tenant: TenantName, rows: Sequence[tuple[int, Iri, IndexRow]]
) -> None:
    flat = [
        (
            sequence,
            name,
            row.dataset,
            row.place,
            row.number,
            row.words,
            row.instant,
            *(row.bounds or (None, None, None, None)),
            row.is_opaque,
        )
        for sequence, name, row in rows
    ]
    await conn.execute(QUERIES["put_attributes"], tenant, *_transpose(flat, 12))


def _transpose(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    return [[row[at] for row in rows] for at in range(width)]


async def list_ended(conn: Conn, at: datetime, limit: int) -> dict[TenantName, list[str]]:
    """Ids by tenant of entities of which something is over, the longest over first."""
    found: dict[TenantName, list[str]] = {}
    for row in await conn.fetch(QUERIES["list_ended"], at, limit):
        found.setdefault(TenantName(row["tenant"]), []).append(row["id"])
    return found


async def count_entities(conn: Conn, tenant: TenantName, limit: int) -> int:
    """How many a tenant holds, at most `limit`."""
    return int(await conn.fetchval(QUERIES["count_entities"], tenant, limit) or 0)
