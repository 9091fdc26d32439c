"""Passkeys and their one-time challenges."""

from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.identity.model import PasskeyState, PersonId
from mieone.blocks.identity.store import QUERIES
from mieone.core.database import Conn


class StoredPasskey(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    person_id: PersonId
    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backed_up: bool
    sealed_nickname: bytes
    state: PasskeyState
    created_at: datetime
    last_used_at: datetime | None


async def record_challenge(
    conn: Conn,
    challenge: bytes,
    kind: str,
    browser: bytes,
    person_id: UUID | None,
    expires_at: datetime,
) -> None:
    await conn.execute(QUERIES["record_challenge"], challenge, kind, browser, person_id, expires_at)


class Spent(msgspec.Struct, frozen=True):
    person_id: UUID | None


async def spend_challenge(
    conn: Conn, challenge: bytes, kind: str, browser: bytes, now: datetime
) -> Spent | None:
    """None: unknown, of another browser or purpose, late, or spent before."""
    row = await conn.fetchrow(QUERIES["spend_challenge"], challenge, kind, browser, now)
    return None if row is None else Spent(row["person_id"])


async def void_old_challenges(conn: Conn, before: datetime) -> int:
    status = await conn.execute(QUERIES["void_old_challenges"], before)
    return int(status.rsplit(" ", 1)[1])


class NewPasskey(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    person_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool
    aaguid: str
    sealed_nickname: bytes
    created_at: datetime


async def record_passkey(conn: Conn, passkey: NewPasskey) -> bool:
    """False when this credential is known already."""
    values = msgspec.structs.astuple(passkey)
    return await conn.fetchval(QUERIES["record_passkey"], *values) is not None


async def lock_passkey(conn: Conn, credential_id: bytes) -> StoredPasskey | None:
    row = await conn.fetchrow(QUERIES["lock_passkey"], credential_id)
    return None if row is None else msgspec.convert(dict(row.items()), StoredPasskey)


async def list_passkeys(conn: Conn, person_id: UUID) -> list[StoredPasskey]:
    rows = await conn.fetch(QUERIES["list_passkeys"], person_id)
    return msgspec.convert([dict(row.items()) for row in rows], list[StoredPasskey])


async def record_used(
    conn: Conn, passkey_id: UUID, sign_count: int, is_backed_up: bool, now: datetime
) -> None:
    await conn.execute(QUERIES["record_passkey_used"], passkey_id, sign_count, is_backed_up, now)


async def record_suspended(conn: Conn, passkey_id: UUID) -> None:
    await conn.execute(QUERIES["record_passkey_suspended"], passkey_id)


async def record_removed(conn: Conn, passkey_id: UUID, person_id: UUID) -> bool:
    return await conn.fetchval(QUERIES["record_passkey_removed"], passkey_id, person_id) is not None
