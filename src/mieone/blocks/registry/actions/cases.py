"""Matching cases at the counter: an officer sees the claim beside the register, and decides."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from mieone.blocks import access, identity
from mieone.blocks.access import AccessRow, Kind
from mieone.blocks.registry import store
from mieone.blocks.registry.model import CaseReason, CaseState, Resident
from mieone.blocks.registry.problems import CaseClosed, CaseNotFound, ResidentNotFound
from mieone.blocks.registry.rules.matching import Claim, list_disagreements, substitutes_of
from mieone.blocks.registry.rules.tokens import born_on_term, name_term
from mieone.core.database import Conn, set_scope
from mieone.core.house import House
from mieone.core.model import Actor, TownCode

from .documents import open_entry, token_of
from .imports import check_town
from .matching import (
    ITEMS,
    PURPOSE,
    SERVICE,
    candidate_of,
    link,
    open_claim,
    push_protection,
    record_decision,
)
from .protection import SECTOR


class Possible(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on the register who may be meant, and in what the two do not agree."""

    resident: Resident
    address: str
    disagreements: tuple[str, ...]
    is_linked: bool


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    case_id: UUID
    town: TownCode
    reason: CaseReason
    claim: Claim
    possible: tuple[Possible, ...]


async def read_case(
    conn: Conn, house: House, actor: Actor, town: TownCode, case_id: UUID
) -> OpenCase:
    """Everybody born that day or of that name. The look is on the record of all of them."""
    case = await _lock_open_case(conn, actor, town, case_id)
    claim = open_claim(house, town, case.pairwise_id, case.sealed or b"")
    possible = await _list_possible(conn, house, town, claim)
    person_id = await identity.person_of(conn, SECTOR, case.pairwise_id)
    subjects = [one.resident.resident_id for one in possible]
    await _record_look(conn, house, actor, town, case_id, [*subjects, *filter(None, [person_id])])
    return OpenCase(
        case_id=case_id,
        town=town,
        reason=case.reason,
        claim=claim,
        possible=tuple(sorted(possible, key=lambda one: len(one.disagreements))),
    )


async def link_by_officer(
    conn: Conn, house: House, actor: Actor, town: TownCode, case_id: UUID, resident_id: UUID
) -> None:
    """Somebody at the counter saw the person and the papers."""
    case = await _lock_open_case(conn, actor, town, case_id)
    found = await store.find_resident(conn, town, resident_id)
    if found is None:
        raise ResidentNotFound
    now = house.clock.now()
    person_id = await identity.person_of(conn, SECTOR, case.pairwise_id)
    if person_id is None or await store.find_linked_person(conn, town, resident_id) is not None:
        raise CaseClosed
    await store.close_case(conn, town, case_id, CaseState.LINKED, now, actor.id)
    await _end_link(conn, house, town, case.pairwise_id)
    await link(conn, house, town, resident_id, case.pairwise_id, person_id, "counter", actor.id)
    entry = open_entry(house.keyring, town, resident_id, found.sealed)
    await push_protection(conn, resident_id, person_id, entry)
    await record_decision(conn, house, actor, case_id, person_id, town, "linked_by_officer")


async def _end_link(conn: Conn, house: House, town: TownCode, pairwise: str) -> None:
    """Whoever moved here is still linked where they lived, in a town this officer does not see."""
    await set_scope(conn, house.region.town_codes)
    linked = await store.find_link(conn, pairwise)
    if linked is not None:
        await store.void_link(conn, linked, house.clock.now(), "superseded")
    await set_scope(conn, [town])


async def refuse_case(
    conn: Conn, house: House, actor: Actor, town: TownCode, case_id: UUID
) -> None:
    """Nobody on the register is meant."""
    case = await _lock_open_case(conn, actor, town, case_id)
    await store.close_case(conn, town, case_id, CaseState.REFUSED, house.clock.now(), actor.id)
    person_id = await identity.person_of(conn, SECTOR, case.pairwise_id)
    if person_id is not None:
        await record_decision(conn, house, actor, case_id, person_id, town, "refused_by_officer")


async def _list_possible(conn: Conn, house: House, town: TownCode, claim: Claim) -> list[Possible]:
    substitutes = substitutes_of(house.region)
    found: dict[UUID, store.StoredMember] = {}
    for term in (born_on_term(claim.born_on), name_term(claim.name, substitutes)):
        token = token_of(house.keyring, town, term)
        for row in await store.find_by_tokens(conn, town, [token]):
            found[row.resident_id] = row
    links = dict(await store.list_links(conn, town, list(found)))
    possible = []
    for resident_id, row in found.items():
        entry = open_entry(house.keyring, town, resident_id, row.sealed)
        candidate = candidate_of(resident_id, entry, town, house.region)
        possible.append(
            Possible(
                resident=Resident(resident_id=resident_id, town=town, entry=entry),
                address=candidate.address,
                disagreements=list_disagreements(claim, candidate, house.region, substitutes),
                is_linked=resident_id in links,
            )
        )
    return possible


async def _lock_open_case(
    conn: Conn, actor: Actor, town: TownCode, case_id: UUID
) -> store.LockedCase:
    check_town(actor, town)
    case = await store.lock_case(conn, town, case_id)
    if case is None:
        raise CaseNotFound
    if case.state is not CaseState.OPEN:
        raise CaseClosed
    return case


async def _record_look(
    conn: Conn,
    house: House,
    actor: Actor,
    town: TownCode,
    case_id: UUID,
    subjects: Sequence[UUID],
) -> None:
    rows = [
        AccessRow(
            subject_id=subject,
            kind=Kind.ACT,
            request_id=case_id,
            at=house.clock.now(),
            actor=actor,
            service=SERVICE,
            purpose=PURPOSE,
            decision="read",
            town=town,
            items=ITEMS,
        )
        for subject in subjects
    ]
    await access.record_many(conn, house.keyring, rows)
