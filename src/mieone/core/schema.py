"""Migrations: forward only, one file after another, block by block in floor order."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import asyncpg
import msgspec

from mieone.core.database import Conn

_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_LOCK = 7_126_001
CORE_MIGRATIONS = Path(__file__).parent / "migrations"


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    block: str
    number: int
    name: str
    sql: str

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.sql.encode()).digest()


class SchemaChanged(Exception):
    """A migration that was applied reads differently now; it must never be edited."""


def list_migrations(block: str, folder: Path) -> list[Migration]:
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.match(path.name)
        if match is None:
            raise ValueError(f"{path}: a migration is called NNNN_name.sql")
        sql = path.read_text(encoding="utf-8")
        found.append(Migration(block=block, number=int(match[1]), name=match[2], sql=sql))
    return found


def all_migrations(blocks: Iterable[tuple[str, Path | None]]) -> list[Migration]:
    """Core's first, then each block's; the order of `blocks` is the order of the floors."""
    found = list_migrations("core", CORE_MIGRATIONS)
    for name, folder in blocks:
        if folder is not None:
            found.extend(list_migrations(name, folder))
    return found


async def migrate(owner_dsn: str, migrations: Sequence[Migration]) -> int:
    """Apply what is missing, each in its own transaction; returns how many. Safe to run twice at once."""
    conn = await asyncpg.connect(owner_dsn)
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _applied(conn)
        return sum([await _apply(conn, applied, migration) for migration in migrations])
    finally:
        await conn.close()


async def _applied(conn: Conn) -> dict[tuple[str, int], bytes]:
    if await conn.fetchval("SELECT to_regclass('core.migration')") is None:
        return {}
    rows = await conn.fetch("SELECT block, number, sha256 FROM core.migration")
    return {(row["block"], row["number"]): row["sha256"] for row in rows}


async def _apply(
    conn: "asyncpg.Connection[asyncpg.Record]",
    applied: dict[tuple[str, int], bytes],
    migration: Migration,
) -> bool:
    known = applied.get((migration.block, migration.number))
    if known == migration.digest:
        return False
    if known is not None:
        raise SchemaChanged(f"{migration.block} {migration.number:04} was edited after it ran")
    async with conn.transaction():
        await conn.execute(migration.sql)
        await conn.execute(
            "INSERT INTO core.migration (block, number, name, sha256) VALUES ($1, $2, $3, $4)",
            migration.block,
            migration.number,
            migration.name,
            migration.digest,
        )
    return True


async def check_schema(conn: Conn, migrations: Sequence[Migration]) -> None:
    """Refuse to serve on a schema that is older than the code. A newer one is fine (rolling upgrade)."""
    applied = await _applied(conn)
    missing = [m for m in migrations if (m.block, m.number) not in applied]
    if missing:
        names = ", ".join(f"{m.block} {m.number:04}" for m in missing)
        raise SchemaChanged(f"run `mieone migrate` first; missing: {names}")
