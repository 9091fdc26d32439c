"""API keys as rows: digests only."""

from datetime import datetime
from pathlib import Path

from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_keys.sql")


async def record_key(
    conn: Conn, digest: bytes, prefix: str, tenant: str, title: str, valid_until: datetime | None
) -> None:
    await conn.execute(QUERIES["record_key"], digest, prefix, tenant, title, valid_until)


async def find_key_tenant(conn: Conn, digest: bytes, now: datetime) -> str | None:
    """The tenant whose data this key may write, None when it is unknown, ended or revoked."""
    found: str | None = await conn.fetchval(QUERIES["find_key_tenant"], digest, now)
    return found


async def revoke_key(conn: Conn, tenant: str, prefix: str, at: datetime) -> int:
    return len(await conn.fetch(QUERIES["revoke_key"], tenant, prefix, at))
