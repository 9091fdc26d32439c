"""Passkeys: the phone's own check is required, one challenge one answer, a copy stops itself."""

import asyncio
from datetime import timedelta

import pytest

from mieone.blocks.identity.actions import passkeys as actions
from mieone.blocks.identity.actions import persons
from mieone.blocks.identity.actions.passkeys import ShownCredential
from mieone.blocks.identity.model import Passkey, PasskeyState, PersonId
from mieone.blocks.identity.problems import (
    CardNeeded,
    PasskeyKnown,
    PasskeyRefused,
    PasskeySuspended,
    PersonNotActive,
)
from mieone.blocks.identity.rules import passkeys as rules
from mieone.core.clock import FixedClock
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import NotFound
from mieone.core.sessions import Acr, Session
from mieone.core.settings import Entrance
from tests.blocks.identity import given
from tests.blocks.identity.authenticator import Phone


@pytest.fixture
async def person(house: House) -> PersonId:
    now = house.clock.now()
    return await run(house.database, (), lambda conn: persons.make_person(conn, house.keyring, now))


async def creation(house: House, person: PersonId, browser: bytes = given.BROWSER) -> str:
    return await run(
        house.database,
        (),
        lambda conn: actions.start_registration(conn, house, person, browser, "私の電話"),
    )


async def register(
    house: House,
    person: PersonId,
    shown: ShownCredential,
    browser: bytes = given.BROWSER,
    nickname: str = "私の電話",
) -> Passkey:
    return await run(
        house.database,
        (),
        lambda conn: actions.register(conn, house, person, browser, shown, nickname),
    )


async def asked(house: House, browser: bytes = given.BROWSER) -> str:
    return await run(house.database, (), lambda conn: actions.start_sign_in(conn, house, browser))


async def sign_in(house: House, shown: ShownCredential, browser: bytes = given.BROWSER) -> PersonId:
    return await run(house.database, (), lambda conn: actions.sign_in(conn, house, browser, shown))


async def listed(house: House, person: PersonId) -> list[Passkey]:
    return await run(house.database, (), lambda conn: actions.list_passkeys(conn, house, person))


async def with_passkey(house: House, person: PersonId, **kinds: bool) -> Phone:
    phone = Phone(**kinds)
    await register(house, person, phone.create(await creation(house, person), origin(house)))
    return phone


def origin(house: House) -> str:
    return house.settings.people_origin


async def test_a_passkey_signs_its_holder_in(house: House, person: PersonId) -> None:
    phone = await with_passkey(house, person)

    assert await sign_in(house, phone.get(await asked(house), origin(house))) == person
    assert await sign_in(house, phone.get(await asked(house), origin(house))) == person
    (known,) = await listed(house, person)
    assert known.nickname == "私の電話"


async def test_a_synced_passkey_never_counts_and_still_signs_in(
    house: House, person: PersonId
) -> None:
    phone = await with_passkey(house, person, is_synced=True)

    for _ in range(2):
        assert await sign_in(house, phone.get(await asked(house), origin(house))) == person
    assert (await listed(house, person))[0].is_backed_up


async def test_the_phone_must_have_checked_its_holder(house: House, person: PersonId) -> None:
    unchecked = Phone().create(await creation(house, person), origin(house), verified=False)
    with pytest.raises(PasskeyRefused):
        await register(house, person, unchecked)

    phone = await with_passkey(house, person)
    with pytest.raises(PasskeyRefused):
        await sign_in(house, phone.get(await asked(house), origin(house), verified=False))


@pytest.mark.parametrize("elsewhere", ["http://localhost:9", "https://evil.example", "null"])
async def test_another_origin_is_refused(house: House, person: PersonId, elsewhere: str) -> None:
    with pytest.raises(PasskeyRefused):
        await register(house, person, Phone().create(await creation(house, person), elsewhere))
    phone = await with_passkey(house, person)
    with pytest.raises(PasskeyRefused):
        await sign_in(house, phone.get(await asked(house), elsewhere))


async def test_another_relying_party_is_refused(house: House, person: PersonId) -> None:
    phone = await with_passkey(house, person)
    shown = phone.get(await asked(house), origin(house), rp_id="evil.example")
    with pytest.raises(PasskeyRefused):
        await sign_in(house, shown)


async def test_a_challenge_answers_once_even_when_asked_five_times_at_once(
    house: House, person: PersonId
) -> None:
    phone = await with_passkey(house, person)
    shown = phone.get(await asked(house), origin(house))

    outcomes = await asyncio.gather(
        *(sign_in(house, shown) for _ in range(5)), return_exceptions=True
    )

    assert sum(outcome == person for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PasskeyRefused) for outcome in outcomes) == 4


async def test_a_wrong_answer_spends_its_challenge(house: House, person: PersonId) -> None:
    phone = await with_passkey(house, person)
    options = await asked(house)

    with pytest.raises(PasskeyRefused):
        await sign_in(house, phone.get(options, origin(house), verified=False))
    with pytest.raises(PasskeyRefused):
        await sign_in(house, phone.get(options, origin(house)))


async def test_a_challenge_belongs_to_a_browser_a_purpose_and_five_minutes(
    house: House, person: PersonId, clock: FixedClock
) -> None:
    phone = await with_passkey(house, person)
    with pytest.raises(PasskeyRefused):
        await sign_in(house, phone.get(await asked(house, b"o" * 32), origin(house)))
    options = await asked(house)
    clock.advance(timedelta(minutes=5))
    with pytest.raises(PasskeyRefused):
        await sign_in(house, phone.get(options, origin(house)))


async def test_a_counter_that_stands_still_stops_the_passkey_and_tells_its_holder(
    house: House, person: PersonId
) -> None:
    phone = await with_passkey(house, person)
    await sign_in(house, phone.get(await asked(house), origin(house), counter=7))

    with pytest.raises(PasskeySuspended):
        await sign_in(house, phone.get(await asked(house), origin(house), counter=7))
    with pytest.raises(PasskeySuspended):
        await sign_in(house, phone.get(await asked(house), origin(house), counter=8))

    assert (await listed(house, person))[0].state is PasskeyState.SUSPENDED
    async with house.database.transaction() as conn:
        name = await conn.fetchval("SELECT name FROM core.event")
    assert name == "identity.passkey_suspended"


async def test_somebody_else_s_handle_is_refused(house: House, person: PersonId) -> None:
    phone = await with_passkey(house, person)
    with pytest.raises(PasskeyRefused):
        await sign_in(house, phone.get(await asked(house), origin(house), handle=b"h" * 64))


async def test_a_stranger_s_key_under_a_known_name_is_refused(
    house: House, person: PersonId
) -> None:
    phone = await with_passkey(house, person)
    stranger = Phone()
    stranger.credential_id, stranger.handle = phone.credential_id, phone.handle
    with pytest.raises(PasskeyRefused):
        await sign_in(house, stranger.get(await asked(house), origin(house)))


async def test_a_removed_passkey_opens_nothing_and_a_second_one_still_does(
    house: House, person: PersonId
) -> None:
    first = await with_passkey(house, person)
    second = await with_passkey(house, person)
    gone = (await listed(house, person))[0].id

    await run(house.database, (), lambda conn: actions.remove(conn, person, gone))

    with pytest.raises(PasskeyRefused):
        await sign_in(house, first.get(await asked(house), origin(house)))
    assert await sign_in(house, second.get(await asked(house), origin(house))) == person
    with pytest.raises(NotFound):
        await run(house.database, (), lambda conn: actions.remove(conn, person, gone))


async def test_nobody_removes_another_person_s_passkey(house: House, person: PersonId) -> None:
    await with_passkey(house, person)
    now = house.clock.now()
    other = await run(
        house.database, (), lambda conn: persons.make_person(conn, house.keyring, now)
    )
    target = (await listed(house, person))[0].id

    with pytest.raises(NotFound):
        await run(house.database, (), lambda conn: actions.remove(conn, other, target))


async def test_one_credential_is_registered_once(house: House, person: PersonId) -> None:
    phone = await with_passkey(house, person)
    again = phone.create(await creation(house, person), origin(house))
    with pytest.raises(PasskeyKnown):
        await register(house, person, again)


async def test_a_challenge_for_one_person_registers_nothing_for_another(
    house: House, person: PersonId
) -> None:
    now = house.clock.now()
    other = await run(
        house.database, (), lambda conn: persons.make_person(conn, house.keyring, now)
    )
    shown = Phone().create(await creation(house, person), origin(house))
    with pytest.raises(PasskeyRefused):
        await register(house, other, shown)


async def test_a_suspended_person_s_passkey_opens_nothing(house: House, person: PersonId) -> None:
    phone = await with_passkey(house, person)
    now = house.clock.now()
    await run(house.database, (), lambda conn: persons.suspend(conn, person, now))
    with pytest.raises(PersonNotActive):
        await sign_in(house, phone.get(await asked(house), origin(house)))


async def test_the_handle_is_64_random_bytes_and_not_the_person(
    house: House, person: PersonId
) -> None:
    phone = await with_passkey(house, person)

    assert len(phone.handle) == 64
    assert person.bytes not in phone.handle


@pytest.mark.parametrize(
    ("known", "shown", "answer"),
    [
        (0, 0, rules.Counter.FINE),
        (0, 1, rules.Counter.FINE),
        (5, 6, rules.Counter.FINE),
        (5, 5, rules.Counter.NOT_GROWN),
        (5, 4, rules.Counter.NOT_GROWN),
        (5, 0, rules.Counter.NOT_GROWN),
    ],
)
def test_a_counter_grows_or_is_always_zero(known: int, shown: int, answer: rules.Counter) -> None:
    assert rules.decide_counter(known, shown) is answer


def test_a_way_in_is_changed_only_minutes_after_the_card(clock: FixedClock) -> None:
    now = clock.now()
    session = Session(
        entrance=Entrance.PEOPLE,
        actor=Actor(kind=ActorKind.PERSON, id="p"),
        acr=Acr.CARD,
        authenticated_at=now,
        card_at=now,
        expires_at=now + timedelta(hours=12),
        token_digest=b"t",
    )

    actions.check_card_is_fresh(session, now)
    with pytest.raises(CardNeeded):
        actions.check_card_is_fresh(session, now + timedelta(minutes=16))
