"""Imports as rows: what was read when, and which entities a data set brought."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from mieone.blocks.broker.model.dataset import Finding
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_imports.sql")


async def find_last_digest(conn: Conn, tenant: str, dataset: str, origin: str) -> bytes | None:
    """Of the last import of this origin that was read to its end."""
    digest: bytes | None = await conn.fetchval(QUERIES["find_last_digest"], tenant, dataset, origin)
    return digest


async def record_run(
    conn: Conn, tenant: str, dataset: str, origin: str, digest: bytes, at: datetime
) -> UUID:
    run_id: UUID = await conn.fetchval(QUERIES["record_run"], tenant, dataset, origin, digest, at)
    return run_id


async def record_end(
    conn: Conn,
    run_id: UUID,
    at: datetime,
    counts: tuple[int, int, int],
    findings: Sequence[Finding],
    failure: str | None,
) -> None:
    await conn.execute(
        QUERIES["record_end"], run_id, at, *counts, msgspec.to_builtins(findings), failure
    )


async def record_imported(
    conn: Conn, tenant: str, dataset: str, entity_ids: Sequence[str], run_id: UUID
) -> None:
    await conn.execute(QUERIES["record_imported"], tenant, dataset, list(entity_ids), run_id)


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


async def claim_feed(conn: Conn, feed: str, every_s: float) -> bool:
    """Whether it is this feed's turn, and ours: no two workers read it at once."""
    await conn.execute(QUERIES["declare_feed"], feed)
    return await conn.fetchval(QUERIES["claim_feed"], feed, timedelta(seconds=every_s)) is not None
