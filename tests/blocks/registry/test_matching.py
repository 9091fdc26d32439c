"""A proven person is linked when all four attributes agree; what the door then gets."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

import pytest

from mieone.blocks import identity
from mieone.blocks.identity.actions import keys, persons
from mieone.blocks.registry import actions, store
from mieone.blocks.registry.actions.protection import SECTOR
from mieone.blocks.registry.model import CaseReason, Entry, Extent, Sex
from mieone.blocks.registry.problems import CaseClosed, SearchTooWide, TownNotYours
from mieone.core.clock import FixedClock
from mieone.core.database import Conn, set_scope
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.outbox import Event
from mieone.core.ports import ProvideRequest, ResidentSubject
from mieone.core.region import Region
from mieone.core.settings import Settings
from tests.blocks.registry import given
from tests.conftest import OneTransaction

TOWN, OTHER = TownCode("244422"), TownCode("244716")
ADDRESS = "三重県多気郡明和町大字斎宮12番地3"


class Register:
    """A register in one rolled-back transaction, with people proving who they are."""

    def __init__(self, house: House, conn: Conn) -> None:
        self.house, self.conn = house, conn
        self.officer = Actor(
            kind=ActorKind.TOWN_OFFICER, id="post-1", organisation="town", towns=frozenset({TOWN})
        )

    async def holds(self, *entries: Entry, extent: Extent = Extent.WHOLE) -> None:
        await actions.import_register(
            self.conn,
            self.house.keyring,
            self.house.clock,
            self.house.region,
            given.importer(self.house.region),
            given.delivery(TOWN, *entries, extent=extent),
        )

    async def proves(self, person_id: UUID | None = None, **changed: str) -> UUID:
        now = self.house.clock.now()
        if person_id is None:
            person_id = await persons.make_person(self.conn, self.house.keyring, now)
        values = {
            "name": "高橋　花子",
            "name_flags": "10000",
            "address": ADDRESS,
            "address_flags": "",
            "birth_date": "1990-03-03",
            "sex": "female",
            "residency": "resident",
            "town": TOWN,
        } | changed
        await keys.record_attributes(self.conn, self.house.keyring, person_id, values, now)
        event = Event(
            name="identity.person_verified",
            key=str(person_id),
            payload={"person_id": str(person_id)},
        )
        await actions.note_verified(self.house, self.conn, event)
        await self.works()
        return person_id

    async def works(self) -> int:
        """The job's turn; its transactions share our connection, and leave it another scope."""
        count = await actions.match_due(self.house)
        await set_scope(self.conn, self.house.region.town_codes)
        return count

    async def resident_of(self, person_id: UUID) -> UUID | None:
        pairwise = await identity.pairwise_id(self.conn, SECTOR, person_id)
        link = await store.find_link(self.conn, pairwise)
        return None if link is None else link.resident_id

    async def id_of(self, number: int) -> UUID:
        return (await store.list_known(self.conn, TOWN))[f"A-{number:05d}"].resident_id

    async def keys_of(self, *numbers: int) -> tuple[str, ...]:
        return tuple([f"{TOWN}:{await self.id_of(number)}" for number in numbers])

    async def reasons(self) -> list[CaseReason]:
        return [one.reason for one in await store.list_open_cases(self.conn, [TOWN])]


@pytest.fixture
async def register(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    rolled_back: OneTransaction,
    conn: Conn,
) -> Register:
    house = await given.house(settings, clock, keyring, region, rolled_back)
    return Register(house, conn)


def mother(**changed: object) -> Entry:
    usual: dict[str, object] = {
        "household_number": "S-00009",
        "relationship": "妻",
        "name": "髙橋　花子",
        "name_kana": "タカハシ ハナコ",
        "born_on": date(1990, 3, 3),
        "oaza": "大字斎宮",
    }
    return given.entry(1, **{**usual, **changed})


def family() -> list[Entry]:
    home = {"household_number": "S-00009", "oaza": "大字斎宮"}
    return [
        mother(),
        given.entry(2, name="髙橋　太郎", sex=Sex.MALE, born_on=date(1988, 1, 1), **home),
        given.entry(3, name="髙橋　葵", relationship="子", born_on=date(2026, 11, 16), **home),
        given.entry(4, name="髙橋　梅", relationship="母", born_on=date(1950, 1, 1), **home),
    ]


async def test_who_agrees_in_all_four_is_linked(register: Register) -> None:
    await register.holds(*family())

    person_id = await register.proves()

    assert await register.resident_of(person_id) == await register.id_of(1)
    assert await register.reasons() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "高橋　花"},
        {"address": "三重県多気郡明和町大字斎宮13番地"},
        {"birth_date": "1990-03-04"},
        {"sex": "male"},
    ],
)
async def test_whoever_differs_in_one_waits_at_the_counter(
    register: Register, changed: dict[str, str]
) -> None:
    await register.holds(*family())

    person_id = await register.proves(**changed)

    assert await register.resident_of(person_id) is None
    assert await register.reasons() == [CaseReason.NOBODY]


async def test_two_who_agree_are_nobody_in_particular(register: Register) -> None:
    await register.holds(mother(), mother(addressee_number="A-00002"))

    person_id = await register.proves()

    assert await register.resident_of(person_id) is None
    assert await register.reasons() == [CaseReason.SEVERAL]


async def test_a_second_mie_id_for_one_resident_is_a_case(register: Register) -> None:
    await register.holds(*family())
    first = await register.proves()

    second = await register.proves()

    assert await register.resident_of(first) == await register.id_of(1)
    assert await register.resident_of(second) is None
    assert await register.reasons() == [CaseReason.TAKEN]


async def test_proving_it_again_changes_nothing_and_moving_away_ends_the_link(
    register: Register,
) -> None:
    await register.holds(*family())
    person_id = await register.proves()

    await register.proves(person_id)
    still = await register.resident_of(person_id)
    await register.proves(person_id, address="三重県松阪市殿町1")

    assert still == await register.id_of(1)
    assert await register.resident_of(person_id) is None


async def test_an_officer_closes_a_case_once(register: Register) -> None:
    await register.holds(*family())
    person_id = await register.proves(address="三重県多気郡明和町大字斎宮13番地")
    case = (await store.list_open_cases(register.conn, [TOWN]))[0]
    resident_id = await register.id_of(1)

    await actions.link_by_officer(
        register.conn, register.house, register.officer, TOWN, case.case_id, resident_id
    )

    assert await register.resident_of(person_id) == resident_id
    with pytest.raises(CaseClosed):
        await actions.refuse_case(
            register.conn, register.house, register.officer, TOWN, case.case_id
        )
    row = await register.conn.fetchrow("SELECT sealed, closed_by FROM registry.matching_case")
    assert (row["sealed"], row["closed_by"]) == (None, "post-1")


async def test_an_officer_links_whoever_moved_here_and_the_old_link_ends(
    register: Register,
) -> None:
    before = TownCode("244414")
    house = register.house
    await register.holds(mother())
    await actions.import_register(
        register.conn,
        house.keyring,
        house.clock,
        house.region,
        given.importer(house.region),
        given.delivery(before, mother(oaza="朝長")),
    )
    person_id = await register.proves(address=f"三重県多気郡多気町朝長{ADDRESS[-5:]}")
    lived_at = await register.resident_of(person_id)
    await register.proves(person_id, address="三重県多気郡明和町大字斎宮13番地")
    case = (await store.list_open_cases(register.conn, [TOWN]))[0]
    resident_id = await register.id_of(1)

    await set_scope(register.conn, [TOWN])
    await actions.link_by_officer(
        register.conn, house, register.officer, TOWN, case.case_id, resident_id
    )
    await set_scope(register.conn, house.region.town_codes)

    assert lived_at not in (None, resident_id)
    assert await register.resident_of(person_id) == resident_id


async def test_a_matching_is_on_the_persons_record(register: Register) -> None:
    await register.holds(*family())

    person_id = await register.proves()

    rows = await register.conn.fetch(
        "SELECT kind, purpose, decision, basis_ref, outcome, items FROM access.record "
        "WHERE subject_id = $1 ORDER BY entry_id",
        person_id,
    )
    items = ["name", "name_flags", "address", "address_flags", "birth_date", "sex"]
    why = ("register-matching", "permit", "register-matching")
    assert [tuple(row) for row in rows] == [
        ("permit", *why, None, items),
        ("outcome", *why, "released", items),
    ]


async def protected(register: Register, *subjects: UUID) -> frozenset[UUID]:
    return await identity.is_protected(register.conn, subjects, register.house.clock.now())


async def test_protection_reaches_every_name_of_a_human_being(register: Register) -> None:
    await register.holds(*family())
    person_id = await register.proves()
    resident_id = await register.id_of(1)

    await register.holds(mother(protected_from=date(2026, 11, 1)), extent=Extent.CHANGES)
    flagged = await protected(register, person_id, resident_id)
    await register.holds(mother(), extent=Extent.CHANGES)
    ended = await protected(register, person_id, resident_id)

    assert flagged == {person_id, resident_id}
    assert ended == frozenset()


async def test_whoever_holds_a_mie_id_is_told_of_a_change_without_values(
    register: Register,
) -> None:
    await register.holds(*family())
    person_id = await register.proves()

    await register.holds(
        mother(banchi="99番地"), family()[1], given.entry(8), extent=Extent.CHANGES
    )

    events = await register.conn.fetch(
        "SELECT key, payload FROM core.event WHERE name = 'registry.resident_changed'"
    )
    assert [row["key"] for row in events] == [str(person_id)]
    assert events[0]["payload"]["fields"] == ["banchi"]
    assert "99番地" not in str(events[0]["payload"])


async def test_protection_known_before_the_link_comes_with_it(register: Register) -> None:
    await register.holds(mother(protected_from=date(2026, 11, 1)))

    person_id = await register.proves()

    assert await protected(register, person_id) == {person_id}


async def test_a_mother_decides_for_her_child_and_for_nobody_else(register: Register) -> None:
    await register.holds(*family())
    person_id = await register.proves()
    provider = actions.RegisterProvider()
    provider.open(register.house)
    pairwise = await identity.pairwise_id(register.conn, SECTOR, person_id)

    everybody = await provider.list_household(register.conn, pairwise)

    own = {one.key.split(":")[1]: one.needs_own_basis for one in everybody}
    ids = [str(await register.id_of(number)) for number in (1, 2, 3, 4)]
    assert [own[one] for one in ids] == [False, True, False, True]
    holder = everybody[0]
    assert (holder.holder, holder.subject_id, holder.person_id) == (True, person_id, person_id)
    assert all(one.person_id is None for one in everybody[1:])


async def test_a_protected_member_is_absent_from_the_household(register: Register) -> None:
    husband = family()[1]
    hidden = given.entry(
        2,
        **{name: getattr(husband, name) for name in ("household_number", "oaza", "name", "sex")},
        protected_from=date(2026, 11, 1),
    )
    await register.holds(family()[0], hidden, family()[2])
    await register.proves()
    provider = actions.RegisterProvider()
    provider.open(register.house)
    holder = ResidentSubject(TOWN, await register.id_of(1))

    everybody = await provider.list_household(register.conn, holder)
    keys_of_all = await register.keys_of(1, 2, 3)
    rows = await provider.provide(
        ProvideRequest(holder=holder, keys=keys_of_all, items=("name",), towns=frozenset({TOWN}))
    )

    assert [one.key for one in everybody] == [keys_of_all[0], keys_of_all[2]]
    assert {row.key for row in rows} == {keys_of_all[0], keys_of_all[2]}


async def test_only_permitted_rows_and_items_are_provided(register: Register) -> None:
    await register.holds(*family(), given.entry(7))
    provider = actions.RegisterProvider()
    provider.open(register.house)
    mine, stranger = await register.keys_of(1, 7)
    holder = ResidentSubject(TOWN, await register.id_of(1))

    rows = await provider.provide(
        ProvideRequest(
            holder=holder,
            keys=(mine, stranger),
            items=("name", "address", "household_number"),
            towns=frozenset({TOWN}),
        )
    )
    elsewhere = await provider.provide(
        ProvideRequest(holder=holder, keys=(mine,), items=("name",), towns=frozenset({OTHER}))
    )

    assert [(row.key, dict(row.items)) for row in rows] == [
        (mine, {"name": "髙橋　花子", "address": ADDRESS})
    ]
    assert elsewhere == []


async def test_nobody_is_known_under_a_strangers_name(register: Register) -> None:
    await register.holds(*family())
    provider = actions.RegisterProvider()
    provider.open(register.house)

    assert await provider.list_household(register.conn, "unknown") == []
    assert await provider.list_holder(register.conn, ResidentSubject(TOWN, uuid4())) == []


async def found(register: Register, search: actions.Search) -> list[str]:
    residents = await actions.find_residents(
        register.conn, register.house, register.officer, TOWN, search, "窓口での相談"
    )
    return [one.entry.addressee_number for one in residents]


async def test_a_resident_is_found_by_reading_name_and_birth_date(register: Register) -> None:
    await register.holds(*family())

    assert await found(register, actions.Search(kana="ﾀｶﾊｼ ﾊﾅ")) == ["A-00001"]
    assert await found(register, actions.Search(name="高橋花子")) == ["A-00001"]
    assert await found(register, actions.Search(born_on=date(1988, 1, 1))) == ["A-00002"]
    assert await found(register, actions.Search(kana="タカ", born_on=date(1950, 1, 1))) == []


async def test_a_search_is_on_the_record_of_whoever_was_found(register: Register) -> None:
    await register.holds(*family())

    await found(register, actions.Search(name="高橋花子"))
    await actions.list_household(
        register.conn, register.house, register.officer, TOWN, await register.id_of(1), "相談"
    )

    rows = await register.conn.fetch(
        "SELECT subject_id, actor_id, purpose, note FROM access.record ORDER BY at, entry_id"
    )
    subjects: Sequence[UUID] = [row["subject_id"] for row in rows]
    assert subjects.count(await register.id_of(1)) == 2
    assert subjects.count(await register.id_of(4)) == 1
    assert {row["actor_id"] for row in rows} == {"post-1"}


async def test_a_search_cannot_list_a_town_or_reach_another(register: Register) -> None:
    with pytest.raises(SearchTooWide):
        await found(register, actions.Search(kana="タ"))
    with pytest.raises(TownNotYours):
        await actions.find_residents(
            register.conn,
            register.house,
            register.officer,
            OTHER,
            actions.Search(kana="タカハシ"),
            "",
        )


def closed(person_id: UUID) -> Event:
    payload = {"person_id": str(person_id), "reason": "left"}
    return Event(name="identity.person_closed", key=str(person_id), payload=payload)


async def test_whoever_leaves_is_no_longer_linked(register: Register) -> None:
    await register.holds(*family())
    person_id = await register.proves()
    pairwise = await identity.pairwise_id(register.conn, SECTOR, person_id)
    await identity.close_person(register.conn, register.house, person_id)

    await actions.forget_person(register.house, register.conn, closed(person_id))

    assert await store.find_link(register.conn, pairwise) is None
    assert await store.count_residents(register.conn, [TOWN]) == {TOWN: 4}


async def test_whoever_left_before_we_came_to_it_is_nobody_to_match(register: Register) -> None:
    await register.holds(*family())
    now = register.house.clock.now()
    person_id = await persons.make_person(register.conn, register.house.keyring, now)
    await identity.close_person(register.conn, register.house, person_id)
    verified = Event(
        name="identity.person_verified",
        key=str(person_id),
        payload={"person_id": str(person_id)},
    )

    await actions.note_verified(register.house, register.conn, verified)
    await actions.forget_person(register.house, register.conn, closed(person_id))

    assert await register.works() == 0

    assert await register.reasons() == []


async def test_what_is_changed_by_hand_is_found_and_named(register: Register) -> None:
    await register.holds(*family())
    await register.proves()
    before = await actions.verify_residents(register.house, register.conn)
    victim = await register.id_of(2)

    await register.conn.execute(
        "UPDATE registry.resident SET protected_from = '2020-01-01' WHERE resident_id = $1", victim
    )
    await register.conn.execute(
        "UPDATE registry.resident SET sealed = overlay(sealed placing '\\x00' from 40) "
        "WHERE addressee_number = 'A-00003'"
    )
    found = await actions.verify_residents(register.house, register.conn)

    assert before == []
    assert {str(victim) in one.where for one in found} == {True, False}
    assert {one.what for one in found} == {
        "changed beside its document: protected_from",
        "the sealed document cannot be opened",
    }
    assert await actions.verify_links(register.house, register.conn) == []


async def test_whoever_is_absent_is_no_finding(register: Register) -> None:
    await register.holds(*family())
    await register.holds(mother())

    assert await actions.verify_residents(register.house, register.conn) == []
