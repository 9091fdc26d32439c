"""Protection, mandates and what the door may read, against the real tables."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from mieone.blocks.identity.actions import persons
from mieone.blocks.identity.actions.offering import SECTOR, Offering
from mieone.blocks.identity.model import Mandate, MandateKind, PersonId
from mieone.blocks.identity.problems import MandateRefused
from mieone.core.clock import FixedClock
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import TownCode
from mieone.core.ports import ProvideRequest, ResidentSubject
from tests.blocks.identity import given

NOW = given.NOW
YEAR = timedelta(days=365)


async def person(conn: Conn, keyring: KeyRing) -> PersonId:
    return await persons.make_person(conn, keyring, NOW)


def mandate(agent: PersonId, principal: UUID, **changes: object) -> Mandate:
    usual: dict[str, object] = {
        "id": uuid4(),
        "principal": principal,
        "agent": agent,
        "kind": MandateKind.PARENT,
        "scope": frozenset({"procedures"}),
        "valid_from": NOW,
        "valid_until": NOW + 20 * YEAR,
    }
    return Mandate(**{**usual, **changes})  # type: ignore[arg-type]


BORN = given.date(2026, 10, 1)


async def test_a_parent_acts_for_a_child_until_majority(conn: Conn, keyring: KeyRing) -> None:
    parent, child = await person(conn, keyring), uuid4()
    await persons.grant_mandate(conn, mandate(parent, child), "register", BORN)

    wanted = frozenset({"procedures", "coin"})
    now = await persons.mandate_scope(conn, parent, child, wanted, NOW)
    later = await persons.mandate_scope(conn, parent, child, wanted, NOW + 19 * YEAR)

    assert now == {"procedures"}
    assert later == frozenset()


async def test_a_protected_person_s_mandates_stop_at_once(conn: Conn, keyring: KeyRing) -> None:
    parent, child = await person(conn, keyring), uuid4()
    await persons.grant_mandate(conn, mandate(parent, child), "register", BORN)

    await persons.set_protection(conn, child, NOW, None)

    assert await persons.list_mandates(conn, parent, child, NOW) == []


async def test_a_mandate_ends_once(conn: Conn, keyring: KeyRing) -> None:
    parent, child = await person(conn, keyring), uuid4()
    granted = await persons.grant_mandate(conn, mandate(parent, child), "register", BORN)

    await persons.end_mandate(conn, granted.id, NOW)

    assert await persons.list_mandates(conn, parent, child, NOW) == []
    with pytest.raises(MandateRefused):
        await persons.end_mandate(conn, granted.id, NOW)


async def test_nobody_holds_a_mandate_over_themselves_or_over_nothing(
    conn: Conn, keyring: KeyRing
) -> None:
    parent = await person(conn, keyring)
    for bent in (mandate(parent, parent), mandate(parent, uuid4(), scope=frozenset())):
        with pytest.raises(MandateRefused):
            await persons.grant_mandate(conn, bent, "register", BORN)


async def test_protection_begins_ends_and_is_told_for_those_asked_only(conn: Conn) -> None:
    hidden, other = uuid4(), uuid4()
    await persons.set_protection(conn, hidden, NOW, NOW + YEAR)

    assert await persons.is_protected(conn, [hidden, other], NOW) == {hidden}
    assert await persons.is_protected(conn, [hidden], NOW - timedelta(seconds=1)) == frozenset()
    assert await persons.is_protected(conn, [hidden], NOW + YEAR) == frozenset()
    assert await persons.is_protected(conn, [], NOW) == frozenset()


async def test_the_door_reads_the_items_asked_of_the_holder_alone(
    house: House, tmp_path: Path, clock: FixedClock
) -> None:
    cards = given.office(tmp_path, clock=clock)
    proven = await given.proven(house, cards)
    offering = Offering()
    offering.open(house)
    holder = await run(
        house.database, (), lambda conn: persons.pairwise_id(conn, SECTOR, proven.person_id)
    )
    concerned = await run(house.database, (), lambda conn: offering.dataset.concerned(conn, holder))

    rows = await offering.dataset.provide(ask(holder, (holder,), "name", "unheard_of"))
    closed = await offering.dataset.provide(ask(holder, (), "name"))

    assert [one.person_id for one in concerned] == [proven.person_id]
    assert [dict(row.items) for row in rows] == [{"name": "見本 花子"}]
    assert closed == ()


async def test_the_door_gets_nothing_about_strangers(house: House) -> None:
    offering = Offering()
    offering.open(house)
    resident = ResidentSubject(TownCode("244422"), uuid4())
    unknown = await offering.dataset.provide(ask("nobody", ("nobody",), "name"))
    registered = await offering.dataset.provide(ask(resident, (), "name"))
    concerned = await run(
        house.database, (), lambda conn: offering.dataset.concerned(conn, "nobody")
    )

    assert (unknown, registered, concerned) == ((), (), ())


def ask(holder: str | ResidentSubject, keys: tuple[str, ...], *items: str) -> ProvideRequest:
    return ProvideRequest(holder=holder, keys=keys, items=items, towns=frozenset())
