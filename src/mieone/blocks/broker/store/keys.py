"""API keys as rows: digests only."""

from datetime import datetime
from pathlib import Path

import msgspec

from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_keys.sql")


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    prefix: str
    title: str
    valid_until: datetime | None
    revoked_at: datetime | None

    def find_state(self, now: datetime) -> str:
        if self.revoked_at is not None:
            return "revoked"
        return "ended" if self.valid_until is not None and self.valid_until <= now else "valid"


async def record_key(
    conn: Conn, digest: bytes, prefix: str, tenant: str, title: str, valid_until: datetime | None
) -> None:
    await conn.execute(QUERIES["record_key"], digest, prefix, tenant, title, valid_until)


async def find_key_tenant(conn: Conn, digest: bytes, now: datetime) -> str | None:
    """The tenant whose data this key may write, None when it is unknown, ended or revoked."""
    found: str | None = await conn.fetchval(QUERIES["find_key_tenant"], digest, now)
    return found


async def list_valid_keys(conn: Conn, now: datetime) -> dict[bytes, str]:
    """Digests with their tenants."""
    rows = await conn.fetch(QUERIES["list_valid_keys"], now)
    return {row["digest"]: row["tenant"] for row in rows}


async def revoke_key(conn: Conn, tenant: str, prefix: str, at: datetime) -> int:
    return len(await conn.fetch(QUERIES["revoke_key"], tenant, prefix, at))


async def list_keys(conn: Conn, tenant: str) -> list[KeyRow]:
    """Newest first, 1,000 at most."""
    rows = await conn.fetch(QUERIES["list_keys"], tenant)
    return [KeyRow(**dict(row.items())) for row in rows]
