"""Naming people to services, protecting them, and acting for another."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

import msgspec

from mieone.blocks.identity.actions.keys import make_root_key
from mieone.blocks.identity.model import Mandate, PersonId, PersonState
from mieone.blocks.identity.problems import MandateRefused, PersonNotActive
from mieone.blocks.identity.rules import linking, mandates
from mieone.blocks.identity.store import persons as store
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing


async def make_person(conn: Conn, keyring: KeyRing, now: datetime) -> PersonId:
    """Somebody new, under a number that says nothing."""
    person_id = PersonId(uuid4())
    await store.record_person(conn, person_id, secrets.token_bytes(64), now)
    await make_root_key(conn, keyring, person_id, now)
    return person_id


async def check_active(conn: Conn, person_id: UUID) -> None:
    if await store.find_state(conn, person_id) is not PersonState.ACTIVE:
        raise PersonNotActive


async def suspend(conn: Conn, person_id: UUID, now: datetime) -> None:
    await _step(conn, person_id, PersonState.SUSPENDED, now)


async def resume(conn: Conn, person_id: UUID, now: datetime) -> None:
    await _step(conn, person_id, PersonState.ACTIVE, now)


async def _step(conn: Conn, person_id: UUID, target: PersonState, now: datetime) -> None:
    state = await store.lock_state(conn, person_id)
    if state is None:
        raise PersonNotActive
    linking.check_step(state, target)
    await store.record_state(conn, person_id, target, now)


async def pairwise_id(conn: Conn, sector: str, person_id: UUID) -> str:
    """How one sector knows the person: 128 bits of chance, issued once, told nowhere else.

    Raises PersonNotActive for nobody, and for somebody who left before the sector ever asked.
    """
    known = await store.find_pairwise_id(conn, sector, person_id)
    if known is not None:
        return known
    state = await store.find_state(conn, person_id)
    if state is None or state in (PersonState.CLOSED, PersonState.SHREDDED):
        raise PersonNotActive
    made = urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
    issued = await store.record_pairwise_id(conn, sector, person_id, made)
    if issued is None:
        issued = await store.find_pairwise_id(conn, sector, person_id)
    assert issued is not None
    return issued


async def person_of(conn: Conn, sector: str, pairwise: str) -> UUID | None:
    """None for a stranger and for somebody who has left."""
    return await store.find_person_of(conn, sector, pairwise)


async def is_protected(conn: Conn, subjects: Collection[UUID], at: datetime) -> frozenset[UUID]:
    """Those of them who stand under 支援措置 at that moment; nobody outside may learn it."""
    return frozenset(await store.list_protected(conn, subjects, at)) if subjects else frozenset()


async def set_protection(
    conn: Conn, subject_id: UUID, valid_from: datetime, valid_until: datetime | None
) -> None:
    """The register's flag arrives here; whoever acts for the protected person stops at once."""
    await store.record_protection(conn, subject_id, valid_from, valid_until)
    await store.record_mandates_suspended_of(conn, subject_id)


async def grant_mandate(
    conn: Conn, mandate: Mandate, evidence: str, child_born_on: date | None = None
) -> Mandate:
    """Parental ones end with majority; raises MandateRefused for what cannot hold."""
    if mandate.principal == mandate.agent or not mandate.scope:
        raise MandateRefused
    await check_active(conn, mandate.agent)
    until = mandates.bounded_until(mandate.kind, mandate.valid_until, child_born_on)
    if until <= mandate.valid_from:
        raise MandateRefused
    bounded = msgspec.structs.replace(mandate, id=uuid7(), valid_until=until)
    await store.record_mandate(conn, bounded, evidence)
    return bounded


async def end_mandate(conn: Conn, mandate_id: UUID, now: datetime) -> None:
    if not await store.record_mandate_ended(conn, mandate_id, "revoked", now):
        raise MandateRefused


async def list_mandates(
    conn: Conn, agent: UUID, principal: UUID, now: datetime
) -> Sequence[Mandate]:
    """Those that hold now; an empty answer means no right at all."""
    return await store.list_mandates(conn, agent, principal, now)


async def mandate_scope(
    conn: Conn, agent: UUID, principal: UUID, wanted: frozenset[str], now: datetime
) -> frozenset[str]:
    """What is wanted, cut to what the agent may; never wider."""
    held = await store.list_mandates(conn, agent, principal, now)
    return mandates.allowed_scope(held, wanted, now)
