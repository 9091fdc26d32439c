"""Cases against the real schema: reception, correction, decision, letter."""

import asyncio
import io
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pypdf
import pytest

from mieone.blocks.procedures import actions
from mieone.blocks.procedures.actions.office import Office
from mieone.blocks.procedures.actions.sealing import open_vault
from mieone.blocks.procedures.model import Act, ActorClass, CaseFile, CaseState, Decision, Outcome
from mieone.blocks.procedures.problems import (
    ActNotPossible,
    AnswersIncomplete,
    CaseNotFound,
    InputsMissing,
    LetterNotFound,
    NotYoursToDo,
    ReasonsMissing,
    SpecimenStaysHere,
)
from mieone.blocks.procedures.rules import acts
from mieone.blocks.procedures.store import cases
from mieone.core import chain
from mieone.core.clock import FixedClock
from mieone.core.database import Conn, PooledDatabase, set_scope
from mieone.core.edge import run
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.ports import Note
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.settings import Profile
from tests.conftest import OneTransaction, connected

from . import given

MEIWA, KIHOKU = TownCode(given.MEIWA), TownCode(given.KIHOKU)
EVERYTHING = (f"{MEIWA}/*", f"{KIHOKU}/*")
PERSON = UUID("018f0000-0000-7000-8000-000000000001")
APPLICANT = Actor(kind=ActorKind.PERSON, id=str(PERSON), towns=frozenset({MEIWA}))
NEIGHBOUR = Actor(kind=ActorKind.PERSON, id=str(uuid4()), towns=frozenset({MEIWA}))
OFFICER = Actor(
    kind=ActorKind.TOWN_OFFICER, id="post-1", organisation="meiwa", towns=frozenset({MEIWA})
)
ELSEWHERE = Actor(
    kind=ActorKind.TOWN_OFFICER, id="post-2", organisation="kihoku", towns=frozenset({KIHOKU})
)
ASSOCIATION = Actor(
    kind=ActorKind.ASSOCIATION, id="staff-1", organisation="one", towns=frozenset({MEIWA, KIHOKU})
)


class Postbox:
    """The seam to the inbox."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    async def send(self, conn: Conn, note: Note) -> None:
        self.notes.append(note)


@pytest.fixture
def office(region: Region, keyring: KeyRing, clock: FixedClock) -> Office:
    return Office(
        library=given.library(), keyring=keyring, region=region, clock=clock, profile=Profile.DEMO
    )


def newborn(**changed: str) -> dict[str, object]:
    return given.answers(given.child("2026-11-15"), event_date="2026-11-15", **changed)


async def sent(conn: Conn, office: Office, town: TownCode = MEIWA, **changed: str) -> CaseFile:
    draft = await actions.open_draft(conn, office, PERSON, "C1", town)  # type: ignore[arg-type]
    await actions.save_draft(conn, office, draft, newborn(**changed), town)  # type: ignore[arg-type]
    return await actions.submit(conn, office, APPLICANT, draft.submit_token)


async def examined(conn: Conn, office: Office, case: CaseFile) -> UUID:
    await actions.record_act(conn, office, ASSOCIATION, case.id, Act.START_CHECK)
    await actions.record_act(conn, office, ASSOCIATION, case.id, Act.HAND_OVER)
    _, evaluation_id = await actions.conclude(conn, office, OFFICER, case.id)
    return evaluation_id


async def decided(
    conn: Conn, office: Office, case: CaseFile, outcome: Outcome = Outcome.GRANTED
) -> Decision:
    evaluation_id = await examined(conn, office, case)
    reasons = ("見本の理由",) if outcome is Outcome.REFUSED else ()
    return await actions.decide(conn, office, OFFICER, case.id, evaluation_id, outcome, reasons)


async def test_a_claim_is_received_at_once_and_pinned(conn: Conn, office: Office) -> None:
    case = await sent(conn, office)

    events = await actions.list_events(conn, office, case)
    assert case.state is CaseState.RECEIVED
    assert case.number.startswith("442-26-")
    assert [(e.seq, e.act, e.actor_class) for e in events] == [
        (1, Act.SUBMIT, ActorClass.APPLICANT),
        (2, Act.RECEIVE, ActorClass.SYSTEM),
    ]
    assert case.due_on == date(2026, 12, 14)
    assert case.definition_hash in office.library.by_hash
    row = await conn.fetchrow("SELECT sealed FROM procedures.answers WHERE case_id = $1", case.id)
    assert row is not None
    assert "見本".encode() not in row["sealed"]


async def test_an_incomplete_form_stays_a_draft(conn: Conn, office: Office) -> None:
    draft = await actions.open_draft(conn, office, PERSON, "C1", MEIWA)  # type: ignore[arg-type]
    await actions.save_draft(conn, office, draft, {"reason": "birth"}, MEIWA)
    with pytest.raises(AnswersIncomplete):
        await actions.submit(conn, office, APPLICANT, draft.submit_token)


async def test_my_number_is_not_even_kept_in_a_draft(conn: Conn, office: Office) -> None:
    draft = await actions.open_draft(conn, office, PERSON, "C1", MEIWA)  # type: ignore[arg-type]
    await actions.save_draft(conn, office, draft, {"phone": "123456789018"}, MEIWA)
    again = await actions.open_draft(conn, office, PERSON, "C1", MEIWA)  # type: ignore[arg-type]
    assert actions.read_draft(office, again).answers == {"phone": ""}


async def test_one_token_gives_one_number_however_often_it_is_sent(
    database: PooledDatabase, office: Office
) -> None:
    towns = office.region.town_codes

    async def prepare(conn: Conn) -> UUID:
        draft = await actions.open_draft(conn, office, PERSON, "C1", MEIWA)  # type: ignore[arg-type]
        await actions.save_draft(conn, office, draft, newborn(), MEIWA)  # type: ignore[arg-type]
        return draft.submit_token

    token = await run(database, towns, prepare)
    found = await asyncio.gather(
        *(
            run(database, towns, lambda conn: actions.submit(conn, office, APPLICANT, token))
            for _ in range(50)
        )
    )

    assert len({case.number for case in found}) == 1
    async with database.transaction(towns) as conn:
        assert await conn.fetchval("SELECT count(*) FROM procedures.case_file") == 1
        assert await conn.fetchval("SELECT count(*) FROM procedures.case_event") == 2


async def test_the_whole_road_to_a_delivered_notice(
    rolled_back: OneTransaction, office: Office
) -> None:
    conn = rolled_back.conn
    case = await sent(conn, office)
    decision = await decided(conn, office, case)
    letter = await actions.prepare_notice(rolled_back, office, ASSOCIATION, case.id)
    await set_scope(conn, office.region.town_codes)
    postbox = Postbox()
    await actions.dispatch(conn, office, postbox, ASSOCIATION, case.id)
    with pytest.raises(CaseNotFound):
        await actions.open_letter(conn, office, NEIGHBOUR, case.id)
    pdf = await actions.open_letter(conn, office, APPLICANT, case.id)
    again = await actions.open_letter(conn, office, APPLICANT, case.id)

    after = await cases.get_case(conn, case.id)
    assert decision.outcome is Outcome.GRANTED
    assert decision.delegation
    assert letter.is_specimen
    assert after.state is CaseState.DELIVERED
    assert pdf == again
    assert [note.link for note in postbox.notes] == [f"/cases/{case.id}/letter.pdf"]
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert "15,000円" in text
    assert "明和町長" in text
    assert "審査請求" in text
    assert "2026年12月分から" in text
    assert all(
        "見本・要確認" in page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages
    )


async def test_the_time_to_appeal_begins_with_delivery(conn: Conn, office: Office) -> None:
    database = OneTransaction(conn)
    case = await sent(conn, office)
    await decided(conn, office, case)
    await actions.prepare_notice(database, office, OFFICER, case.id)
    await set_scope(conn, office.region.town_codes)
    await actions.dispatch(conn, office, Postbox(), OFFICER, case.id)
    await actions.open_letter(conn, office, APPLICANT, case.id)

    case = await cases.get_case(conn, case.id)
    events = await actions.list_events(conn, office, case)
    file = await office.definition_of(conn, case)
    readings = actions.cases.read_clocks(office, file, case, events)
    assert readings["appeal"].due_on == date(2027, 2, 22)
    assert readings["filing"].stopped_on == date(2026, 11, 22)


@pytest.mark.parametrize("act", sorted(acts.DECIDING | acts.EXAMINING))
async def test_association_staff_cannot_decide(conn: Conn, office: Office, act: Act) -> None:
    case = await sent(conn, office)
    evaluation_id = await examined(conn, office, case)
    with pytest.raises(NotYoursToDo):
        await actions.record_act(conn, office, ASSOCIATION, case.id, act, note="x")
    with pytest.raises(NotYoursToDo):
        await actions.decide(conn, office, ASSOCIATION, case.id, evaluation_id, Outcome.GRANTED, ())


@pytest.mark.parametrize("act", ["decide", "extend", "revoke", "conclude"])
async def test_the_database_refuses_an_association_event_that_decides(
    conn: Conn, office: Office, act: str
) -> None:
    case = await sent(conn, office)
    values = {
        "town": case.town, "case_id": case.id, "seq": 3, "at": office.now(), "act": act,
        "actor_class": "association", "actor_id": "staff-1", "organisation": "one", "note": None,
    }  # fmt: skip
    with pytest.raises(asyncpg.CheckViolationError):
        async with conn.transaction():
            await chain.append(conn, office.keyring, cases.CHAIN, values)


async def insert_decision(
    conn: Conn, case: CaseFile, evaluation_id: UUID, who: str, kind: str
) -> None:
    async with conn.transaction():
        await conn.execute(
            "INSERT INTO procedures.decision (decision_id, town, case_id, evaluation_id, outcome, "
            "authority, delegation, actor_class, decided_by, law_refs, reasons, decided_at) "
            "VALUES ($1, $2, $3, $4, 'granted', 'town_mayor', '', $6, $5, '{law}', '', now())",
            uuid4(), case.town, case.id, evaluation_id, who, kind,
        )  # fmt: skip


async def test_the_database_refuses_a_decision_row_of_the_association(
    conn: Conn, office: Office
) -> None:
    case = await sent(conn, office)
    evaluation_id = await examined(conn, office, case)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await insert_decision(conn, case, evaluation_id, "staff-1", "association")
    # Nor under another name: this post has worked for the association.
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await insert_decision(conn, case, evaluation_id, "staff-1", "town_officer")
    # Nor without the event beside it.
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_decision(conn, case, evaluation_id, "post-9", "town_officer")


async def test_what_is_decided_is_never_changed(conn: Conn, office: Office) -> None:
    case = await sent(conn, office)
    await decided(conn, office, case)
    for statement in (
        "UPDATE procedures.decision SET outcome = 'refused'",
        "DELETE FROM procedures.decision",
        "UPDATE procedures.case_event SET act = 'withdraw'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with conn.transaction():
                await conn.execute(statement)


async def test_an_officer_of_another_town_sees_nothing(conn: Conn, office: Office) -> None:
    case = await sent(conn, office)
    with pytest.raises(CaseNotFound):
        await actions.record_act(conn, office, ELSEWHERE, case.id, Act.START_CHECK)
    await set_scope(conn, ELSEWHERE.towns)
    with pytest.raises(CaseNotFound):
        await cases.get_case(conn, case.id)
    assert await cases.list_queue(conn, ELSEWHERE.towns, EVERYTHING, list(CaseState)) == []
    assert await cases.count_queue(conn, [MEIWA, KIHOKU], EVERYTHING) == {}


async def test_without_an_entrustment_the_association_sees_nothing(
    conn: Conn, office: Office
) -> None:
    await sent(conn, office)
    await set_scope(conn, [KIHOKU])
    assert await cases.list_queue(conn, [MEIWA, KIHOKU], EVERYTHING, list(CaseState)) == []


async def test_every_table_is_bound_to_its_town(connections: Connections) -> None:
    async with connected(connections.app_dsn) as conn:
        tables = await conn.fetch(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS secured "
            "FROM pg_class AS c WHERE c.relnamespace = 'procedures'::regnamespace "
            "AND c.relkind = 'r'"
        )
    assert {row["relname"] for row in tables if not row["secured"]} == {"definition"}


async def test_a_refusal_needs_reasons_and_so_does_departing_from_the_proposal(
    conn: Conn, office: Office
) -> None:
    case = await sent(conn, office)
    evaluation_id = await examined(conn, office, case)
    for reasons in ((), ("  ",)):
        with pytest.raises(ReasonsMissing):
            await actions.decide(
                conn, office, OFFICER, case.id, evaluation_id, Outcome.REFUSED, reasons
            )
    decision = await actions.decide(
        conn, office, OFFICER, case.id, evaluation_id, Outcome.REFUSED, ("監護していないため。",)
    )
    assert (await actions.get_decision(conn, office, case)) == decision


async def test_nobody_decides_twice(conn: Conn, office: Office) -> None:
    case = await sent(conn, office)
    evaluation_id = await examined(conn, office, case)
    await actions.decide(conn, office, OFFICER, case.id, evaluation_id, Outcome.GRANTED, ())
    with pytest.raises(ActNotPossible):
        await actions.decide(conn, office, OFFICER, case.id, evaluation_id, Outcome.GRANTED, ())


async def test_a_missing_answer_is_asked_for_and_never_concluded(
    conn: Conn, office: Office
) -> None:
    # Law before October 2024 needs the income class, which only the town can enter.
    old = Office(
        library=office.library, keyring=office.keyring, region=office.region, profile=Profile.DEMO,
        clock=FixedClock(datetime(2023, 4, 15, 3, tzinfo=UTC)),
    )  # fmt: skip
    draft = await actions.open_draft(conn, old, PERSON, "C1", MEIWA)  # type: ignore[arg-type]
    raw = given.answers(given.child("2023-04-10"), event_date="2023-04-10")
    await actions.save_draft(conn, old, draft, raw, MEIWA)  # type: ignore[arg-type]
    case = await actions.submit(conn, old, APPLICANT, draft.submit_token)
    await actions.record_act(conn, old, OFFICER, case.id, Act.START_CHECK)
    await actions.record_act(conn, old, OFFICER, case.id, Act.HAND_OVER)
    with pytest.raises(InputsMissing, match="income_class"):
        await actions.conclude(conn, old, OFFICER, case.id)


async def test_a_case_keeps_the_law_of_its_arrival(conn: Conn, office: Office) -> None:
    """Pinned by hash: with the files gone, the version the database keeps still evaluates it."""
    case = await sent(conn, office)
    before = await actions.evaluate_case(conn, office, case)
    bare = msgspec.structs.replace(
        office, library=msgspec.structs.replace(office.library, files=office.library.files[:1])
    )
    after = await actions.evaluate_case(conn, bare, case)
    assert after.encode() == before.encode()


async def test_a_correction_adds_a_version_and_rests_the_clock(
    conn: Conn, office: Office, clock: FixedClock
) -> None:
    case = await sent(conn, office)
    await actions.record_act(conn, office, ASSOCIATION, case.id, Act.START_CHECK)
    with pytest.raises(ReasonsMissing):
        await actions.record_act(conn, office, ASSOCIATION, case.id, Act.ASK_CORRECTION)
    asked = await actions.record_act(
        conn, office, ASSOCIATION, case.id, Act.ASK_CORRECTION, note="口座名義を確かめてください。"
    )
    corrected = await actions.answer_correction(
        conn,
        office,
        APPLICANT,
        case.id,
        newborn(phone="0598-00-0000"),  # type: ignore[arg-type]
    )

    version, raw = await actions.get_answers(conn, office, case)
    events = await actions.list_events(conn, office, case)
    assert asked.due_on is None
    assert corrected.state is CaseState.FORM_CHECK
    assert corrected.due_on == date(2026, 12, 14)
    assert (version, raw["phone"]) == (2, "0598-00-0000")
    assert "口座名義を確かめてください。" in [event.note for event in events]


async def test_only_the_applicant_withdraws_and_nobody_keeps_them(
    conn: Conn, office: Office
) -> None:
    case = await sent(conn, office)
    other = Actor(kind=ActorKind.PERSON, id=str(uuid4()))
    with pytest.raises(CaseNotFound):
        await actions.withdraw(conn, office, other, case.id)
    assert (await actions.withdraw(conn, office, APPLICANT, case.id)).state is CaseState.WITHDRAWN


async def test_a_specimen_does_not_leave_the_house_in_production(
    rolled_back: OneTransaction, office: Office
) -> None:
    conn = rolled_back.conn
    case = await sent(conn, office)
    await decided(conn, office, case)
    await actions.prepare_notice(rolled_back, office, OFFICER, case.id)
    await set_scope(conn, office.region.town_codes)
    real = Office(
        library=office.library, keyring=office.keyring, region=office.region, clock=office.clock,
        profile=Profile.PRODUCTION,
    )  # fmt: skip
    with pytest.raises(SpecimenStaysHere, match="kyoji"):
        await actions.dispatch(conn, real, Postbox(), OFFICER, case.id)


async def test_the_applicant_gets_no_letter_before_it_is_dispatched(
    rolled_back: OneTransaction, office: Office
) -> None:
    conn = rolled_back.conn
    case = await sent(conn, office)
    await decided(conn, office, case)
    await actions.prepare_notice(rolled_back, office, OFFICER, case.id)
    await set_scope(conn, office.region.town_codes)
    with pytest.raises(LetterNotFound):
        await actions.open_letter(conn, office, APPLICANT, case.id)


async def test_every_refusal_letter_has_its_reason_and_its_route_of_appeal(
    rolled_back: OneTransaction, office: Office
) -> None:
    conn = rolled_back.conn
    case = await sent(conn, office, is_public_servant="yes")
    await decided(conn, office, case, Outcome.REFUSED)
    await actions.prepare_notice(rolled_back, office, OFFICER, case.id)
    await set_scope(conn, office.region.town_codes)
    pdf = await actions.open_letter(conn, office, OFFICER, case.id)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert "却下" in text
    assert "見本の理由" in text
    assert "審査請求" in text
    assert "15,000円" not in text


async def test_without_its_key_nothing_of_a_case_is_left(
    conn: Conn, office: Office, connections: Connections
) -> None:
    case = await sent(conn, office)
    await conn.execute("DELETE FROM procedures.case_key WHERE case_id = $1", case.id)
    with pytest.raises(CaseNotFound):
        await open_vault(conn, office.keyring, case)
