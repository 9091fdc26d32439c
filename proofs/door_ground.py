"""A server, the schema and the small world around the door, for the door's proofs."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from tests.door import given
from tests.door.given import RealPeople, TablePeople, World

from mieone.core.clock import SystemClock
from mieone.core.database import Database, PooledDatabase
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.schema import all_migrations, migrate
from mieone.core.settings import Settings

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
REGION = ROOT / "regions" / "mie"
BLOCKS = ("access", "identity", "consent", "exchange")


async def build(connections: Connections) -> None:
    folders = [(name, ROOT / "src/mieone/blocks" / name / "migrations") for name in BLOCKS]
    await migrate(connections.owner_dsn, all_migrations(folders))
    await given.prepare_stand_in(connections.owner_dsn)


async def world_in(
    home: Path, database: Database, people: TablePeople | RealPeople | None = None
) -> World:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    return await given.world(
        settings=Settings(home=home, region_dir=REGION),
        clock=SystemClock(),
        keyring=KeyRing.open(home),
        region=Region.load(REGION),
        database=database,
        households=[],
        people=people,
        timeout_s=10.0,
    )


@asynccontextmanager
async def pool(dsn: str, size: int) -> AsyncIterator[PooledDatabase]:
    opened = await PooledDatabase.open(dsn, size)
    try:
        yield opened
    finally:
        await opened.close()


@contextmanager
def home_folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="mieone-proof-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_result(name: str, lines: list[str]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    head = f"Run of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n\n"
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return path
