"""Matching through the door, where commits are seen: crashes, races, refusals, and protection."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from uuid import UUID

import pytest

from mieone.blocks import identity
from mieone.blocks.exchange import Refused
from mieone.blocks.identity.actions import keys, persons
from mieone.blocks.registry import actions, store
from mieone.blocks.registry.actions.audit import STUCK_AFTER
from mieone.blocks.registry.actions.protection import SECTOR
from mieone.blocks.registry.model import Entry, Extent
from mieone.blocks.registry.rules.matching import wait_after
from mieone.core.clock import FixedClock
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing
from mieone.core.model import TownCode, system_actor
from mieone.core.outbox import Event
from mieone.core.ports import Basis, Disclosure, DisclosureRequest, PersonSubject
from mieone.core.region import Region
from mieone.core.settings import Settings
from tests.blocks.registry import given

TOWN = TownCode("244422")
HERE, ELSEWHERE = (f"三重県多気郡明和町大字見本{lot}" for lot in ("12番地3", "99番地"))
CARD = {"name": "見本　花子", "birth_date": "1980-05-05", "sex": "female"}


class Town:
    """A register, people with cards, and a clock that only we move."""

    def __init__(self, house: House, clock: FixedClock) -> None:
        self.house, self.clock = house, clock

    async def sends(self, *entries: Entry) -> None:
        house = self.house
        delivery = given.delivery(TOWN, *entries, extent=Extent.CHANGES)
        importer = given.importer(house.region)
        async with house.database.transaction([TOWN]) as conn:
            await actions.import_register(
                conn, house.keyring, house.clock, house.region, importer, delivery
            )

    async def hears_of(self, person_id: UUID | None = None, address: str = HERE) -> UUID:
        """Somebody proves who they are; the event is delivered, the job has not run."""
        house, now = self.house, self.clock.now()
        async with house.database.transaction(house.region.town_codes) as conn:
            if person_id is None:
                person_id = await persons.make_person(conn, house.keyring, now)
            values = {**CARD, "address": address}
            await keys.record_attributes(conn, house.keyring, person_id, values, now)
            event = Event(
                name="identity.person_verified",
                key=str(person_id),
                payload={"person_id": str(person_id)},
            )
            await actions.note_verified(house, conn, event)
        return person_id

    async def matches(self, after: timedelta = timedelta()) -> int:
        self.clock.advance(after)
        return await actions.match_due(self.house)

    async def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        async with self.house.database.transaction(self.house.region.town_codes) as conn:
            return [tuple(row) for row in await conn.fetch(statement, *values)]

    async def number_of(self, person_id: UUID) -> str | None:
        """The addressee number of whom the person is linked to."""
        async with self.house.database.transaction([TOWN]) as conn:
            pairwise = await identity.pairwise_id(conn, SECTOR, person_id)
            link = await store.find_link(conn, pairwise)
            known = await store.list_known(conn, TOWN)
        numbers = {one.resident_id: number for number, one in known.items()}
        return None if link is None else numbers[link.resident_id]

    async def history_of(self, person_id: UUID) -> list[tuple[object, ...]]:
        return await self.rows(
            "SELECT kind, decision, outcome FROM access.record "
            "WHERE subject_id = $1 ORDER BY entry_id",
            person_id,
        )

    async def due(self) -> list[tuple[object, ...]]:
        return await self.rows("SELECT attempts, last_failure FROM registry.matching_due")

    async def is_protected(self, person_id: UUID) -> bool:
        async with self.house.database.transaction() as conn:
            return bool(await identity.is_protected(conn, [person_id], self.clock.now()))


@pytest.fixture
async def town(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    database: PooledDatabase,
) -> Town:
    house = await given.house(settings, clock, keyring, region, database)
    made = Town(house, clock)
    await made.sends(given.entry(1))
    return made


Answered = Callable[[], Awaitable[None]]
RELEASED = [("permit", "permit", None), ("outcome", "permit", "released")]


class InterruptedDoor:
    """The real door; what happens just after its first answer is the test's."""

    def __init__(self, house: House, then: Answered) -> None:
        self._door, self._then, self._is_first = house.disclose, then, True

    async def __call__(self, request: DisclosureRequest) -> Disclosure:
        answer = await self._door(request)
        if self._is_first:
            self._is_first = False
            await self._then()
        return answer


async def test_the_event_is_only_noted_and_the_job_asks_the_door(town: Town) -> None:
    person_id = await town.hears_of()
    before = await town.history_of(person_id)

    assert await town.matches() == 1

    assert before == []
    assert await town.history_of(person_id) == RELEASED
    assert await town.number_of(person_id) == "A-00001"
    assert await town.due() == []
    assert await town.matches(after=timedelta(days=1)) == 0


async def test_what_a_crash_left_after_the_door_is_finished_by_the_job(town: Town) -> None:
    async def crash() -> None:
        raise asyncio.CancelledError

    town.house.disclose = InterruptedDoor(town.house, crash)
    person_id = await town.hears_of()

    with pytest.raises(asyncio.CancelledError):
        await town.matches()
    left = await town.number_of(person_id)
    at_once = await town.matches()
    later = await town.matches(after=wait_after(0))

    assert (left, at_once, later) == (None, 0, 1)
    assert await town.number_of(person_id) == "A-00001"
    assert await town.history_of(person_id) == RELEASED * 2


async def test_two_workers_link_once(town: Town) -> None:
    """The second takes it up while the first still waits for an answer that comes too late."""

    async def overtake() -> None:
        assert await town.matches(after=wait_after(0)) == 1

    town.house.disclose = InterruptedDoor(town.house, overtake)
    person_id = await town.hears_of()

    await town.matches()

    assert await town.number_of(person_id) == "A-00001"
    assert await town.rows("SELECT count(*) FROM registry.link") == [(1,)]
    told = "SELECT count(*) FROM core.event WHERE name = 'registry.linked'"
    assert await town.rows(told) == [(1,)]
    # Kept for ever, so it joins nobody's Mie-ID to a row of the register; the alias does, until they leave.
    assert await town.rows("SELECT count(*) FROM core.event WHERE payload ? 'resident_id'") == [
        (0,)
    ]
    assert await town.rows("SELECT count(*) FROM access.alias") == [(1,)]
    assert await town.due() == []


async def test_workers_share_what_is_due(town: Town) -> None:
    everybody = [await town.hears_of(address=ELSEWHERE) for _ in range(6)]

    counts = await asyncio.gather(*(town.matches() for _ in range(3)))

    assert sum(counts) == 6
    assert [await town.history_of(one) for one in everybody] == [RELEASED] * 6


async def test_what_is_proved_while_the_door_answers_is_matched_next(town: Town) -> None:
    await town.sends(given.entry(2, household_number="S-00002", banchi="99番地"))

    async def move() -> None:
        await town.hears_of(person_id, ELSEWHERE)

    person_id = await town.hears_of()
    town.house.disclose = InterruptedDoor(town.house, move)

    assert await town.matches() == 2

    assert await town.number_of(person_id) == "A-00002"
    assert await town.rows("SELECT count(*) FROM registry.link") == [(1,)]


async def test_an_older_event_never_replaces_a_newer_one(town: Town) -> None:
    older = uuid7()
    person_id = await town.hears_of()
    async with town.house.database.transaction() as conn:
        pairwise = await identity.pairwise_id(conn, SECTOR, person_id)
        await store.record_due(conn, pairwise, older, town.clock.now())

    found = await town.rows("SELECT event_id > $1 FROM registry.matching_due", older)
    assert found == [(True,)]


async def test_a_refusal_leaves_it_due_until_somebody_sees_it(town: Town) -> None:
    state = "UPDATE exchange.access_right SET state = $1 WHERE service = 'registry' RETURNING state"
    await town.rows(state, "revoked")
    person_id = await town.hears_of()

    for attempt in range(STUCK_AFTER):
        assert await town.matches(after=wait_after(attempt)) == 1
    waiting, history = await town.due(), await town.history_of(person_id)
    async with town.house.database.transaction() as conn:
        found = await actions.verify_matchings(town.house, conn)
    await town.rows(state, "active")
    await town.matches(after=wait_after(STUCK_AFTER))

    assert waiting == [(STUCK_AFTER, "Refused")]
    assert history == [("refusal", "deny.no_right", None)] * STUCK_AFTER
    assert [one.what for one in found] == [f"not matched after {STUCK_AFTER} attempts: Refused"]
    assert await town.number_of(person_id) == "A-00001"
    assert await town.due() == []


async def test_who_fails_stops_nobody(town: Town) -> None:
    async def fail() -> None:
        raise TimeoutError

    town.house.disclose = InterruptedDoor(town.house, fail)
    first = await town.hears_of()
    town.clock.advance(timedelta(seconds=1))
    second = await town.hears_of(address=ELSEWHERE)

    assert await town.matches() == 2

    assert await town.due() == [(1, "TimeoutError")]
    assert await town.history_of(second) == RELEASED
    assert await town.number_of(first) is None


async def test_whoever_leaves_meanwhile_is_matched_with_nobody(town: Town) -> None:
    async def leave() -> None:
        async with town.house.database.transaction() as conn:
            await identity.close_person(conn, town.house, second)

    first, second = await town.hears_of(address=ELSEWHERE), await town.hears_of()
    async with town.house.database.transaction() as conn:
        await identity.close_person(conn, town.house, first)
    town.house.disclose = InterruptedDoor(town.house, leave)

    assert await town.matches() == 2

    assert await town.history_of(first) == []
    assert await town.due() == []
    assert await town.rows("SELECT count(*) FROM registry.link") == [(0,)]


def look(person_id: UUID) -> Mapping[str, object]:
    return {
        "request_id": uuid7(),
        "service": "registry",
        "actor": system_actor("registry.match_due"),
        "subject": PersonSubject(person_id),
        "dataset": "identity.proved_attributes@1",
        "items": ("name",),
        "purpose": "register-matching",
        "basis": Basis.LAW,
        "basis_ref": "register-matching",
    }


async def test_a_protected_person_is_linked_so_that_the_flag_arrives_and_the_door_shuts(
    town: Town,
) -> None:
    await town.sends(given.entry(1, protected_from=date(2026, 11, 1)))
    person_id = await town.hears_of()

    await town.matches()

    assert await town.number_of(person_id) == "A-00001"
    assert await town.is_protected(person_id)
    with pytest.raises(Refused):
        await town.house.disclose(DisclosureRequest(**look(person_id)))


async def test_under_protection_a_new_proof_waits_and_the_link_stays(town: Town) -> None:
    await town.sends(given.entry(1, protected_from=date(2026, 11, 1)))
    person_id = await town.hears_of()
    await town.matches()
    moved = given.entry(2, household_number="S-00002", banchi="99番地")
    await town.sends(moved)

    await town.hears_of(person_id, ELSEWHERE)
    await town.matches()
    await town.matches(after=timedelta(days=2))
    while_protected = (await town.number_of(person_id), await town.history_of(person_id))
    waiting = await town.due()
    await town.sends(given.entry(1))
    await town.matches(after=actions.LOOK_AGAIN)

    assert while_protected == ("A-00001", RELEASED)
    assert waiting == [(0, None)]
    assert not await town.is_protected(person_id)
    assert await town.number_of(person_id) == "A-00002"
    assert await town.due() == []
