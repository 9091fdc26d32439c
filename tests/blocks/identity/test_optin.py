"""Opt-in against a real database: spent once, never without revocation, one card one person."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from mieone.blocks.identity.actions import keys, persons
from mieone.blocks.identity.actions import optin as actions
from mieone.blocks.identity.actions.optin import CardPath
from mieone.blocks.identity.jobs import finish_forgotten_optins
from mieone.blocks.identity.model import PersonId, PlatformAnswer
from mieone.blocks.identity.problems import (
    AttributesUnparsable,
    CertificateRevoked,
    LinkedToOtherPerson,
    NonceExpired,
    NonceReused,
    PersonNotActive,
    RevocationUnavailable,
    SignatureWrong,
)
from mieone.core.clock import FixedClock
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import NotFound
from mieone.simulators.cards import CardOffice
from mieone.simulators.operator import SimulatedOperator
from tests.blocks.identity import given


@pytest.fixture
def cards(tmp_path: Path, clock: FixedClock) -> CardOffice:
    return given.office(tmp_path, *given.PEOPLE, clock=clock)


@pytest.fixture
def path(cards: CardOffice, clock: FixedClock) -> CardPath:
    return given.card_path(cards, clock)


async def attributes(house: House, person_id: PersonId) -> dict[str, str]:
    async with house.database.transaction() as conn:
        return await keys.attributes_of(conn, house.keyring, person_id, house.clock.now())


async def events(house: House) -> list[str]:
    async with house.database.transaction() as conn:
        rows = await conn.fetch("SELECT name FROM core.event ORDER BY event_id")
    return [row["name"] for row in rows]


async def count(house: House, table: str) -> int:
    async with house.database.transaction() as conn:
        return int(await conn.fetchval(f"SELECT count(*) FROM identity.{table}"))


async def state_of(house: House, optin: actions.OptIn) -> tuple[str, str | None]:
    async with house.database.transaction() as conn:
        row = await conn.fetchrow(
            "SELECT state, failure FROM identity.optin_transaction WHERE transaction_id = $1",
            optin.id,
        )
    assert row is not None
    return row["state"], row["failure"]


async def test_a_card_makes_a_person_who_is_told_to_the_others(
    house: House, cards: CardOffice
) -> None:
    proven = await given.proven(house, cards)

    known = await attributes(house, proven.person_id)
    assert proven.is_new
    assert known["name"] == "見本 花子"
    assert known["birth_date"] == "1991-05-17"
    assert (known["residency"], known["town"]) == ("resident", "244422")
    assert await events(house) == ["identity.person_verified"]
    assert await count(house, "proofing_event") == 1


async def test_somebody_from_the_next_town_is_a_visitor(house: House, cards: CardOffice) -> None:
    proven = await given.proven(house, cards, "T-0003")

    known = await attributes(house, proven.person_id)
    assert (known["residency"], known["town"]) == ("visitor", "")


async def test_the_same_card_finds_the_same_person(house: House, cards: CardOffice) -> None:
    first = await given.proven(house, cards)
    again = await given.proven(house, cards)

    assert again.person_id == first.person_id
    assert not again.is_new
    assert await count(house, "person") == 1


async def test_a_renewed_card_finds_the_same_person_and_replaces_the_old_link(
    house: House, cards: CardOffice
) -> None:
    first = await given.proven(house, cards)
    cards.renew("T-0001")

    again = await given.proven(house, cards)

    async with house.database.transaction() as conn:
        rows = await conn.fetch("SELECT kind, state FROM identity.identity_link")
    assert again.person_id == first.person_id
    assert sorted((row["kind"], row["state"]) for row in rows) == [
        ("jpki_auth", "superseded"),
        ("jpki_auth", "verified"),
        ("pf_user", "verified"),
    ]


async def test_a_move_changes_the_address_and_not_the_person(
    house: House, cards: CardOffice
) -> None:
    first = await given.proven(house, cards)
    cards.move(
        given.holder(address="三重県北牟婁郡紀北町海山区相賀四百番地", city="北牟婁郡紀北町")
    )

    again = await given.proven(house, cards)

    assert again.person_id == first.person_id
    assert (await attributes(house, first.person_id))["town"] == "245437"


async def test_who_moves_away_is_no_resident_and_no_stranger(
    house: House, cards: CardOffice
) -> None:
    first = await given.proven(house, cards)
    cards.move(given.holder(address="三重県津市広明町十三番地", city="津市"))

    await given.proven(house, cards)

    known = await attributes(house, first.person_id)
    assert (known["residency"], known["town"]) == ("moved_out", "")


async def test_a_lost_card_is_refused_and_the_reissued_one_is_not(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    first = await given.proven(house, cards)
    optin = await given.started(house, path)
    shown = given.answer(cards, house, optin)
    cards.lose("T-0001")

    await given.accepted(house, path, optin, shown)
    with pytest.raises(CertificateRevoked):
        await actions.finish(house, path, optin.id)
    cards.reissue("T-0001")
    again = await given.proven(house, cards)

    assert await state_of(house, optin) == ("failed", "identity/cert-revoked")
    assert again.person_id == first.person_id


async def test_a_dead_person_s_card_opens_nothing(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    cards.die("T-0001")
    optin = await given.started(house, path)
    await given.accepted(house, path, optin, given.answer(cards, house, optin))

    with pytest.raises(CertificateRevoked):
        await actions.finish(house, path, optin.id)
    assert await count(house, "person") == 0


async def test_of_two_answers_to_one_challenge_exactly_one_counts(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    optin = await given.started(house, path)
    shown = given.answer(cards, house, optin)

    outcomes = await asyncio.gather(
        *(given.accepted(house, path, optin, shown) for _ in range(5)), return_exceptions=True
    )

    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, NonceReused) for outcome in outcomes) == 4


async def test_a_wrong_signature_spends_the_challenge(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    optin = await given.started(house, path)
    right = given.answer(cards, house, optin)
    wrong = msgspec.structs.replace(right, signature=given.signature(cards, b"another text"))

    with pytest.raises(SignatureWrong):
        await given.accepted(house, path, optin, wrong)
    with pytest.raises(NonceReused):
        await given.accepted(house, path, optin, right)
    assert await state_of(house, optin) == ("failed", "identity/signature-wrong")


async def test_a_challenge_dies_after_ten_minutes(
    house: House, cards: CardOffice, path: CardPath, clock: FixedClock
) -> None:
    optin = await given.started(house, path)
    shown = given.answer(cards, house, optin)
    clock.advance(timedelta(minutes=10))

    with pytest.raises(NonceExpired):
        await given.accepted(house, path, optin, shown)
    assert await state_of(house, optin) == ("failed", "identity/nonce-expired")


async def test_another_browser_gets_nothing(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    optin = await given.started(house, path)
    shown = given.answer(cards, house, optin)
    stranger = b"s" * 32

    with pytest.raises(NotFound):
        await given.accepted(house, path, optin, shown, stranger)
    await given.accepted(house, path, optin, shown)
    await actions.finish(house, path, optin.id)
    with pytest.raises(NotFound):
        await given.claimed(house, optin, stranger)


async def test_the_outcome_is_claimed_once(house: House, cards: CardOffice, path: CardPath) -> None:
    optin = await given.started(house, path)
    await given.accepted(house, path, optin, given.answer(cards, house, optin))
    assert await given.claimed(house, optin) is None
    await actions.finish(house, path, optin.id)
    await given.claimed(house, optin)

    with pytest.raises(NonceReused):
        await given.claimed(house, optin)


class Away:
    """The operator cannot be reached."""

    name = "away"

    async def ask(self, certificate: bytes, nonce: bytes) -> PlatformAnswer:
        raise RevocationUnavailable


class Altering:
    """An operator whose answers somebody bends on the way."""

    name = "altering"

    def __init__(self, cards: CardOffice, clock: FixedClock, **changes: object) -> None:
        self._real = SimulatedOperator(cards, clock)
        self._changes = changes

    async def ask(self, certificate: bytes, nonce: bytes) -> PlatformAnswer:
        answer = await self._real.ask(certificate, nonce)
        return msgspec.structs.replace(answer, **self._changes)


async def test_nobody_is_let_in_while_revocation_is_unknown_and_a_later_try_succeeds(
    house: House, cards: CardOffice, path: CardPath, clock: FixedClock
) -> None:
    away = msgspec.structs.replace(path, operator=Away())
    optin = await given.started(house, away)
    await given.accepted(house, away, optin, given.answer(cards, house, optin))

    with pytest.raises(RevocationUnavailable):
        await actions.finish(house, away, optin.id)
    assert await state_of(house, optin) == ("asking", None)
    assert await given.claimed(house, optin) is None
    assert await count(house, "person") == 0

    await actions.finish(house, path, optin.id)
    assert await given.claimed(house, optin) is not None


async def test_an_answer_to_another_question_is_no_answer(
    house: House, cards: CardOffice, path: CardPath, clock: FixedClock
) -> None:
    bent = msgspec.structs.replace(path, operator=Altering(cards, clock, ocsp=b"\x30\x00"))
    optin = await given.started(house, bent)
    await given.accepted(house, bent, optin, given.answer(cards, house, optin))

    with pytest.raises(RevocationUnavailable):
        await actions.finish(house, bent, optin.id)


async def test_missing_attributes_end_the_attempt(
    house: House, cards: CardOffice, path: CardPath, clock: FixedClock
) -> None:
    bent = msgspec.structs.replace(path, operator=Altering(cards, clock, attributes=None))
    optin = await given.started(house, bent)
    await given.accepted(house, bent, optin, given.answer(cards, house, optin))

    with pytest.raises(AttributesUnparsable):
        await actions.finish(house, bent, optin.id)
    assert await state_of(house, optin) == ("failed", "identity/attributes-unparsable")


async def test_a_job_finishes_what_a_crash_left_open(
    house: House, cards: CardOffice, path: CardPath, clock: FixedClock
) -> None:
    optin = await given.started(house, path)
    await given.accepted(house, path, optin, given.answer(cards, house, optin))
    assert await finish_forgotten_optins(house, path) == 0

    clock.advance(timedelta(minutes=1))
    assert await finish_forgotten_optins(house, path) == 1

    outcome = await given.claimed(house, optin)
    assert outcome is not None


async def test_what_nobody_finished_in_time_is_closed(
    house: House, cards: CardOffice, path: CardPath, clock: FixedClock
) -> None:
    away = msgspec.structs.replace(path, operator=Away())
    optin = await given.started(house, away)
    await given.accepted(house, away, optin, given.answer(cards, house, optin))
    clock.advance(timedelta(minutes=11))

    await finish_forgotten_optins(house, away)

    assert await state_of(house, optin) == ("failed", "identity/nonce-expired")


async def test_two_ways_in_at_once_with_a_new_card_make_one_person(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    optins = [await given.started(house, path) for _ in range(3)]
    for optin in optins:
        await given.accepted(house, path, optin, given.answer(cards, house, optin))

    await asyncio.gather(*(actions.finish(house, path, optin.id) for optin in optins))

    assert await count(house, "person") == 1
    assert {await state_of(house, optin) for optin in optins} == {("settled", None)}


async def test_settling_twice_changes_nothing_the_second_time(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    optin = await given.started(house, path)
    await given.accepted(house, path, optin, given.answer(cards, house, optin))

    await asyncio.gather(*(actions.finish(house, path, optin.id) for _ in range(3)))

    assert await count(house, "proofing_event") == 1
    assert await events(house) == ["identity.person_verified"]


async def test_a_card_of_somebody_else_opens_a_case_and_merges_nobody(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    hanako = await given.proven(house, cards, "T-0001")
    await given.proven(house, cards, "T-0002")
    optin = await given.started(house, path, hanako.person_id)
    await given.accepted(house, path, optin, given.answer(cards, house, optin, "T-0002"))

    with pytest.raises(LinkedToOtherPerson):
        await actions.finish(house, path, optin.id)

    assert await count(house, "conflict_case") == 1
    assert await count(house, "identity_link") == 4


async def test_a_signed_in_person_cannot_take_a_second_human_being_s_new_card(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    hanako = await given.proven(house, cards, "T-0001")
    optin = await given.started(house, path, hanako.person_id)
    await given.accepted(house, path, optin, given.answer(cards, house, optin, "T-0002"))

    with pytest.raises(LinkedToOtherPerson):
        await actions.finish(house, path, optin.id)


async def test_a_suspended_person_is_not_let_in(
    house: House, cards: CardOffice, path: CardPath
) -> None:
    first = await given.proven(house, cards)
    now = house.clock.now()
    await run(house.database, (), lambda conn: persons.suspend(conn, first.person_id, now))
    optin = await given.started(house, path)
    await given.accepted(house, path, optin, given.answer(cards, house, optin))

    with pytest.raises(PersonNotActive):
        await actions.finish(house, path, optin.id)


async def test_no_serial_name_or_address_stands_in_any_row(house: House, cards: CardOffice) -> None:
    await given.proven(house, cards)
    serial = f"{cards.current('T-0001', given.authority.Usage.AUTH).serial:X}"

    async with house.database.transaction() as conn:
        tables = await conn.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
            "WHERE schemaname IN ('identity', 'core')"
        )
        for table in tables:
            if table["name"] == "core.migration":
                continue
            text = await conn.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table['name']} AS t")
            for secret in ("見本", "馬之上", "1991-05-17", serial):
                assert secret not in (text or ""), table["name"]
