"""Registrations of context sources as rows."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
import msgspec

from mieone.blocks.broker.model import Registration, SourceRecord, Tenant, TenantName
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_registrations.sql")


class Exchanges(msgspec.Struct, frozen=True, kw_only=True):
    """How often one source was asked since the last count."""

    tenant: str
    id: str
    sent: int
    failed: int
    success_at: datetime | None
    failure_at: datetime | None


async def record_registration(conn: Conn, tenant: Tenant, registration: Registration) -> bool:
    """False when the id is taken."""
    row = await conn.fetchrow(
        QUERIES["record_registration"],
        tenant.name,
        registration.id,
        _encode(registration),
        registration.expires_at,
        registration.created_at,
    )
    return row is not None


async def find_registration(conn: Conn, tenant: Tenant, identifier: str) -> SourceRecord | None:
    row = await conn.fetchrow(QUERIES["find_registration"], tenant.name, identifier)
    return None if row is None else _record(row)


async def lock_registration(conn: Conn, tenant: Tenant, identifier: str) -> SourceRecord | None:
    row = await conn.fetchrow(QUERIES["lock_registration"], tenant.name, identifier)
    return None if row is None else _record(row)


async def list_registrations(conn: Conn, tenant: str) -> list[SourceRecord]:
    """In the order of their making."""
    return [_record(row) for row in await conn.fetch(QUERIES["list_registrations"], tenant)]


async def count_registrations(conn: Conn, tenant: Tenant) -> int:
    return int(await conn.fetchval(QUERIES["count_registrations"], tenant.name))


async def change_registration(conn: Conn, tenant: Tenant, registration: Registration) -> None:
    await conn.execute(
        QUERIES["change_registration"],
        tenant.name,
        registration.id,
        _encode(registration),
        registration.expires_at,
    )


async def delete_registration(conn: Conn, tenant: Tenant, identifier: str) -> Registration | None:
    """What it was; None when it was not there."""
    document = await conn.fetchval(QUERIES["delete_registration"], tenant.name, identifier)
    return None if document is None else msgspec.json.decode(document, type=Registration)


async def list_ended_registrations(
    conn: Conn, at: datetime, limit: int
) -> list[tuple[TenantName, str]]:
    """Of all tenants, the longest over first."""
    rows = await conn.fetch(QUERIES["list_ended_registrations"], at, limit)
    return [(TenantName(row["tenant"]), row["id"]) for row in rows]


async def lock_registrations(conn: Conn, tenant: Tenant) -> None:
    await conn.fetchval(QUERIES["lock_registrations"], tenant.name)


async def raise_registrations_epoch(conn: Conn, tenant: Tenant) -> int:
    return int(await conn.fetchval(QUERIES["raise_registrations_epoch"], tenant.name))


async def list_epochs(conn: Conn) -> dict[str, int]:
    rows = await conn.fetch(QUERIES["list_epochs"])
    return {row["name"]: row["registrations_epoch"] for row in rows}


async def record_exchanges(conn: Conn, exchanges: Sequence[Exchanges]) -> None:
    await conn.execute(
        QUERIES["record_exchanges"],
        [one.tenant for one in exchanges],
        [one.id for one in exchanges],
        [one.sent for one in exchanges],
        [one.failed for one in exchanges],
        [one.success_at for one in exchanges],
        [one.failure_at for one in exchanges],
    )


def _encode(registration: Registration) -> str:
    return msgspec.json.encode(registration).decode()


def _record(row: asyncpg.Record) -> SourceRecord:
    return SourceRecord(
        registration=msgspec.json.decode(row["document"], type=Registration),
        times_sent=row["times_sent"],
        times_failed=row["times_failed"],
        last_success=row["last_success"],
        last_failure=row["last_failure"],
    )
