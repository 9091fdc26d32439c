"""A matching in three steps: noted with the event, asked at the door, linked; a job takes it on."""

from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from mieone.blocks import identity
from mieone.blocks.registry import store
from mieone.blocks.registry.rules.matching import Claim, wait_after
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import system_actor
from mieone.core.outbox import Event
from mieone.core.ports import Basis, DisclosureRequest, PersonSubject

from .matching import PURPOSE, SERVICE, claim_of, match_claim
from .protection import SECTOR

DATASET = "identity.proved_attributes@1"
ASKED = ("name", "name_flags", "address", "address_flags", "birth_date", "sex")
BASIS_REF = "register-matching"
MOST_A_TURN = 50
LOOK_AGAIN = timedelta(minutes=1)
"""Until we see whether a protection has ended."""

log = structlog.get_logger()


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One person's matching, ours until it is due again."""

    due: store.DueMatching
    person_id: UUID | None
    """None when there is nothing to ask the door for."""


async def note_verified(house: House, conn: Conn, event: Event) -> None:
    """`identity.person_verified`: only noted here; what the card said comes through the door."""
    person_id = UUID(str(event.payload["person_id"]))
    try:
        pairwise = await identity.pairwise_id(conn, SECTOR, person_id)
    except identity.PersonNotActive:
        # Left again before we came to it: there is nobody to match.
        return
    await store.record_due(conn, pairwise, event.event_id, house.clock.now())


async def match_due(house: House) -> int:
    """Whatever is due, one after the other; one that fails stays due and stops nobody."""
    count = 0
    while count < MOST_A_TURN:
        turn = await run(house.database, (), lambda conn: _take_turn(conn, house))
        if turn is None:
            break
        if turn.person_id is not None:
            await _finish(house, turn.due, turn.person_id)
        count += 1
    return count


async def _take_turn(conn: Conn, house: House) -> Turn | None:
    now = house.clock.now()
    due = await store.lock_next_due(conn, now)
    if due is None:
        return None
    person_id = await identity.person_of(conn, SECTOR, due.pairwise_id)
    if person_id is None:
        await store.void_due(conn, due.pairwise_id)
        return Turn(due=due, person_id=None)
    if await identity.is_protected(conn, [person_id], now):
        # Under 支援措置 the door is shut for us too. The link by which the flag came stays, so that
        # whoever ends the flag still reaches the person; then this is matched.
        await store.record_due_turn(conn, due.pairwise_id, due.attempts, now + LOOK_AGAIN)
        return Turn(due=due, person_id=None)
    # Due again before we begin: after a crash somebody takes it up where we left it.
    next_at = now + wait_after(due.attempts)
    await store.record_due_turn(conn, due.pairwise_id, due.attempts + 1, next_at)
    return Turn(due=due, person_id=person_id)


async def _finish(house: House, due: store.DueMatching, person_id: UUID) -> None:
    try:
        claim = await _ask(house, person_id)
        await run(
            house.database,
            house.region.town_codes,
            lambda conn: _settle(conn, house, due, person_id, claim),
        )
    except Exception as error:
        # The text may quote personal values; only the kind of failure is kept.
        kind = type(error).__name__
        log.warning("matching_failed", attempts=due.attempts + 1, kind=kind)
        await run(house.database, (), lambda conn: store.record_due_failure(conn, due, kind))


async def _ask(house: House, person_id: UUID) -> Claim:
    """Never in a transaction. Raises exchange's problems; both ends are on the person's record."""
    request = DisclosureRequest(
        request_id=uuid7(),
        service=SERVICE,
        actor=system_actor("registry.match_due"),
        subject=PersonSubject(person_id),
        dataset=DATASET,
        items=ASKED,
        purpose=PURPOSE,
        basis=Basis.LAW,
        basis_ref=BASIS_REF,
    )
    disclosure = await house.disclose(request)
    for one in disclosure.records:
        if one.holder:
            return claim_of(one.items)
    raise LookupError("the door permits, and nobody is behind it")


async def _settle(
    conn: Conn, house: House, due: store.DueMatching, person_id: UUID, claim: Claim
) -> None:
    if not await store.take_due(conn, due):
        return
    if await identity.person_of(conn, SECTOR, due.pairwise_id) is None:
        # Left while the door was asked.
        return
    await match_claim(conn, house, due.pairwise_id, person_id, claim)
