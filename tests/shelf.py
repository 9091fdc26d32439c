"""Databases for tests that commit: as the template is, used one after another, cleaned in between.

To copy a thousand files and to drop them takes longer than most tests. So a used database has what was
written taken out again and its first rows and counters put back; where anybody touched more than rows
(a table, a right, an index, statistics of the planner) or wrote a lot, it is thrown away.
"""

import io
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

import asyncpg
import msgspec

from mieone.core.roles import Connections

Raw: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_NUMBER = itertools.count(1)
_MOST_KEPT_BYTES = 4 * 2**20

# Every row of these is of the database's structure, or of what the planner knows.
_CATALOGUES = (
    "pg_attrdef",
    "pg_attribute",
    "pg_class",
    "pg_constraint",
    "pg_default_acl",
    "pg_depend",
    "pg_description",
    "pg_event_trigger",
    "pg_extension",
    "pg_index",
    "pg_inherits",
    "pg_largeobject_metadata",
    "pg_namespace",
    "pg_partitioned_table",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_rewrite",
    "pg_sequence",
    "pg_statistic",
    "pg_statistic_ext",
    "pg_trigger",
    "pg_type",
)
_STRUCTURE = "SELECT array[{}]::bigint[]".format(
    ", ".join(
        f"(SELECT count(*) FROM pg_catalog.{name}), "
        f"(SELECT max(xmin::text::bigint) FROM pg_catalog.{name})"
        for name in _CATALOGUES
    )
)
_SETTINGS = """
SELECT md5(coalesce(string_agg(s::text, ',' ORDER BY s::text), '')) || coalesce(d.datacl::text, '')
FROM pg_database AS d LEFT JOIN pg_db_role_setting AS s ON s.setdatabase = d.oid
WHERE d.datname = current_database() GROUP BY d.oid
"""
_OTHERS = """
SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.oid >= 16384 AND pg_relation_size(c.oid) > 0
ORDER BY c.oid
"""
_COUNTERS = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relkind = 'S' AND c.oid >= 16384 ORDER BY c.oid
"""


class Table(NamedTuple):
    schema: str
    name: str

    def __str__(self) -> str:
        return f'"{self.schema}"."{self.name}"'


class Content(msgspec.Struct, frozen=True):
    """What a database holds before a test: its structure, its few rows, where its counters stand."""

    structure: list[int]
    settings: str
    rows: dict[Table, bytes]
    counters: list[str]
    """As statements that put them back."""


class _Kept(NamedTuple):
    name: str
    content: Content
    conn: Raw
    """Ours alone: what it has learned of the tables is of use after each test."""


class Shelf:
    """`prepare` makes of a copy of the template what the tests begin with."""

    def __init__(
        self,
        template: Connections,
        prepare: "Callable[[Connections], Awaitable[None]] | None" = None,
    ) -> None:
        self.template = template
        self._prepare = prepare
        self._clean: list[_Kept] = []

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Connections]:
        kept = self._clean.pop() if self._clean else await self._make()
        try:
            yield at(self.template, kept.name)
        finally:
            if await _put_back(kept.conn, kept.content):
                self._clean.append(kept)
            else:
                await self._drop(kept)

    async def close(self) -> None:
        while self._clean:
            await self._drop(self._clean.pop())

    async def _make(self) -> _Kept:
        name = f"clone_{next(_NUMBER)}"
        await make_copy(self.template, name)
        connections = at(self.template, name)
        if self._prepare is not None:
            await self._prepare(connections)
        conn = await asyncpg.connect(connections.maintenance_dsn)
        return _Kept(name, await _read_content(conn), conn)

    async def _drop(self, kept: _Kept) -> None:
        await kept.conn.close()
        await drop(self.template, kept.name)


def at(server: Connections, database: str) -> Connections:
    """The same logins on another database of the same server."""

    def there(dsn: str) -> str:
        before, _, query = dsn.partition("?")
        return f"{before.rsplit('/', 1)[0]}/{database}?{query}"

    return Connections(
        owner_dsn=there(server.owner_dsn),
        app_dsn=there(server.app_dsn),
        sealer_dsn=there(server.sealer_dsn),
        auditor_dsn=there(server.auditor_dsn),
        maintenance_dsn=there(server.maintenance_dsn),
    )


async def make_copy(template: Connections, name: str) -> None:
    await _maintain(
        template, f"CREATE DATABASE {name} OWNER mieone_owner TEMPLATE mieone STRATEGY FILE_COPY"
    )


async def drop(template: Connections, name: str) -> None:
    await _maintain(template, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _maintain(template: Connections, statement: str) -> None:
    conn = await asyncpg.connect(template.maintenance_dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def _read_content(conn: Raw) -> Content:
    rows = {table: await _copy_out(conn, table) for table, _ in await _list_written(conn)}
    return Content(
        structure=await conn.fetchval(_STRUCTURE),
        settings=await conn.fetchval(_SETTINGS),
        rows={table: copied for table, copied in rows.items() if copied},
        counters=[await _read_counter(conn, row[0]) for row in await conn.fetch(_COUNTERS)],
    )


async def _read_counter(conn: Raw, name: str) -> str:
    row = await conn.fetchrow(f"SELECT last_value, is_called FROM {name}")
    assert row is not None
    return f"SELECT setval('{name}', {row['last_value']}, {row['is_called']})"


async def _list_written(conn: Raw) -> list[tuple[Table, int]]:
    """Tables that hold rows or held some, with what they take."""
    rows = await conn.fetch(_TABLES)
    return [(Table(row["schema"], row["name"]), row["bytes"]) for row in rows]


async def _copy_out(conn: Raw, table: Table) -> bytes:
    """Empty for a table without rows."""
    if not await conn.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
        return b""
    held = io.BytesIO()
    await conn.copy_from_table(table.name, schema_name=table.schema, output=held, format="binary")
    return held.getvalue()


async def _put_back(conn: Raw, content: Content) -> bool:
    """Whether the database is again as it was."""
    await conn.execute(_OTHERS)
    if await conn.fetchval(_STRUCTURE) != content.structure:
        return False
    if await conn.fetchval(_SETTINGS) != content.settings:
        return False
    written = await _list_written(conn)
    if sum(taken for _, taken in written) > _MOST_KEPT_BYTES:
        return False
    # Neither triggers nor foreign keys have a say: all goes, and what was there comes back.
    emptied = [f"DELETE FROM {table}" for table, _ in written]
    await conn.execute(
        "; ".join(["SET session_replication_role = replica", *emptied, *content.counters])
    )
    for table, rows in content.rows.items():
        await conn.copy_to_table(
            table.name, schema_name=table.schema, source=io.BytesIO(rows), format="binary"
        )
    return True
