"""A test finds nothing of the tests before it: what was lent comes back as it was, or not at all."""

from collections.abc import AsyncIterator

import pytest

from mieone.core.roles import Connections
from tests.conftest import connected
from tests.shelf import Shelf

_DIRT = """
SET session_replication_role = replica;
DELETE FROM core.migration;
INSERT INTO core.event (event_id, name, key, payload) VALUES (uuidv7(), 'test.done', 'k', '{}');
INSERT INTO core.job (name) VALUES ('test.job')
"""
_CONTENT = """
SELECT (SELECT count(*) FROM core.event), (SELECT count(*) FROM core.job),
       (SELECT string_agg(m::text, ';' ORDER BY m::text) FROM core.migration AS m)
"""


@pytest.fixture
async def own_shelf(template: Connections) -> AsyncIterator[Shelf]:
    made = Shelf(template)
    yield made
    await made.close()


async def lend(shelf: Shelf, statements: str) -> str:
    """Returns which database it was."""
    async with shelf.lent() as lent, connected(lent.maintenance_dsn) as conn:
        await conn.execute(statements)
        name: str = await conn.fetchval("SELECT current_database()")
    return name


async def test_rows_go_and_those_of_the_beginning_come_back(own_shelf: Shelf) -> None:
    async with own_shelf.lent() as lent, connected(lent.maintenance_dsn) as conn:
        before = await conn.fetchrow(_CONTENT)
        first = await conn.fetchval("SELECT current_database()")
        await conn.execute(_DIRT)
        assert await conn.fetchrow(_CONTENT) != before

    async with own_shelf.lent() as lent, connected(lent.maintenance_dsn) as conn:
        assert await conn.fetchrow(_CONTENT) == before
        assert await conn.fetchval("SELECT current_database()") == first


async def test_counters_begin_again(own_shelf: Shelf) -> None:
    made = "CREATE SEQUENCE core.counter; SELECT nextval('core.counter')"
    counted: list[int] = []

    async def prepare(connections: Connections) -> None:
        async with connected(connections.maintenance_dsn) as conn:
            await conn.execute(made)

    shelf = Shelf(own_shelf.template, prepare)
    for _ in range(2):
        async with shelf.lent() as lent, connected(lent.maintenance_dsn) as conn:
            counted += [await conn.fetchval("SELECT nextval('core.counter')") for _ in range(2)]
    await shelf.close()

    assert counted == [2, 3, 2, 3]


@pytest.mark.parametrize(
    "touched",
    [
        "CREATE TABLE core.more ()",
        "ALTER TABLE core.job ADD COLUMN more text",
        "DROP FUNCTION core.town_is_visible CASCADE",
        "GRANT ALL ON core.job TO PUBLIC",
        "ALTER TABLE core.event DISABLE TRIGGER ALL",
        "CREATE INDEX ON core.event (name)",
        "ALTER DATABASE {name} SET work_mem = '1MB'",
        "INSERT INTO core.job (name) VALUES ('test.job'); ANALYZE core.job",
        "INSERT INTO core.job (name) SELECT repeat(n::text, 50) FROM generate_series(1, 50000) AS n",
    ],
)
async def test_what_is_changed_by_more_than_some_rows_is_thrown_away(
    own_shelf: Shelf, touched: str
) -> None:
    first = await lend(own_shelf, "SELECT 1")
    assert await lend(own_shelf, touched.format(name=first)) == first

    assert await lend(own_shelf, "SELECT 1") != first


async def test_whoever_stays_connected_is_shown_out(own_shelf: Shelf) -> None:
    async with own_shelf.lent() as lent:
        stayed = connected(lent.app_dsn)
        conn = await stayed.__aenter__()
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("LOCK core.job IN ROW EXCLUSIVE MODE")

    assert await lend(own_shelf, "BEGIN; LOCK core.job; COMMIT")
    assert conn.is_closed()
