"""Procedures, declared."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

from mieone.core.block import Block, Retained
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.verify import Finding
from mieone.web import HomeItem, PageSection, SectionLink, SectionPlace, Tone, Urgency

from . import actions, pages
from .actions.datasets import CaseProvider
from .actions.office import library_at
from .jobs import JOBS, SUBSCRIPTIONS
from .model import Act, CaseFile, CaseState, Offer
from .pages.applying import list_offers
from .problems import ActNotPossible
from .routes import ROUTES
from .rules.case_states import FINAL, fold, transitions_for
from .rules.definition_lint import lint_library
from .rules.functions import add_months
from .store import cases
from .store.cases import CHAIN

FOLDER = Path(__file__).parent


async def list_home_items(house: House, person_id: UUID) -> Sequence[HomeItem]:
    """What is offered, what waits for the person, what has moved."""
    office = actions.office_of(house)

    async def read(conn: Conn) -> tuple[list[Offer], list[CaseFile]]:
        offers = await list_offers(conn, office, person_id)
        return offers, await cases.list_cases_of(conn, person_id)

    offers, files = await run(house.database, house.region.town_codes, read)
    items = [_offer_item(office, offer) for offer in offers]
    items += [_case_item(case) for case in files if case.state not in (*FINAL, CaseState.DELIVERED)]
    return items


def _offer_item(office: actions.Office, offer: Offer) -> HomeItem:
    file = office.library.definition_on(offer.procedure, office.today())
    deadline = file.definition.deadline
    days = next(
        (c.days for c in file.definition.clocks if deadline and c.id == deadline.clock), None
    )
    last = date.fromordinal(offer.event_on.toordinal() + days) if days else None
    return HomeItem(
        urgency=Urgency.DEADLINE,
        message_id="procedures.home.birth",
        href=f"/procedures/{offer.procedure}",
        icon="baby",
        until=last if last and last >= office.today() else None,
        tone=Tone.ATTENTION,
    )


def _case_item(case: CaseFile) -> HomeItem:
    waits = case.state is CaseState.AWAITING_CORRECTION
    return HomeItem(
        urgency=Urgency.DEADLINE if waits else Urgency.NEWS,
        message_id="procedures.home.correct" if waits else "procedures.home.running",
        values={"number": case.number},
        href=f"/cases/{case.id}",
        icon="pen" if waits else "paper",
        tone=Tone.ATTENTION if waits else Tone.INFO,
    )


async def list_sections(house: House, person_id: UUID) -> Sequence[PageSection]:
    files = await run(
        house.database,
        house.region.town_codes,
        lambda conn: cases.list_cases_of(conn, person_id),
    )
    return [
        PageSection(
            place=SectionPlace.PROCEDURES,
            order=10,
            title_id="procedures.my.title",
            text_id="procedures.my.count" if files else "procedures.my.none",
            values={"count": len(files)},
            links=(
                SectionLink(message_id="procedures.my.start", href="/procedures", icon="pen"),
                SectionLink(message_id="procedures.my.cases", href="/cases", icon="paper"),
            ),
        )
    ]


async def list_retained(house: House, conn: Conn, person_id: UUID) -> Sequence[Retained]:
    """Cases outlive a Mie-ID: the law keeps them, until a date that is told."""
    office = actions.office_of(house)
    found = []
    for case in await cases.list_cases_of(conn, person_id):
        file = await office.definition_of(conn, case)
        keep = file.definition.retention
        ends = add_months(actions.day_of(case.changed_at), keep.years * 12)
        is_closed = case.state in FINAL
        found.append(
            Retained(
                what="procedures.retained.case", law=keep.basis, until=ends if is_closed else None
            )
        )
    return found


async def verify_states(house: House, conn: Conn) -> Sequence[Finding]:
    """The state on file must be the fold of the events; every town's cases are read."""
    office = actions.office_of(house)
    findings = [
        Finding(
            check="procedures.states", where=number, what="the state is not the fold of its events"
        )
        for number, state, count, acts in await cases.list_histories(conn)
        if len(acts) != count or _fold(acts) is not state
    ]
    problems = lint_library(office.library, house.region.town_codes)
    findings += [Finding(check="procedures.files", where="regions", what=one) for one in problems]
    return findings


def _fold(acts: Sequence[Act]) -> CaseState | None:
    try:
        return fold(transitions_for(has_decision=True), acts)
    except ActNotPossible:
        return None


def block() -> Block:
    """A new declaration, with a provider that belongs to the house it is opened in."""
    provider = CaseProvider()

    async def start(house: House) -> None:
        # A definition that cannot be read stops the house before anybody relies on it.
        library_at(house.region.directory)
        provider.open(house)

    return Block(
        name="procedures",
        migrations=FOLDER / "migrations",
        templates=FOLDER / "templates",
        routes=ROUTES,
        pages=pages.PEOPLE,
        desk=pages.DESK,
        datasets=provider.datasets(),
        chains=[CHAIN],
        subscriptions=SUBSCRIPTIONS,
        jobs=JOBS,
        verifiers=[verify_states],
        home_items=list_home_items,
        my_page=list_sections,
        retention=list_retained,
        start=start,
    )


BLOCK = block()
