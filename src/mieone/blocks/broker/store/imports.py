"""Imports as rows: what was read when, and which entities a data set brought."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from mieone.blocks.broker.model.dataset import ImportRun
from mieone.blocks.broker.rules.importing import Brought
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_imports.sql")


class BroughtRow(msgspec.Struct, frozen=True, kw_only=True):
    """What stands of an entity now, as its data set wrote it."""

    entity_id: str
    digests: Sequence[bytes]
    written_at: datetime | None
    """None: as before."""


async def find_settled_digest(conn: Conn, tenant: str, dataset: str, origin: str) -> bytes | None:
    """Of the last import of this origin, if it was read to its end and nothing in it waits."""
    row = await conn.fetchrow(QUERIES["find_last_run"], tenant, dataset, origin)
    if row is None or not row["is_settled"]:
        return None
    digest: bytes = row["digest"]
    return digest


async def record_run(
    conn: Conn, tenant: str, dataset: str, origin: str, digest: bytes, at: datetime
) -> UUID:
    run_id: UUID = await conn.fetchval(QUERIES["record_run"], tenant, dataset, origin, digest, at)
    return run_id


async def record_end(conn: Conn, run: ImportRun, at: datetime) -> None:
    await conn.execute(
        QUERIES["record_end"],
        run.run_id,
        at,
        run.read_rows,
        run.written_entities,
        run.removed_entities,
        run.unchanged_entities,
        msgspec.to_builtins(run.findings),
        run.failure,
        run.is_settled,
    )


async def forget_attempts(conn: Conn, run: ImportRun) -> None:
    """Those before it that read the same and came to no end: the last one tells all."""
    await conn.execute(QUERIES["forget_attempts"], run.run_id)


async def find_brought(
    conn: Conn, tenant: str, dataset: str, ids: Sequence[str]
) -> dict[str, Brought]:
    rows = await conn.fetch(QUERIES["find_brought"], tenant, dataset, ids)
    return {
        row["entity_id"]: Brought(digests=row["digests"], is_untouched=row["is_untouched"])
        for row in rows
    }


async def record_imported(
    conn: Conn, tenant: str, dataset: str, brought: Sequence[BroughtRow], run_id: UUID
) -> None:
    """In id order: imports that bring the same entities do not wait for each other in a circle."""
    ordered = sorted(brought, key=lambda one: one.entity_id)
    await conn.execute(
        QUERIES["record_imported"],
        tenant,
        dataset,
        run_id,
        [one.entity_id for one in ordered],
        [b"".join(one.digests) for one in ordered],
        [one.written_at for one in ordered],
    )


async def touch_imported(
    conn: Conn, tenant: str, dataset: str, ids: Sequence[str], run_id: UUID
) -> None:
    """They are in the source, whether or not their rows could be taken."""
    await conn.execute(QUERIES["touch_imported"], tenant, dataset, run_id, sorted(ids))


async def list_tenants_of(conn: Conn, dataset: str) -> list[str]:
    """Who holds something that the data set brought."""
    rows = await conn.fetch(QUERIES["list_tenants_of"], dataset)
    return [row["tenant"] for row in rows]


async def list_vanished(
    conn: Conn, tenant: str, dataset: str, run_id: UUID, limit: int
) -> list[str]:
    rows = await conn.fetch(QUERIES["list_vanished"], tenant, dataset, run_id, limit)
    return [row["entity_id"] for row in rows]


async def count_imported(conn: Conn, tenant: str, dataset: str) -> int:
    count: int = await conn.fetchval(QUERIES["count_imported"], tenant, dataset)
    return count


async def void_imported(conn: Conn, tenant: str, dataset: str, entity_ids: Sequence[str]) -> None:
    await conn.execute(QUERIES["void_imported"], tenant, dataset, list(entity_ids))


async def list_runs(
    conn: Conn, owners: Sequence[str], dataset: str, limit: int
) -> list[asyncpg.Record]:
    """The newest first; an owner is a tenant, or `*` where a file holds several."""
    return await conn.fetch(QUERIES["list_runs"], list(owners), dataset, limit)


async def list_latest(conn: Conn, owners: Sequence[str]) -> dict[str, datetime]:
    """When each data set was last written."""
    rows = await conn.fetch(QUERIES["list_latest"], list(owners))
    return {row["dataset"]: row["ended_at"] for row in rows}


async def list_imported(conn: Conn, tenant: str, dataset: str, after: str, limit: int) -> list[str]:
    rows = await conn.fetch(QUERIES["list_imported"], tenant, dataset, after, limit)
    return [row["entity_id"] for row in rows]
