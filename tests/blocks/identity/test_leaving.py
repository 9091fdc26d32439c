"""Leaving for real: not even the owner of the database reads what consent alone held."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from mieone.blocks.identity.actions import keys, leaving, persons
from mieone.blocks.identity.model import PersonId, PersonState
from mieone.blocks.identity.problems import KeyDestroyed, PersonNotActive, StepNotAllowed
from mieone.blocks.identity.store import persons as store
from mieone.core.clock import FixedClock
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.keys import Undecipherable, decrypt
from mieone.core.model import Actor, ActorKind
from mieone.core.roles import Connections
from mieone.core.sessions import Acr, find_session, open_session
from mieone.core.settings import Entrance
from mieone.simulators.cards import CardOffice
from tests.blocks.identity import given
from tests.blocks.identity.test_passkeys import with_passkey
from tests.conftest import connected

SECRETS = ("見本", "馬之上", "1991-05-17", "私の電話")


@pytest.fixture
def cards(tmp_path: Path, clock: FixedClock) -> CardOffice:
    return given.office(tmp_path, clock=clock)


async def leave(house: House, person_id: UUID) -> None:
    await run(house.database, (), lambda conn: leaving.close_person(conn, house, person_id))


async def every_row(connections: Connections) -> dict[str, list[str]]:
    """The whole database as its owner, with bytes as hexadecimal text."""
    async with connected(connections.owner_dsn) as conn:
        tables = await conn.fetch(
            "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class AS c "
            "INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' "
            "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"
        )
        return {
            table["name"]: [
                row["line"]
                for row in await conn.fetch(f"SELECT t::text AS line FROM {table['name']} AS t")
            ]
            for table in tables
            if table["name"] != "core.migration"
        }


async def test_nothing_is_readable_after_leaving_not_even_to_the_owner(
    house: House, cards: CardOffice, connections: Connections
) -> None:
    person = (await given.proven(house, cards)).person_id
    await with_passkey(house, person)
    now = house.clock.now()
    async with connected(connections.owner_dsn) as conn:
        sealed = await conn.fetch("SELECT sealed FROM identity.attribute")
        wrapped = await conn.fetch("SELECT purpose, wrapped FROM identity.person_key")
        token = await conn.fetchval("SELECT encode(token, 'hex') FROM identity.identity_link")
        handle = await conn.fetchval("SELECT encode(user_handle, 'hex') FROM identity.person")
    async with house.database.transaction() as conn:
        held = await keys.person_key(conn, house.keyring, person, "consent.c1", now)

    await leave(house, person)

    rows = await every_row(connections)
    text = "\n".join(line for lines in rows.values() for line in lines)
    for secret in (*SECRETS, held.hex(), token, handle):
        assert secret not in text
    assert all(row["wrapped"].hex() not in text for row in wrapped)
    assert all(row["sealed"].hex() not in text for row in sealed)
    assert rows["identity.attribute"] == []
    assert rows["identity.identity_link"] == []
    assert rows["identity.passkey"] == []
    assert len(wrapped) >= 4


async def test_what_somebody_copied_before_stays_sealed_without_the_destroyed_key(
    house: House, cards: CardOffice, connections: Connections
) -> None:
    person = (await given.proven(house, cards)).person_id
    async with connected(connections.owner_dsn) as conn:
        copy = await conn.fetchrow("SELECT name, version, sealed FROM identity.attribute")
    assert copy is not None
    await leave(house, person)

    # All that is left: the master keys and every row. No key of ours opens the copy.
    aad = f"{person}|{copy['name']}|{copy['version']}".encode()
    for purpose in ("identity.person-key", "identity.attributes", "identity.optin"):
        with pytest.raises(Undecipherable):
            decrypt(house.keyring.derive(purpose, str(person)), copy["sealed"], aad)
    async with house.database.transaction() as conn:
        with pytest.raises(KeyDestroyed):
            await keys.attributes_of(conn, house.keyring, person, house.clock.now())


async def test_sessions_end_everybody_is_told_and_nobody_comes_back(
    house: House, cards: CardOffice
) -> None:
    person = (await given.proven(house, cards)).person_id
    now = house.clock.now()
    actor = Actor(kind=ActorKind.PERSON, id=str(person))
    token = await run(
        house.database,
        (),
        lambda conn: open_session(conn, Entrance.PEOPLE, actor, Acr.CARD, now),
    )

    await leave(house, person)

    async with house.database.transaction() as conn:
        assert await find_session(conn, Entrance.PEOPLE, token, now) is None
        names = await conn.fetch("SELECT name FROM core.event ORDER BY event_id")
        assert await store.find_state(conn, person) is PersonState.SHREDDED
    assert [row["name"] for row in names] == ["identity.person_verified", "identity.person_closed"]
    with pytest.raises(StepNotAllowed):
        await leave(house, person)


async def test_who_opts_in_again_is_somebody_new(house: House, cards: CardOffice) -> None:
    first = (await given.proven(house, cards)).person_id
    await leave(house, first)

    again = await given.proven(house, cards)

    assert again.is_new
    assert again.person_id != first


async def test_a_destroyed_key_never_comes_back(
    house: House, cards: CardOffice, connections: Connections
) -> None:
    person = (await given.proven(house, cards)).person_id
    await leave(house, person)

    async with connected(connections.owner_dsn) as conn:
        for statement in (
            "UPDATE identity.person_key SET wrapped = 'x', state = 'active', destroyed_at = NULL",
            "UPDATE identity.person SET state = 'active', closed_at = NULL, shredded_at = NULL",
        ):
            with pytest.raises(Exception, match="stays destroyed"):
                await conn.execute(statement)


async def test_a_withdrawn_purpose_loses_its_key_and_the_others_keep_theirs(
    house: House, cards: CardOffice
) -> None:
    person = (await given.proven(house, cards)).person_id
    now = house.clock.now()
    async with house.database.transaction() as conn:
        kept = await keys.person_key(conn, house.keyring, person, "consent.a", now)
        await keys.person_key(conn, house.keyring, person, "consent.b", now)
        await keys.destroy_person_key(conn, person, "consent.b", now)

    async with house.database.transaction() as conn:
        assert await keys.person_key(conn, house.keyring, person, "consent.a", now) == kept
        with pytest.raises(KeyDestroyed):
            await keys.person_key(conn, house.keyring, person, "consent.b", now)


async def test_a_restore_replays_the_destruction(
    house: House, cards: CardOffice, connections: Connections
) -> None:
    person = (await given.proven(house, cards)).person_id
    exported = leaving.Destruction(
        number=1,
        person_id=person,
        destroyed_at=house.clock.now() - timedelta(days=60),
        reason="left",
    )
    now = house.clock.now()
    async with house.database.transaction() as conn:
        known = await persons.pairwise_id(conn, "coin", person)
    # The list of the day after the backup; the restored database still knows the person.
    path = house.settings.home / leaving.LIST_FILE
    path.write_bytes(msgspec.json.encode(exported) + b"\n")
    rows = leaving.read_destructions(house.settings.home)

    count = await run(house.database, (), lambda conn: leaving.replay_destructions(conn, rows, now))
    again = await run(house.database, (), lambda conn: leaving.replay_destructions(conn, rows, now))

    text = "\n".join(line for lines in (await every_row(connections)).values() for line in lines)
    assert (count, again) == (1, 0)
    # Other blocks hear of it only now: the name under which they know the person is still there.
    assert await leaving.forget_pairwise_ids(house) == 0
    async with house.database.transaction() as conn:
        assert await persons.pairwise_id(conn, "coin", person) == known
    assert not any(secret in text for secret in SECRETS)
    async with house.database.transaction() as conn:
        assert await store.find_state(conn, person) is PersonState.SHREDDED


async def test_the_list_leaves_the_database_line_by_line_and_once(
    house: House, cards: CardOffice
) -> None:
    person = (await given.proven(house, cards)).person_id
    await leave(house, person)

    assert await leaving.export_destructions(house) == 1
    assert await leaving.export_destructions(house) == 0
    assert [one.person_id for one in leaving.read_destructions(house.settings.home)] == [person]


async def test_half_a_line_of_a_power_cut_hides_nobody(house: House, cards: CardOffice) -> None:
    person = (await given.proven(house, cards)).person_id
    await leave(house, person)
    await leaving.export_destructions(house)
    path = house.settings.home / leaving.LIST_FILE
    line = path.read_bytes()
    path.write_bytes(line[: len(line) // 2])

    assert leaving.read_destructions(house.settings.home) == []
    assert await leaving.export_destructions(house) == 1
    assert path.read_bytes() == line


def test_an_older_list_takes_nobody_off_ours(tmp_path: Path) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    ours, theirs = (
        leaving.Destruction(number=number, person_id=uuid4(), destroyed_at=at, reason="left")
        for number in (1, 2)
    )
    (tmp_path / leaving.LIST_FILE).write_bytes(msgspec.json.encode(ours) + b"\n")
    given_list = tmp_path / "given.jsonl"
    given_list.write_bytes(msgspec.json.encode(theirs) + b"\n")

    leaving.merge_destructions(tmp_path, given_list)

    assert leaving.read_destructions(tmp_path) == [ours, theirs]


async def test_identifiers_of_services_are_random_unique_and_forgotten_in_time(
    house: House, cards: CardOffice, clock: FixedClock
) -> None:
    person = (await given.proven(house, cards)).person_id
    async with house.database.transaction() as conn:
        first = await persons.pairwise_id(conn, "sector-a", person)
        second = await persons.pairwise_id(conn, "sector-b", person)
        assert await persons.pairwise_id(conn, "sector-a", person) == first
        assert await persons.person_of(conn, "sector-a", first) == person
        assert await persons.person_of(conn, "sector-b", first) is None
    assert first != second

    await leave(house, person)
    async with house.database.transaction() as conn:
        # A block that hears of it later can still find what to delete; strangers cannot.
        assert await persons.pairwise_id(conn, "sector-a", person) == first
        assert await persons.person_of(conn, "sector-a", first) is None
        with pytest.raises(PersonNotActive):
            await persons.pairwise_id(conn, "sector-c", person)

    clock.advance(timedelta(days=31))
    assert await leaving.forget_pairwise_ids(house) == 2


async def test_a_thousand_people_in_twenty_sectors_share_no_identifier(house: House) -> None:
    now = house.clock.now()
    async with house.database.transaction() as conn:
        people = [await persons.make_person(conn, house.keyring, now) for _ in range(50)]
        made = [
            await persons.pairwise_id(conn, f"sector-{number}", person)
            for person in people
            for number in range(20)
        ]

    assert len(set(made)) == 1000
    assert all(len(one) == 22 for one in made)


async def test_leaving_before_anything_was_ever_held_is_refused_for_nobody(house: House) -> None:
    with pytest.raises(PersonNotActive):
        await leave(house, PersonId(UUID(int=7)))
