"""A restore brings back what was written, and nobody who asked to be forgotten."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from mieone import main
from mieone.blocks import access, identity
from mieone.blocks.coin.actions.wallets import open_wallet
from mieone.blocks.identity.actions.leaving import export_destructions
from mieone.blocks.identity.oauth.model import Grant
from mieone.blocks.identity.oauth.store import record_grant
from mieone.blocks.identity.staff.model import Organisation, OrganisationKind
from mieone.blocks.identity.staff.store import record_organisation
from mieone.blocks.procedures.actions import office_of, open_draft
from mieone.blocks.procedures.model import ProcedureId
from mieone.blocks.registry.actions import import_register
from mieone.blocks.registry.store import list_known
from mieone.blocks.registry.store.links import record_link
from mieone.core.backup import DESTRUCTIONS, make_backup, restore_backup
from mieone.core.clock import SystemClock
from mieone.core.database import Conn, PooledDatabase
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.outbox import deliver_due
from mieone.core.ports import Note
from mieone.core.reach import reached
from mieone.core.roles import Connections
from mieone.core.schema import migrate
from mieone.core.sessions import Acr, open_session
from mieone.core.settings import Entrance, Settings
from mieone.core.worker import seal_all
from mieone.reopening import reopen
from mieone.verifying import verify
from tests.blocks.access.given import permit
from tests.blocks.identity import given
from tests.blocks.registry import given as register
from tests.conftest import REGION, connected

MEIWA = TownCode("244422")
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
            await record_client(conn, house)
            residents = await take_register(conn, house)
            for number, person in enumerate((leaver, stayer)):
                await leave_traces(conn, house, person, number, residents)
        return leaver, stayer


async def record_client(conn: Conn, house: House) -> None:
    nursery = Organisation(organisation_id="nursery", kind=OrganisationKind.COMPANY, name="n")
    await record_organisation(conn, nursery, house.clock.now())
    await conn.execute(
        "INSERT INTO identity.client (client_id, organisation_id, name, sector, state, scopes, "
        "registered_at) VALUES ('nursery', 'nursery', 'n', 'nursery', 'active', '{openid}', now())"
    )


async def take_register(conn: Conn, house: House) -> list[UUID]:
    delivery = register.delivery(MEIWA, register.entry(1), register.entry(2))
    actor = register.importer(house.region)
    await import_register(conn, house.keyring, house.clock, house.region, actor, delivery)
    return [one.resident_id for one in (await list_known(conn, MEIWA)).values()]


async def leave_traces(
    conn: Conn, house: House, person: UUID, number: int, residents: list[UUID]
) -> None:
    """Something in every block that goes when its person goes."""
    now, office = house.clock.now(), office_of(house)
    note = Note(key=f"n-{number}", person_id=person, message="procedures.notes.gift", values={})
    await house.notify.send(conn, note)
    await open_draft(conn, office, person, ProcedureId("C1"), MEIWA)
    (entry_id,) = await access.record_many(conn, house.keyring, [permit(person)])
    asked = (house.keyring, person, entry_id, access.QuestionKind.WRONG, "w", now)
    assert await access.open_question(conn, *asked)
    wallet = await identity.pairwise_id(conn, "coin", person)
    await open_wallet(conn, house.keyring, wallet)
    grant = Grant(
        grant_id=uuid7(),
        person_id=person,
        client_id="nursery",
        epoch=1,
        scopes=("openid",),
        details=(),
    )
    await record_grant(conn, grant, now)
    actor = Actor(kind=ActorKind.PERSON, id=str(person))
    await open_session(conn, Entrance.PEOPLE, actor, Acr.CARD, now)
    known_as = await identity.pairwise_id(conn, "registry", person)
    await access.record_alias(conn, person, residents[number], now)
    await record_link(conn, MEIWA, residents[number], known_as, "counter", "t", now)


TRACES = {
    "message": "SELECT count(*) FROM inbox.message",
    "draft": "SELECT count(*) FROM procedures.draft",
    "question": "SELECT count(*) FROM access.question",
    "wallet": "SELECT count(*) FROM coin.holder",
    "grant": "SELECT count(*) FROM identity.access_grant WHERE ended_at IS NULL",
    "session": "SELECT count(*) FROM core.session WHERE ended_at IS NULL",
    "alias": "SELECT count(*) FROM access.alias",
    "link": "SELECT count(*) FROM registry.link WHERE ended_at IS NULL",
}


async def traces(connections: Connections) -> dict[str, int]:
    async with connected(connections.auditor_dsn) as auditor:
        return {name: await auditor.fetchval(sql) for name, sql in TRACES.items()}


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
        assert set(asyncio.run(traces(connections)).values()) == {2}
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
            # The worker's first deed: every block hears again who left.
            await deliver_due(house, [one for block in house.blocks for one in block.subscriptions])
            return await has_a_key(house, leaver), await has_a_key(house, stayer), linked

    with reached(theirs) as connections_there:
        left, stayed, linked = asyncio.run(look())
        assert (left, stayed) == (False, True)
        assert set(asyncio.run(traces(connections_there)).values()) == {1}
        # Rows that no link named when the backup was made are linked here.
        assert linked >= 2
        assert asyncio.run(verify(theirs, connections_there)) == 0
