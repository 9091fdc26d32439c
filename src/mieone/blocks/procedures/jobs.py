"""What follows from facts: gifts after decisions, offers after births, notes, and tidying up."""

from datetime import date, timedelta
from uuid import UUID

from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.model import TownCode, system_actor
from mieone.core.outbox import Event, Subscription
from mieone.core.ports import Basis, GrantOrder, Note
from mieone.core.problems import KeyReused

from . import actions
from .actions.register import Ground, ask_register
from .model import CaseId, Outcome, ProcedureId
from .rules.gifts import list_gifts
from .store import cases, drafts, offers

BIRTH_PROCEDURE = ProcedureId("C1")
LOOK_AGAIN = timedelta(days=7)
BIRTH_ITEMS = frozenset({"relationship", "birth_on"})
"""All that is needed to know whether somebody was born: no name, no address."""


async def pay_birth_gift(house: House, conn: Conn, event: Event) -> None:
    """`procedures.decided`: the town's gift for each newborn, in the transaction of its delivery."""
    if event.payload["procedure"] != BIRTH_PROCEDURE:
        return
    office = actions.office_of(house)
    case = await cases.get_case(conn, CaseId(UUID(str(event.payload["case_id"]))))
    decision = await actions.get_decision(conn, office, case)
    if decision is None or decision.outcome is Outcome.REFUSED:
        return
    file = await office.definition_of(conn, case)
    _, raw = await actions.get_answers(conn, office, case)
    arrived = actions.day_of(case.arrived_at)
    for gift in list_gifts(office.library.tables, file.definition, raw, case.town, arrived):
        # One child, one gift: a second claim for the same child finds the first one's payment.
        child = house.keyring.search_token(case.town, "birth_gift", gift.child).hex()
        order = GrantOrder(
            key=f"birth_gift:{case.town}:{child}",
            person_id=case.person_id,
            campaign=f"birth_gift.{case.town}",
            amount_yen=gift.amount_yen,
            reason="procedures.gift.birth",
            on=office.today(),
        )
        try:
            await house.pay.grant(conn, order)
        except KeyReused:
            # The other parent's claim was decided first, and the gift went there.
            continue
        note = Note(
            key=order.key,
            person_id=case.person_id,
            message="procedures.notes.gift",
            values={"amount": f"{gift.amount_yen:,}"},
            link="/coin",
        )
        await house.notify.send(conn, note)


async def tell_of_correction(house: House, conn: Conn, event: Event) -> None:
    case = await cases.get_case(conn, CaseId(UUID(str(event.payload["case_id"]))))
    note = Note(
        key=f"procedures.correction:{event.event_id}",
        person_id=case.person_id,
        message="procedures.notes.correction",
        values={"number": case.number},
        link=f"/cases/{case.id}",
    )
    await house.notify.send(conn, note)


async def tell_of_receipt(house: House, conn: Conn, event: Event) -> None:
    case = await cases.get_case(conn, CaseId(UUID(str(event.payload["case_id"]))))
    note = Note(
        key=f"procedures.received:{case.id}",
        person_id=case.person_id,
        message="procedures.notes.received",
        values={"number": case.number},
        link=f"/cases/{case.id}",
    )
    await house.notify.send(conn, note)


async def watch_for_births(house: House, conn: Conn, event: Event) -> None:
    """Linked to a register, or changed in it: a newborn in this household may be of use."""
    await offers.record_watch(
        conn,
        UUID(str(event.payload["person_id"])),
        TownCode(str(event.payload["town"])),
        house.clock.now(),
    )


async def offer_procedures(house: House) -> int:
    """Ask the door, in the town's name, whether a child was born lately; offer, never presume."""
    office = actions.office_of(house)
    towns = house.region.town_codes
    due = await run(
        house.database, towns, lambda conn: offers.claim_watches(conn, office.now(), LOOK_AGAIN)
    )
    offered = 0
    for person_id, town in due:
        file = office.library.definition_on(BIRTH_PROCEDURE, office.today())
        ground = Ground(purpose="procedure", basis=Basis.LAW, ref=file.definition.legal_basis)
        robot = system_actor("procedures.offers", frozenset({town}))
        known = await ask_register(house, file.definition, robot, person_id, ground, BIRTH_ITEMS)
        born = (
            [value for path, value in known.paths.items() if path.endswith("].birth_date")]
            if known
            else []
        )
        newest = max((date.fromisoformat(day) for day in born), default=None)
        if newest is None or newest <= office.today() - timedelta(days=366):
            continue
        birth = newest

        async def offer(
            conn: Conn, person: UUID = person_id, where: TownCode = town, on: date = birth
        ) -> None:
            await offers.record_offer(conn, where, person, BIRTH_PROCEDURE, on, office.now())

        await run(house.database, towns, offer)
        offered += 1
    return offered


async def forget_person(house: House, conn: Conn, event: Event) -> None:
    """Whoever leaves takes drafts and offers along; cases stay as long as the law keeps them."""
    person_id = UUID(str(event.payload["person_id"]))
    await drafts.delete_drafts_of(conn, person_id)
    await offers.delete_offers_of(conn, person_id)


async def delete_old_drafts(house: House) -> int:
    return await run(
        house.database,
        house.region.town_codes,
        lambda conn: drafts.delete_expired_drafts(conn, house.clock.now()),
    )


SUBSCRIPTIONS = (
    Subscription(
        event="procedures.decided", name="procedures.pay_birth_gift", handle=pay_birth_gift
    ),
    Subscription(
        event="procedures.correction_asked",
        name="procedures.tell_of_correction",
        handle=tell_of_correction,
    ),
    Subscription(
        event="procedures.received", name="procedures.tell_of_receipt", handle=tell_of_receipt
    ),
    Subscription(
        event="registry.linked", name="procedures.watch_for_births", handle=watch_for_births
    ),
    Subscription(
        event="registry.resident_changed", name="procedures.watch_again", handle=watch_for_births
    ),
    Subscription(
        event="identity.person_closed", name="procedures.forget_person", handle=forget_person
    ),
)
JOBS = (
    PeriodicJob(name="procedures.offer_procedures", every_s=2.0, run=offer_procedures),
    PeriodicJob(name="procedures.delete_old_drafts", every_s=3600.0, run=delete_old_drafts),
)
