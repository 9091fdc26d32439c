"""Opt-in transactions, the record of proofs, and cases of doubt."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.identity.model import OptIn, PersonId, TransactionId
from mieone.blocks.identity.store import QUERIES
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.problems import NotFound


async def record_optin(conn: Conn, optin: OptIn, browser: bytes) -> None:
    await conn.execute(
        QUERIES["record_optin"],
        optin.id,
        browser,
        optin.nonce,
        optin.purpose,
        optin.return_to,
        optin.for_person,
        optin.started_at,
        optin.expires_at,
    )


async def get_optin(conn: Conn, transaction: UUID, browser: bytes | None) -> OptIn:
    """`browser` None is for jobs: a browser must show what it was given at the start."""
    row = await conn.fetchrow(QUERIES["find_optin"], transaction, browser)
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row.items()), OptIn)


async def lock_optin(conn: Conn, transaction: UUID, browser: bytes | None) -> OptIn:
    """Held until the transaction ends: of two answers to one challenge, one comes first."""
    row = await conn.fetchrow(QUERIES["lock_optin"], transaction, browser)
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row.items()), OptIn)


async def record_asking(
    conn: Conn, transaction: TransactionId, now: datetime, certificate: bytes
) -> None:
    await conn.execute(QUERIES["record_optin_asking"], transaction, now, certificate)


async def record_asked(conn: Conn, transaction: UUID, now: datetime) -> None:
    await conn.execute(QUERIES["record_optin_asked"], transaction, now)


async def record_failed(
    conn: Conn, transaction: TransactionId, failure: str, now: datetime
) -> None:
    await conn.execute(QUERIES["record_optin_failed"], transaction, failure, now)


async def record_settled(
    conn: Conn, transaction: TransactionId, person_id: PersonId, is_new: bool
) -> None:
    await conn.execute(QUERIES["record_optin_settled"], transaction, person_id, is_new)


async def record_done(conn: Conn, transaction: TransactionId) -> None:
    await conn.execute(QUERIES["record_optin_done"], transaction)


async def list_forgotten(conn: Conn, asked_before: datetime, now: datetime) -> list[UUID]:
    rows = await conn.fetch(QUERIES["list_forgotten_optins"], asked_before, now)
    return [UUID(str(row["transaction_id"])) for row in rows]


async def void_late(conn: Conn, now: datetime, old: datetime) -> int:
    late = await conn.execute(QUERIES["void_late_optins"], now)
    gone = await conn.execute(QUERIES["void_old_optins"], old)
    return sum(int(status.rsplit(" ", 1)[1]) for status in (late, gone))


async def record_conflict(
    conn: Conn, transaction: UUID, people: Collection[UUID], now: datetime
) -> None:
    await conn.execute(QUERIES["record_conflict"], uuid7(), transaction, sorted(people), now)


class Proofing(msgspec.Struct, frozen=True, kw_only=True):
    """本人確認記録: how somebody was proved, with digests instead of what was shown."""

    person_id: UUID
    transaction: UUID
    path: str
    method_code: str
    basis: str
    evidence_digest: bytes
    revocation_source: str
    revocation_checked_at: datetime
    assurance: int
    profile_as_of: object
    is_profile_verified: bool
    actor_kind: str
    actor_id: str
    at: datetime


async def record_proofing(conn: Conn, proofing: Proofing) -> None:
    await conn.execute(QUERIES["record_proofing"], uuid7(), *msgspec.structs.astuple(proofing))
