"""One function runs one statement; codes and ceremonies are stored as their SHA-256."""

import hashlib
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.core.database import Conn
from mieone.core.model import TownCode
from mieone.core.queries import load_queries

from .model import (
    Ceremony,
    EnrolmentKind,
    Entrustment,
    Organisation,
    StaffPasskey,
    StaffPost,
)
from .problems import OrganisationNotFound, PostNotFound

QUERIES = load_queries(Path(__file__).parent / "queries.sql")


def digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


async def record_organisation(conn: Conn, organisation: Organisation, now: datetime) -> bool:
    """False when the id is taken."""
    recorded = await conn.fetchval(
        QUERIES["record_organisation"],
        organisation.organisation_id,
        organisation.kind,
        organisation.name,
        organisation.name_en,
        organisation.seat_town,
        organisation.is_sample,
        now,
    )
    return recorded is not None


async def get_organisation(conn: Conn, organisation_id: str) -> Organisation:
    row = await conn.fetchrow(QUERIES["find_organisation"], organisation_id)
    if row is None:
        raise OrganisationNotFound(organisation=organisation_id)
    return msgspec.convert(dict(row.items()), Organisation)


async def list_organisations(conn: Conn, after: str, limit: int) -> list[Organisation]:
    rows = await conn.fetch(QUERIES["list_organisations"], after, limit)
    return msgspec.convert([dict(row.items()) for row in rows], list[Organisation])


async def find_organisation_of_town(conn: Conn, town: str) -> Organisation | None:
    row = await conn.fetchrow(QUERIES["find_organisation_of_town"], town)
    return None if row is None else msgspec.convert(dict(row.items()), Organisation)


async def record_post(conn: Conn, post: StaffPost, now: datetime) -> None:
    await conn.execute(
        QUERIES["record_post"],
        post.post_id,
        post.organisation_id,
        post.role,
        post.name,
        post.is_sample,
        post.user_handle,
        now,
    )


async def get_post(conn: Conn, post_id: UUID) -> StaffPost:
    row = await conn.fetchrow(QUERIES["find_post"], post_id)
    if row is None:
        raise PostNotFound
    return msgspec.convert(dict(row.items()), StaffPost)


async def list_sample_posts(conn: Conn) -> list[StaffPost]:
    rows = await conn.fetch(QUERIES["list_sample_posts"])
    return msgspec.convert([dict(row.items()) for row in rows], list[StaffPost])


async def list_posts_of_associations(conn: Conn) -> list[StaffPost]:
    """Those with a session whose towns may have changed."""
    rows = await conn.fetch(QUERIES["list_posts_of_associations"])
    return msgspec.convert([dict(row.items()) for row in rows], list[StaffPost])


async def record_session_towns(conn: Conn, post_id: UUID, towns: frozenset[TownCode]) -> None:
    await conn.execute(QUERIES["record_session_towns"], post_id, sorted(towns))


async def end_post(conn: Conn, post_id: UUID, now: datetime) -> bool:
    return await conn.fetchval(QUERIES["end_post"], post_id, now) is not None


async def record_enrolment(
    conn: Conn, code: str, post_id: UUID, kind: EnrolmentKind, expires_at: datetime
) -> None:
    await conn.execute(QUERIES["record_enrolment"], digest(code), post_id, kind, expires_at)


async def find_enrolment(conn: Conn, code: str, kind: EnrolmentKind, now: datetime) -> UUID | None:
    found: UUID | None = await conn.fetchval(QUERIES["find_enrolment"], digest(code), kind, now)
    return found


async def spend_enrolment(conn: Conn, code_hash: bytes, now: datetime) -> UUID | None:
    """None when it was used or is too old."""
    found: UUID | None = await conn.fetchval(QUERIES["spend_enrolment"], code_hash, now)
    return found


async def record_ceremony(conn: Conn, name: str, ceremony: Ceremony, expires_at: datetime) -> None:
    await conn.execute(
        QUERIES["record_ceremony"],
        digest(name),
        ceremony.challenge,
        ceremony.enrolment_hash,
        expires_at,
    )


async def spend_ceremony(conn: Conn, name: str, now: datetime) -> Ceremony | None:
    row = await conn.fetchrow(QUERIES["spend_ceremony"], digest(name), now)
    return None if row is None else msgspec.convert(dict(row.items()), Ceremony)


async def void_old_ceremonies(conn: Conn, now: datetime) -> None:
    await conn.execute(QUERIES["void_old_ceremonies"], now)


async def record_passkey(conn: Conn, passkey: StaffPasskey, now: datetime) -> bool:
    """False when the credential is known already."""
    recorded = await conn.fetchval(
        QUERIES["record_passkey"],
        passkey.credential_id,
        passkey.post_id,
        passkey.public_key,
        passkey.sign_count,
        now,
    )
    return recorded is not None


async def lock_passkey(conn: Conn, credential_id: bytes) -> StaffPasskey | None:
    """Held until the transaction ends: its counter is read and written by one sign-in at a time."""
    row = await conn.fetchrow(QUERIES["lock_passkey"], credential_id)
    return None if row is None else msgspec.convert(dict(row.items()), StaffPasskey)


async def record_passkey_use(
    conn: Conn, credential_id: bytes, sign_count: int, now: datetime
) -> None:
    await conn.execute(QUERIES["record_passkey_use"], credential_id, sign_count, now)


async def suspend_passkey(conn: Conn, credential_id: bytes) -> None:
    await conn.execute(QUERIES["suspend_passkey"], credential_id)


async def record_entrustment(conn: Conn, entrustment: Entrustment) -> None:
    """The town must be in the transaction's scope."""
    await conn.execute(
        QUERIES["record_entrustment"],
        entrustment.entrustment_id,
        entrustment.town,
        entrustment.organisation_id,
        entrustment.acts,
        entrustment.procedures,
        entrustment.basis,
        entrustment.is_confirmed,
        entrustment.valid_from,
        entrustment.valid_until,
    )


async def end_entrustment(conn: Conn, entrustment_id: str, on: date) -> bool:
    return await conn.fetchval(QUERIES["end_entrustment"], entrustment_id, on) is not None


async def list_live_entrustments(conn: Conn, on: date) -> list[Entrustment]:
    """Of the towns in the transaction's scope."""
    rows = await conn.fetch(QUERIES["list_live_entrustments"], on)
    return msgspec.convert([dict(row.items()) for row in rows], list[Entrustment])


async def find_entrustment(conn: Conn, entrustment_id: str) -> Entrustment | None:
    row = await conn.fetchrow(QUERIES["find_entrustment"], entrustment_id)
    return None if row is None else msgspec.convert(dict(row.items()), Entrustment)
