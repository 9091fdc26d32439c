"""The access record against the real schema."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from mieone.blocks import access
from mieone.blocks.access import Cursor, Kind, OrganisationGroup, QuestionKind
from mieone.blocks.access.jobs import forget_person
from mieone.blocks.access.problems import VisitNotFound
from mieone.blocks.access.store import CHAIN
from mieone.core.chain import append
from mieone.core.database import Conn, PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind
from mieone.core.outbox import Event
from mieone.core.region import Names
from mieone.core.roles import Connections
from mieone.core.sealer import seal
from mieone.core.verify import verify_chain
from tests.conftest import connected

from . import given

HOUR = timedelta(hours=1)


async def test_a_permit_is_shown_once_with_how_it_ended(conn: Conn, keyring: KeyRing) -> None:
    person = uuid4()
    row = given.permit(person)
    (permit_id,) = await access.record_many(conn, keyring, [row])
    await access.record_many(conn, keyring, [given.outcome(row, permit_id)])

    (visit,) = await access.list_history(conn, [person], given.NOON)

    assert visit.outcome == "released"
    assert visit.items == ("name", "address")


async def test_a_permit_without_an_outcome_stays_visible(conn: Conn, keyring: KeyRing) -> None:
    person = uuid4()
    await access.record_many(conn, keyring, [given.permit(person)])

    (visit,) = await access.list_history(conn, [person], given.NOON)

    assert visit.outcome is None


async def test_pages_of_a_history_meet_without_gap_or_double(conn: Conn, keyring: KeyRing) -> None:
    person = uuid4()
    rows = [given.permit(person, at=given.NOON - number * HOUR) for number in range(7)]
    await access.record_many(conn, keyring, rows)

    first = await access.list_history(conn, [person], given.NOON, limit=4)
    cursor = Cursor(first[-1].at, first[-1].entry_id)
    second = await access.list_history(conn, [person], given.NOON, before=cursor, limit=4)

    assert [visit.at for visit in first + second] == [row.at for row in rows]


async def test_nobody_sees_rows_about_others(conn: Conn, keyring: KeyRing) -> None:
    mine, theirs = uuid4(), uuid4()
    (entry_id,) = await access.record_many(conn, keyring, [given.permit(theirs)])

    assert await access.list_history(conn, [mine], given.NOON) == []
    assert await access.find_visit(conn, [mine], entry_id, given.NOON) is None


async def test_a_row_delayed_by_law_appears_on_its_day(conn: Conn, keyring: KeyRing) -> None:
    person = uuid4()
    later = given.permit(
        person, visible_from=given.NOON + HOUR, visibility_basis="order-2026-1", basis="law"
    )
    await access.record_many(conn, keyring, [later])

    assert await access.list_history(conn, [person], given.NOON) == []
    assert len(await access.list_history(conn, [person], given.NOON + HOUR)) == 1


async def test_no_row_is_hidden_without_a_basis(conn: Conn, keyring: KeyRing) -> None:
    hidden = given.permit(uuid4(), visible_from=given.NOON + HOUR)

    with pytest.raises(asyncpg.CheckViolationError):
        await access.record_many(conn, keyring, [hidden])


async def test_an_emergency_is_visible_at_once_and_says_why(conn: Conn, keyring: KeyRing) -> None:
    silent = given.permit(uuid4(), basis="emergency")

    with pytest.raises(asyncpg.CheckViolationError):
        await access.record_many(conn, keyring, [silent])


async def test_the_summary_counts_others_by_kind_and_not_oneself(
    conn: Conn, keyring: KeyRing
) -> None:
    person = uuid4()
    own = Actor(kind=ActorKind.PERSON, id=str(person))
    name = Names(ja="園", kana="えん", yasashii="園《えん》", en="Nursery")
    caption = access.Caption(
        kind=access.CaptionKind.ORGANISATION,
        id="org-nursery",
        name=name,
        group=OrganisationGroup.NURSERY,
    )
    await access.record_captions(conn, [caption])
    rows = [given.permit(person), given.permit(person), given.permit(person, actor=own)]
    await access.record_many(conn, keyring, rows)

    counts = await access.summarise(
        conn, [person], given.NOON - HOUR, given.NOON + HOUR, given.NOON
    )

    assert counts == {OrganisationGroup.NURSERY: 2}


async def test_a_registers_row_belongs_to_the_linked_person(conn: Conn, keyring: KeyRing) -> None:
    person, resident = uuid4(), uuid4()
    await access.record_many(conn, keyring, [given.permit(resident)])
    await access.record_alias(conn, person, resident, given.NOON)

    subjects = await access.list_subject_ids(conn, person)

    assert subjects == [person, resident]
    assert len(await access.list_history(conn, subjects, given.NOON)) == 1


async def test_one_question_of_a_kind_per_entry(conn: Conn, keyring: KeyRing) -> None:
    person = uuid4()
    (entry_id,) = await access.record_many(conn, keyring, [given.permit(person)])
    question = (keyring, person, entry_id, QuestionKind.WRONG, "覚えがない", given.NOON)

    first = await access.open_question(conn, *question)
    again = await access.open_question(conn, *question)

    assert (first, again) == (True, False)


async def test_what_somebody_asked_and_their_place_in_the_register_go_with_them(
    house: House, conn: Conn
) -> None:
    leaver, stayer = uuid4(), uuid4()
    for person in (leaver, stayer):
        (entry_id,) = await access.record_many(conn, house.keyring, [given.permit(person)])
        asked = (house.keyring, person, entry_id, QuestionKind.WRONG, "覚えがない", given.NOON)
        await access.open_question(conn, *asked)
        await access.record_alias(conn, person, uuid4(), given.NOON)

    closed = Event(name="identity.person_closed", key="", payload={"person_id": str(leaver)})
    await forget_person(house, conn, closed)

    left = await conn.fetch("SELECT person_id FROM access.question")
    assert [row["person_id"] for row in left] == [stayer]
    assert await access.list_subject_ids(conn, leaver) == [leaver]
    assert len(await access.list_subject_ids(conn, stayer)) == 2


async def test_nobody_asks_about_a_strangers_entry(conn: Conn, keyring: KeyRing) -> None:
    (entry_id,) = await access.record_many(conn, keyring, [given.permit(uuid4())])

    with pytest.raises(VisitNotFound):
        await access.open_question(
            conn, keyring, uuid4(), entry_id, QuestionKind.EXPLAIN, "", given.NOON
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access.record SET service = 'nobody'",
        "DELETE FROM access.record",
        "TRUNCATE access.record",
    ],
)
async def test_not_even_the_owner_changes_a_record(
    connections: Connections, statement: str
) -> None:
    async with connected(connections.owner_dsn) as owner:
        tables = await owner.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class AS c "
            "JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'access' AND c.relname LIKE 'record%' AND c.relkind IN ('r', 'p')"
        )
        for table in tables:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await owner.execute(statement.replace("access.record", table["name"]))


async def test_the_application_may_make_coming_months(conn: Conn) -> None:
    made = await conn.fetchval("SELECT access.ensure_months('2031-01-01', 2)")
    again = await conn.fetchval("SELECT access.ensure_months('2031-01-01', 2)")

    assert (made, again) == (2, 0)


async def test_the_chain_names_the_row_somebody_changed_by_hand(
    database: PooledDatabase,
    sealer: PooledDatabase,
    connections: Connections,
    keyring: KeyRing,
) -> None:
    async with database.transaction() as conn:
        rows = [given.permit(uuid4()) for _ in range(3)]
        ids = await access.record_many(conn, keyring, rows)
    async with sealer.transaction() as conn:
        assert await seal(conn, keyring, CHAIN, None) == 3
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        assert (await verify_chain(auditor, keyring, CHAIN)) == (3, [])

    async with connected(connections.owner_dsn) as owner:
        table = await owner.fetchval(
            "SELECT tableoid::regclass::text FROM access.record WHERE entry_id = $1", ids[1]
        )
        await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await owner.execute(f"UPDATE {table} SET items = '{{name}}' WHERE entry_id = $1", ids[1])
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        _, findings = await verify_chain(auditor, keyring, CHAIN)

    assert len(findings) == 1
    assert str(ids[1]) in findings[0].where


async def test_kinds_of_the_code_and_of_the_table_agree(conn: Conn, keyring: KeyRing) -> None:
    assert {kind.value for kind in Kind} == {"permit", "refusal", "outcome", "act"}
    with pytest.raises(KeyError):
        await append(conn, keyring, CHAIN, {"kind": "permit"})
