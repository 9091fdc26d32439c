"""Writing histories: one statement a function."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from mieone.blocks.broker.model import Instance, Iri
from mieone.blocks.broker.model.temporal import HistoryPolicy, Series, TemporalEntity
from mieone.core.database import Conn
from mieone.core.queries import load_queries

_HERE: Final = Path(__file__).parent
QUERIES: Final = {
    **load_queries(_HERE / "queries_history.sql"),
    **load_queries(_HERE / "queries_forgetting.sql"),
}
MAX_SERIES: Final = 20_000
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Instance)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row of broker.history, with its series."""

    series: Series
    instance_id: UUID
    recorded_at: datetime
    observed_at: datetime | None
    is_deletion: bool
    sort: str
    number: float | None
    fingerprint: int
    document: str


def encode_instance(instance: Instance) -> str:
    return _ENCODER.encode(instance).decode()


def decode_instance(document: str) -> Instance:
    return _DECODER.decode(document)


async def record_instances(conn: Conn, tenant: str, records: Sequence[Record]) -> set[str]:
    """Returns the entities that got a series they had not."""
    rows = await conn.fetch(
        QUERIES["record_instances"],
        tenant,
        [record.series.key for record in records],
        [record.series.entity_id for record in records],
        [record.series.name for record in records],
        [record.series.dataset for record in records],
        [record.instance_id for record in records],
        [record.recorded_at for record in records],
        [record.observed_at for record in records],
        [record.is_deletion for record in records],
        [record.sort for record in records],
        [record.number for record in records],
        [record.fingerprint for record in records],
        [record.document for record in records],
    )
    return {row["entity_id"] for row in rows}


async def declare_temporal_entities(
    conn: Conn, tenant: str, entities: Sequence[TemporalEntity]
) -> None:
    """In id order: two transactions that name the same entities do not wait for each other."""
    ordered = sorted(entities, key=lambda entity: entity.id)
    values = [msgspec.to_builtins(entity) for entity in ordered]
    await conn.execute(QUERIES["declare_temporal_entities"], tenant, values)


async def make_temporal_entity(
    conn: Conn, tenant: str, entity_id: str, types: Sequence[Iri], at: datetime
) -> bool:
    """False when it is there already."""
    made = await conn.fetchval(QUERIES["make_temporal_entity"], tenant, entity_id, types, at)
    return made is not None


async def lock_temporal_entity(conn: Conn, tenant: str, entity_id: str) -> TemporalEntity | None:
    row = await conn.fetchrow(QUERIES["lock_temporal_entity"], tenant, entity_id)
    return None if row is None else read_temporal_row(row)


async def lock_pasts(conn: Conn, tenant: str, ids: Sequence[str]) -> None:
    """Until the transaction ends nobody else looks through or adds to what these entities were."""
    await conn.execute(QUERIES["lock_pasts"], tenant, ids)


async def list_past(
    conn: Conn, tenant: str, ids: Sequence[str]
) -> AsyncIterator[tuple[str, Iri, Instance | None]]:
    """Entity, attribute, and each instance in which names may stand beside the attribute's own."""
    async for row in conn.cursor(QUERIES["list_past"], tenant, ids, prefetch=500):
        document = row["document"]
        yield row["entity_id"], row["name"], document and decode_instance(document)


async def find_temporal_entity(conn: Conn, tenant: str, entity_id: str) -> TemporalEntity | None:
    row = await conn.fetchrow(QUERIES["find_temporal_entity"], tenant, entity_id)
    return None if row is None else read_temporal_row(row)


def read_temporal_row(row: asyncpg.Record) -> TemporalEntity:
    return TemporalEntity(
        id=row["id"],
        sequence=row["sequence"],
        types=tuple(row["types"]),
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        deleted_at=row["deleted_at"],
    )


async def list_entities_after(
    conn: Conn, tenant: str, sequence: int, limit: int
) -> list[TemporalEntity]:
    rows = await conn.fetch(QUERIES["list_entities_after"], tenant, sequence, limit)
    return [read_temporal_row(row) for row in rows]


async def list_series(
    conn: Conn,
    tenant: str,
    entities: Sequence[str],
    names: Sequence[Iri] | None = None,
    datasets: Sequence[str] | None = None,
) -> list[Series]:
    """One more than MAX_SERIES when there are too many."""
    rows = await conn.fetch(QUERIES["list_series"], tenant, entities, names, datasets)
    return [
        Series(
            key=row["key"],
            entity_id=row["entity_id"],
            name=row["name"],
            dataset=row["dataset"],
        )
        for row in rows
    ]


async def forget_same_moments(
    conn: Conn, tenant: str, moments: Sequence[tuple[UUID, datetime, datetime | None]]
) -> None:
    """Of a series what was observed at the first time and recorded before the second, if any."""
    await conn.execute(
        QUERIES["forget_same_moments"],
        tenant,
        [series for series, _, _ in moments],
        [observed_at for _, observed_at, _ in moments],
        [recorded_at for _, _, recorded_at in moments],
    )


async def find_instance(
    conn: Conn, tenant: str, entity_id: str, name: Iri, recorded_at: datetime, instance_id: UUID
) -> tuple[UUID, str, Instance] | None:
    """Its series, datasetId and itself; locked."""
    row = await conn.fetchrow(
        QUERIES["find_instance"], tenant, entity_id, name, recorded_at, instance_id
    )
    if row is None:
        return None
    return row["series"], row["dataset"], decode_instance(row["document"])


async def correct_instance(conn: Conn, tenant: str, record: Record, modified_at: datetime) -> None:
    await conn.execute(
        QUERIES["correct_instance"],
        tenant,
        record.series.key,
        record.recorded_at,
        record.instance_id,
        record.observed_at,
        modified_at,
        record.sort,
        record.number,
        record.fingerprint,
        record.document,
    )


async def forget_instance(
    conn: Conn, tenant: str, series: UUID, recorded_at: datetime, instance_id: UUID
) -> None:
    await conn.execute(QUERIES["forget_instance"], tenant, series, recorded_at, instance_id)


async def forget_instances(conn: Conn, tenant: str, series: Sequence[UUID]) -> None:
    await conn.execute(QUERIES["forget_instances"], tenant, series)


async def forget_series(conn: Conn, tenant: str, series: Sequence[UUID]) -> None:
    await conn.execute(QUERIES["forget_series"], tenant, series)


async def forget_temporal_entity(conn: Conn, tenant: str, entity_id: str) -> None:
    await conn.execute(QUERIES["forget_temporal_entity"], tenant, entity_id)


async def has_current_entity(conn: Conn, tenant: str, entity_id: str) -> bool:
    return bool(await conn.fetchval(QUERIES["has_current_entity"], tenant, entity_id))


async def forget_older(
    conn: Conn, tenant: str, series: Sequence[UUID], before: Sequence[datetime], limit: int
) -> int:
    """At most `limit` instances; returns how many."""
    status: str = await conn.execute(QUERIES["forget_older"], tenant, series, before, limit)
    return int(status.rsplit(" ", 1)[-1])


async def list_policies(conn: Conn) -> list[HistoryPolicy]:
    rows = await conn.fetch(QUERIES["list_policies"])
    return [HistoryPolicy(**dict(row.items())) for row in rows]


async def declare_policies(conn: Conn, policies: Sequence[HistoryPolicy]) -> None:
    await conn.executemany(
        QUERIES["declare_policy"],
        [
            (
                one.tenant,
                one.type,
                one.keeps_history,
                one.retention_days,
                one.valid_from,
                one.valid_until,
                one.reason,
            )
            for one in policies
        ],
    )


async def open_history_months(conn: Conn, first: date, months: int) -> int:
    return int(await conn.fetchval(QUERIES["open_history_months"], first, months))


async def drop_history_months(conn: Conn, before: date) -> int:
    return int(await conn.fetchval(QUERIES["drop_history_months"], before))
