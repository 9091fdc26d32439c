"""A restore brings back what was written, and nobody who asked to be forgotten."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mieone import main
from mieone.blocks import access, identity
from mieone.blocks.identity.actions.leaving import export_destructions
from mieone.core.backup import DESTRUCTIONS, make_backup, restore_backup
from mieone.core.clock import SystemClock
from mieone.core.database import PooledDatabase
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.reach import reached
from mieone.core.schema import migrate
from mieone.core.settings import Settings
from mieone.core.worker import seal_all
from mieone.reopening import reopen
from mieone.verifying import verify
from tests.blocks.access.given import permit
from tests.blocks.identity import given
from tests.conftest import REGION

pytestmark = pytest.mark.slow


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mieone-reopen-") as made:
        yield Path(made)


async def two_people_on_record(
    settings: Settings, place: Path
) -> tuple[identity.PersonId, identity.PersonId]:
    async with main.opened(settings) as house:
        holders = (given.holder("T-1"), given.holder("T-2"))
        cards = given.office(place, *holders, clock=SystemClock())
        leaver = (await given.proven(house, cards, "T-1")).person_id
        stayer = (await given.proven(house, cards, "T-2")).person_id
        async with house.database.transaction(house.region.town_codes) as conn:
            rows = [permit(leaver), permit(stayer)]
            await access.record_many(conn, house.keyring, rows)
        return leaver, stayer


async def leave(settings: Settings, person_id: identity.PersonId) -> None:
    async with main.opened(settings) as house:
        await run(house.database, (), lambda conn: identity.close_person(conn, house, person_id))
        assert await export_destructions(house) == 1


async def has_a_key(house: House, person_id: identity.PersonId) -> bool:
    now = house.clock.now()
    try:
        async with house.database.transaction() as conn:
            await identity.person_key(conn, house.keyring, person_id, "contact", now)
    except identity.KeyDestroyed:
        return False
    return True


def test_whoever_left_after_the_backup_is_gone_after_the_restore(place: Path) -> None:
    ours = Settings(home=place / "ours", region_dir=REGION)
    theirs = Settings(home=place / "theirs", region_dir=REGION)
    with reached(ours) as connections:
        asyncio.run(migrate(connections.owner_dsn, main.migrations()))
        leaver, stayer = asyncio.run(two_people_on_record(ours, place))
        make_backup(ours, connections, place / "data", place / "keys")
        asyncio.run(leave(ours, leaver))

    newest = ours.home / DESTRUCTIONS
    told = restore_backup(theirs, place / "data", place / "keys", newest, reopen)

    assert "destruction list: 1 people removed again" in told

    async def look() -> tuple[bool, bool, int]:
        async with main.opened(theirs) as house:
            sealer = await PooledDatabase.open(connections_there.sealer_dsn, 1)
            chains = [chain for block in house.blocks for chain in block.chains]
            linked = await seal_all(house, sealer, chains)
            await sealer.close()
            return await has_a_key(house, leaver), await has_a_key(house, stayer), linked

    with reached(theirs) as connections_there:
        left, stayed, linked = asyncio.run(look())
        assert (left, stayed) == (False, True)
        # Rows that no link named when the backup was made are linked here.
        assert linked >= 2
        assert asyncio.run(verify(theirs, connections_there)) == 0
