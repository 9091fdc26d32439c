"""Shared ground of the tests: one throw-away server, a template to clone, two kinds of database."""

import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings as hypothesis_settings

from mieone.core.clock import FixedClock
from mieone.core.cluster import temporary_cluster
from mieone.core.database import Conn, PooledDatabase, prepare_connection, set_scope
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import TownCode
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.schema import all_migrations, migrate
from mieone.core.settings import Profile, Settings

from .shelf import Shelf, at, drop, make_copy

ROOT = Path(__file__).parent.parent
REGION = ROOT / "regions" / "mie"
BLOCKS = ROOT / "src" / "mieone" / "blocks"
FLOORS = (
    "access",
    "identity",
    "consent",
    "exchange",
    "registry",
    "coin",
    "broker",
    "inbox",
    "procedures",
)
# While several blocks are being written at once: MIEONE_TEST_BLOCKS=access,identity leaves out the rest.
CHOSEN = os.environ.get("MIEONE_TEST_BLOCKS", ",".join(FLOORS)).split(",")
_NUMBER = itertools.count(1)

# How long one example takes says more about the machine's other work than about ours.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Connections]:
    with temporary_cluster() as connections:
        yield connections


@pytest.fixture(scope="session")
async def template(cluster: Connections) -> Connections:
    """Every migration applied once; nobody stays connected, so it can be cloned."""
    folders = [(name, BLOCKS / name / "migrations") for name in FLOORS]
    existing = [
        (name, path) for name, path in folders if name in CHOSEN and any(path.glob("0001*"))
    ]
    await migrate(cluster.owner_dsn, all_migrations(existing))
    return cluster


@asynccontextmanager
async def cloned(template: Connections) -> AsyncIterator[Connections]:
    """A database of its own, dropped in the end: for those that keep one for a while."""
    name = f"own_{next(_NUMBER)}"
    await make_copy(template, name)
    try:
        yield at(template, name)
    finally:
        await drop(template, name)


@pytest.fixture(scope="session")
async def shelf(template: Connections) -> AsyncIterator[Shelf]:
    made = Shelf(template)
    yield made
    await made.close()


@pytest.fixture
async def connections(shelf: Shelf) -> AsyncIterator[Connections]:
    async with shelf.lent() as lent:
        yield lent


@pytest.fixture
async def database(connections: Connections) -> AsyncIterator[PooledDatabase]:
    """Commits are real here: for two-step acts, jobs, the sealer and races."""
    opened = await PooledDatabase.open(connections.app_dsn, 8)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def sealer(connections: Connections) -> AsyncIterator[PooledDatabase]:
    opened = await PooledDatabase.open(connections.sealer_dsn, 2)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """One plain connection as that login: the owner, the auditor, somebody with bad intent."""
    conn = await asyncpg.connect(dsn)
    try:
        await prepare_connection(conn)
        yield conn
    finally:
        await conn.close()


class OneTransaction:
    """A Database whose transactions are savepoints of one connection that is rolled back."""

    def __init__(self, conn: Conn) -> None:
        self.conn = conn

    @asynccontextmanager
    async def transaction(self, towns: Collection[TownCode] = ()) -> AsyncIterator[Conn]:
        async with self.conn.transaction():
            await set_scope(self.conn, towns)
            yield self.conn

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Conn]:
        yield self.conn


@pytest.fixture(scope="session")
async def shared_clone(template: Connections) -> AsyncIterator[Connections]:
    async with cloned(template) as made:
        yield made


@pytest.fixture
async def conn(shared_clone: Connections, region: Region) -> AsyncIterator[Conn]:
    """One transaction as the application's role, rolled back; all towns of the region in scope."""
    async with connected(shared_clone.app_dsn) as opened:
        transaction = opened.transaction()
        await transaction.start()
        try:
            await set_scope(opened, region.town_codes)
            yield opened
        finally:
            with contextlib.suppress(asyncpg.InterfaceError):
                await transaction.rollback()


@pytest.fixture
def rolled_back(conn: Conn) -> OneTransaction:
    return OneTransaction(conn)


@pytest.fixture(scope="session")
def region() -> Region:
    return Region.load(REGION)


@pytest.fixture
def clock() -> FixedClock:
    """A Sunday noon in Japan; move it with `advance`."""
    return FixedClock(datetime(2026, 11, 22, 3, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.open(tmp_path_factory.mktemp("home"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(profile=Profile.DEMO, home=tmp_path, region_dir=REGION)


@pytest.fixture
def house(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    database: PooledDatabase,
) -> House:
    """A house on a database of its own, without ports; journeys use the whole composition."""
    return House(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=database,
        blocks=(),
    )
