"""The door against a real database: who gets what, and what stands on record."""

import asyncio
import contextlib
import random
from datetime import date, timedelta
from uuid import uuid4

import msgspec
import pytest

from mieone.blocks import access, exchange
from mieone.blocks.consent.problems import StateForbids
from mieone.blocks.exchange import NotAnswered, Refused
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.ports import Basis, PersonSubject, ResidentSubject

from . import given
from .given import ITEMS, Member, World, names_in


async def refused(world: World, request: given.DisclosureRequest) -> Refused:
    with pytest.raises(Refused) as caught:
        await world.door(request)
    return caught.value


async def test_nothing_leaves_without_consent_and_everybody_can_read_it(
    world: World, mother: Member, spouse: Member, child: Member
) -> None:
    await refused(world, given.request(mother))

    for who in (mother, spouse, child):
        (visit,) = await given.history(world, who)
        assert (visit.kind, visit.decision) == (access.Kind.REFUSAL, "deny.no_consent")
    assert world.register.asked == []


async def test_consent_opens_the_holders_and_the_childs_rows_only(
    world: World, mother: Member, spouse: Member, child: Member
) -> None:
    await given.give(world, mother)

    answer = await world.door(given.request(mother))

    assert names_in(answer) == ["母", "子"]
    (mine,), (his,), (hers) = [await given.history(world, who) for who in (mother, spouse, child)]
    assert (mine.decision, mine.outcome) == ("permit", "released")
    assert (his.decision, his.outcome) == ("deny.no_consent", None)
    assert hers[0].outcome == "released"
    assert mine.consent_revision == 1


async def test_the_spouses_row_comes_with_the_spouses_own_consent(
    world: World, mother: Member, spouse: Member
) -> None:
    await given.give(world, mother)
    await given.give(world, spouse, ("name",))

    answer = await world.door(given.request(mother))

    assert names_in(answer) == ["母", "父", "子"]
    his = next(one for one in answer.records if one.items["name"] == "父")
    assert his.items == {"name": "父"}
    assert his.ref is None


async def test_items_left_out_by_the_person_or_by_the_right_never_leave(
    world: World, mother: Member
) -> None:
    await given.give(world, mother, ("name", "address"))
    world.register.gives_too_much = True

    answer = await world.door(given.request(mother, items=(*ITEMS, "sex")))

    assert names_in(answer) == ["母", "子"]
    assert all(set(one.items) == {"name", "address"} for one in answer.records)
    (visit,) = await given.history(world, mother)
    assert visit.released_items == ("name", "address")


async def test_withdrawal_works_on_the_next_request(world: World, mother: Member) -> None:
    await given.give(world, mother)
    await world.door(given.request(mother))
    await given.withdraw(world, mother)

    await refused(world, given.request(mother))

    assert (await given.history(world, mother))[0].decision == "deny.withdrawn"


async def test_withdrawn_in_flight_releases_nothing(world: World, mother: Member) -> None:
    await given.give(world, mother)
    world.register.gate = asyncio.Event()
    task = asyncio.create_task(world.door(given.request(mother)))
    await world.register.reached.wait()
    await given.withdraw(world, mother)
    world.register.gate.set()

    with pytest.raises(Refused):
        await task

    (visit,) = await given.history(world, mother)
    assert (visit.decision, visit.outcome) == ("permit", "withdrawn_in_flight")
    assert visit.payload_sha256 is None


async def test_the_spouse_withdraws_in_flight_and_only_that_row_stays_behind(
    world: World, mother: Member, spouse: Member
) -> None:
    await given.give(world, mother)
    await given.give(world, spouse)
    world.register.gate = asyncio.Event()
    task = asyncio.create_task(world.door(given.request(mother)))
    await world.register.reached.wait()
    await given.withdraw(world, spouse)
    world.register.gate.set()

    assert names_in(await task) == ["母", "子"]
    assert (await given.history(world, spouse))[0].outcome == "withdrawn_in_flight"


async def test_consent_ends_with_its_day(world: World, mother: Member) -> None:
    await given.give(world, mother)
    world.clock.advance(timedelta(days=366))

    await refused(world, given.request(mother))

    assert (await given.history(world, mother))[0].decision == "deny.expired"


async def test_a_provider_that_fails_or_is_slow_releases_nothing(
    world: World, mother: Member
) -> None:
    await given.give(world, mother)
    world.register.fails = True

    with pytest.raises(NotAnswered):
        await world.door(given.request(mother))

    assert (await given.history(world, mother))[0].outcome == "failed"


async def test_a_cancelled_request_leaves_a_permit_that_counts_as_disclosed(
    world: World, mother: Member
) -> None:
    await given.give(world, mother)
    world.register.gate = asyncio.Event()
    task = asyncio.create_task(world.door(given.request(mother)))
    await world.register.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    (visit,) = await given.history(world, mother)
    assert (visit.kind, visit.outcome) == (access.Kind.PERMIT, None)


async def test_a_replayed_request_is_decided_anew(world: World, mother: Member) -> None:
    await given.give(world, mother)
    request = given.request(mother)
    await world.door(request)
    await given.withdraw(world, mother)

    await refused(world, request)

    first, second = reversed(await given.history(world, mother))
    assert first.request_id == second.request_id
    assert (first.outcome, second.decision) == ("released", "deny.withdrawn")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"service": "nobody", "actor": given.NURSERY}, "deny.no_right"),
        ({"purpose": "delivery"}, "deny.purpose_mismatch"),
        ({"dataset": "household@2"}, "deny.no_right"),
        ({"dataset": "nothing@1"}, "deny.no_right"),
        ({"items": ("sex",)}, "deny.no_right"),
        ({"basis": Basis.LAW, "basis_ref": "own-view"}, "deny.no_right"),
        ({"basis": Basis.EMERGENCY, "basis_ref": "x"}, "deny.no_right"),
        (
            {"actor": Actor(kind=ActorKind.SERVICE, id="another", organisation="o")},
            "deny.no_right",
        ),
    ],
)
async def test_default_deny_and_the_caller_hears_one_word(
    world: World, mother: Member, changes: dict[str, object], code: str
) -> None:
    await given.give(world, mother)
    request = given.request(mother, **changes)

    problem = await refused(world, request)

    assert problem.detail == {"request_id": str(request.request_id)}
    assert (await given.history(world, mother))[0].decision == code
    assert world.register.asked == []


async def test_a_suspended_service_is_refused(world: World, mother: Member) -> None:
    await given.give(world, mother)
    async with world.database.transaction() as conn:
        await exchange.suspend_service(conn, world.house, given.SERVICE)

    await refused(world, given.request(mother))

    assert (await given.history(world, mother))[0].decision == "deny.suspended"


async def test_a_protected_person_is_not_available_and_nobody_else_hears_of_it(
    world: World, mother: Member, spouse: Member
) -> None:
    await given.give(world, mother)
    await given.protect(world, mother)

    protected = await refused(world, given.request(mother))
    unknown = await refused(world, given.request(given.member("誰")))

    assert protected.slug == unknown.slug
    assert set(protected.detail) == set(unknown.detail)
    assert (await given.history(world, mother))[0].decision == "deny.unavailable"
    assert await given.history(world, spouse) == []


async def test_an_answer_with_a_protected_spouse_is_the_answer_without_a_spouse(
    world: World, mother: Member, spouse: Member, child: Member
) -> None:
    await given.give(world, mother)
    await given.give(world, spouse)
    await given.protect(world, spouse)
    request = given.request(mother)
    with_protected = await world.door(request)
    own_look = await world.door(given.own_view(mother))
    world.register.households[0].remove(spouse)

    without = await world.door(request)

    assert with_protected.records == without.records
    assert [one.items for one in own_look.records] == [one.items for one in without.records]
    assert all(spouse.key not in asked.keys for asked in world.register.asked)


async def test_protection_that_begins_in_flight_stops_the_row(
    world: World, mother: Member, spouse: Member
) -> None:
    await given.give(world, mother)
    await given.give(world, spouse)
    world.register.gate = asyncio.Event()
    task = asyncio.create_task(world.door(given.request(mother)))
    await world.register.reached.wait()
    await given.protect(world, spouse)
    world.register.gate.set()

    assert names_in(await task) == ["母", "子"]


async def test_protection_under_the_registers_id_protects_the_person_too(
    world: World, mother: Member
) -> None:
    await given.give(world, mother)
    async with world.database.transaction() as conn:
        await conn.execute("INSERT INTO stand_in.protected VALUES ($1)", mother.resident_id)
    subject = ResidentSubject(given.TOWN, mother.resident_id)

    await refused(world, given.request(mother, subject=subject))


async def test_people_look_at_their_own_data_and_at_nobody_elses(
    world: World, mother: Member
) -> None:
    stranger = Actor(kind=ActorKind.PERSON, id=str(uuid4()))

    answer = await world.door(given.own_view(mother))
    await refused(world, given.own_view(mother, actor=stranger))
    await refused(world, given.own_view(mother, actor=given.NURSERY))

    assert names_in(answer) == ["母", "父", "子"]
    assert [one.needs_own_basis for one in answer.records] == [False, True, False]
    assert (await given.history(world, mother))[1].decision == "deny.mandate_missing"


async def test_a_mandate_opens_within_its_scope_and_time_and_for_its_agent(
    world: World, mother: Member
) -> None:
    agent, mandate_id = uuid4(), uuid4()
    start = world.clock.now()
    async with world.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO stand_in.mandate VALUES ($1, $2, $3, $4, $5, $6)",
            mandate_id,
            mother.person_id,
            agent,
            ["own-view"],
            start,
            start + timedelta(days=1),
        )
    actor = Actor(kind=ActorKind.PERSON, id=str(agent))
    request = given.own_view(mother, actor=actor, on_behalf_of=mandate_id)

    answer = await world.door(request)
    thief = Actor(kind=ActorKind.PERSON, id=str(uuid4()))
    await refused(world, given.own_view(mother, actor=thief, on_behalf_of=mandate_id))
    world.clock.advance(timedelta(days=1))
    await refused(world, request)

    assert names_in(answer)[0] == "母"
    assert (await given.history(world, mother))[-1].mandate_id == mandate_id


async def test_entrustment_and_law_need_their_dated_row(world: World, mother: Member) -> None:
    staff = Actor(kind=ActorKind.ASSOCIATION, id="post-1", organisation="association")
    request = given.request(
        mother,
        service="procedures",
        actor=staff,
        subject=ResidentSubject(given.TOWN, mother.resident_id),
        purpose="case-examination",
        basis=Basis.ENTRUSTMENT,
        basis_ref="preparation-2026",
    )
    await refused(world, request)
    async with world.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO stand_in.entrustment VALUES "
            "('preparation-2026', 'association', '2026-04-01', NULL)"
        )

    answer = await world.door(request)

    assert names_in(answer) == ["母", "父", "子"]
    latest, before = await given.history(world, mother)
    assert (before.decision, latest.basis_ref) == ("deny.no_basis", "preparation-2026")


async def test_an_officers_authority_ends_at_the_border_however_the_resident_is_named(
    world: World, mother: Member
) -> None:
    assert mother.person_id is not None
    here, elsewhere = (
        Actor(kind=ActorKind.TOWN_OFFICER, id="post-1", towns=frozenset(map(TownCode, towns)))
        for towns in ((given.TOWN,), ("244414",))
    )
    nowhere = Actor(kind=ActorKind.AUTHORITY_HEAD, id="post-2")
    for subject in (
        PersonSubject(mother.person_id),
        ResidentSubject(given.TOWN, mother.resident_id),
    ):
        request = given.request(
            mother,
            service="procedures",
            actor=elsewhere,
            subject=subject,
            purpose="case-examination",
            basis=Basis.LAW,
            basis_ref="town-procedure",
        )
        await refused(world, request)
        await refused(world, msgspec.structs.replace(request, actor=nowhere))
        answer = await world.door(msgspec.structs.replace(request, actor=here))
        assert names_in(answer)[0] == "母"


async def test_an_emergency_names_its_officer_and_is_read_at_once(
    world: World, mother: Member
) -> None:
    officer = Actor(
        kind=ActorKind.TOWN_OFFICER,
        id="post-9",
        organisation=given.TOWN,
        towns=frozenset({given.TOWN}),
    )
    async with world.database.transaction() as conn:
        declared = await exchange.declare_emergency(
            conn, world.house, officer, "台風で連絡がとれないため", timedelta(hours=3)
        )
    request = given.request(
        mother,
        service="procedures",
        actor=officer,
        purpose="safety",
        basis=Basis.EMERGENCY,
        basis_ref=str(declared),
    )

    await world.door(request)
    other = Actor(
        kind=ActorKind.TOWN_OFFICER,
        id="post-8",
        organisation=given.TOWN,
        towns=frozenset({given.TOWN}),
    )
    await refused(world, given.request(mother, **{**_fields(request), "actor": other}))
    world.clock.advance(timedelta(hours=3))
    await refused(world, request)

    visits = await given.history(world, mother)
    assert visits[-1].note == "台風で連絡がとれないため"
    assert [one.decision for one in visits] == ["deny.no_basis", "deny.no_basis", "permit"]


def _fields(request: given.DisclosureRequest) -> dict[str, object]:
    names = ("service", "purpose", "basis", "basis_ref")
    return {name: getattr(request, name) for name in names}


async def test_the_digest_on_record_is_the_receivers_own(world: World, mother: Member) -> None:
    await given.give(world, mother)

    answer = await world.door(given.request(mother))

    (visit,) = await given.history(world, mother)
    assert visit.payload_sha256 == given.receivers_digest(answer)


async def test_two_services_share_no_name_for_a_person(world: World, mother: Member) -> None:
    other = "clinic"
    async with world.database.transaction() as conn:
        entry = given.entry(sector=other, basis=Basis.LAW)
        right = exchange.RightEntry(
            dataset=given.DATASET,
            items=ITEMS,
            purpose="delivery",
            basis=Basis.LAW,
            basis_ref="town-procedure",
            valid_from=date(2026, 4, 1),
        )
        entry = msgspec.structs.replace(entry, rights=(right,))
        await exchange.register_service(conn, world.house, other, entry)
    await given.give(world, mother)
    actor = Actor(kind=ActorKind.SERVICE, id=other, organisation="org-clinic")

    nursery = await world.door(given.request(mother))
    clinic = await world.door(
        given.request(
            mother,
            service=other,
            actor=actor,
            purpose="delivery",
            basis=Basis.LAW,
            basis_ref="town-procedure",
        )
    )

    refs = {one.ref for answer in (nursery, clinic) for one in answer.records if one.ref}
    assert len(refs) == 2
    assert str(mother.person_id) not in refs
    for asked in world.register.asked:
        assert asked.holder not in refs
    assert nursery.request_id != clinic.request_id


async def test_no_connection_is_held_while_the_provider_thinks(
    world: World, mother: Member
) -> None:
    """Twice as many requests wait at the provider as the pool has connections."""
    await given.give(world, mother)
    world.register.meeting = asyncio.Barrier(16)
    tasks = [asyncio.create_task(world.door(given.request(mother))) for _ in range(16)]

    assert len(await asyncio.gather(*tasks)) == 16


async def test_the_subject_of_a_request_may_be_somebody_nobody_knows(world: World) -> None:
    nobody = uuid4()

    await refused(world, given.request(given.member("誰"), subject=PersonSubject(nobody)))


async def test_the_record_counts_what_provider_and_receiver_count_themselves(
    world: World, mother: Member, spouse: Member, child: Member
) -> None:
    dice, received = random.Random(7), 0
    for _ in range(25):
        match dice.randrange(3):
            case 0:
                await given.give(world, dice.choice([mother, spouse]))
            case 1:
                with contextlib.suppress(StateForbids):
                    await given.withdraw(world, dice.choice([mother, spouse]))
            case _:
                pass
        with contextlib.suppress(Refused):
            received += len((await world.door(given.request(mother))).records)

    histories = [await given.history(world, who) for who in (mother, spouse, child)]
    visits = [visit for history in histories for visit in history]

    assert received > 0
    assert sum(one.kind == access.Kind.PERMIT for one in visits) == sum(
        len(asked.keys) for asked in world.register.asked
    )
    assert sum(one.outcome == "released" for one in visits) == received
    assert len(visits) == 25 * 3


async def test_a_town_that_left_a_service_is_left_out_of_it(world: World, mother: Member) -> None:
    clinic = Actor(kind=ActorKind.SERVICE, id="clinic", organisation="org-clinic")
    right = exchange.RightEntry(
        dataset=given.DATASET,
        items=ITEMS,
        purpose="delivery",
        basis=Basis.LAW,
        basis_ref="town-procedure",
        valid_from=date(2026, 4, 1),
    )
    entry = msgspec.structs.replace(given.entry(sector="clinic"), rights=(right,))
    request = given.request(
        mother,
        service="clinic",
        actor=clinic,
        subject=ResidentSubject(given.TOWN, mother.resident_id),
        purpose="delivery",
        basis=Basis.LAW,
        basis_ref="town-procedure",
    )

    async def take_part(*towns: str) -> None:
        taking = msgspec.structs.replace(entry, towns=tuple(map(TownCode, towns)))
        async with world.database.transaction() as conn:
            await exchange.register_service(conn, world.house, "clinic", taking)

    await take_part(given.TOWN, "244414")
    answer = await world.door(request)
    await take_part("244414")
    await refused(world, request)

    assert names_in(answer)[0] == "母"
    assert (await given.history(world, mother))[0].decision == "deny.suspended"
