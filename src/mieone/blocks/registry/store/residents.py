"""Residents, households, and what they are found by."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from mieone.blocks.registry.model import (
    Entry,
    ResidentStatus,
)
from mieone.blocks.registry.rules.changes import Known
from mieone.core.database import Conn
from mieone.core.model import TownCode

from .statements import BATCH, QUERIES

MOST_FOUND = 50


class SealedResident(msgspec.Struct, frozen=True, kw_only=True):
    """A resident as stored; readable with the key of the town and the resident only."""

    resident_id: UUID
    addressee_number: str
    status: ResidentStatus
    sealed: bytes


class NewResident(msgspec.Struct, frozen=True, kw_only=True):
    """One row to write."""

    resident_id: UUID
    entry: Entry
    digest: bytes
    sealed: bytes


class AuditedResident(msgspec.Struct, frozen=True, kw_only=True):
    """A whole row, for comparing what stands in clear with what is sealed."""

    town: TownCode
    resident_id: UUID
    addressee_number: str
    household_number: str
    status: ResidentStatus
    is_head: bool
    protected_from: date | None
    protected_until: date | None
    digest: bytes
    sealed: bytes


class StoredMember(msgspec.Struct, frozen=True, kw_only=True):
    resident_id: UUID
    status: ResidentStatus
    sealed: bytes
    pairwise_id: str | None = None
    """Whoever holds this resident's Mie-ID; read with households only."""


async def list_known(conn: Conn, town: TownCode) -> Mapping[str, Known]:
    rows = await conn.fetch(QUERIES["list_known"], town)
    return {
        row["addressee_number"]: Known(
            resident_id=row["resident_id"],
            digest=row["digest"],
            status=ResidentStatus(row["status"]),
        )
        for row in rows
    }


async def list_sealed(
    conn: Conn, town: TownCode, numbers: Sequence[str]
) -> Mapping[str, SealedResident]:
    rows = await conn.fetch(QUERIES["list_sealed"], town, list(numbers))
    return {
        row["addressee_number"]: SealedResident(
            resident_id=row["resident_id"],
            addressee_number=row["addressee_number"],
            status=ResidentStatus(row["status"]),
            sealed=row["sealed"],
        )
        for row in rows
    }


async def record_households(
    conn: Conn, town: TownCode, run_id: UUID, numbers: Collection[str]
) -> None:
    await conn.execute(QUERIES["record_households"], town, run_id, sorted(numbers))


async def record_residents(
    conn: Conn, town: TownCode, run_id: UUID, residents: Sequence[NewResident]
) -> None:
    for start in range(0, len(residents), BATCH):
        batch = residents[start : start + BATCH]
        entries = [one.entry for one in batch]
        await conn.execute(
            QUERIES["record_residents"],
            town,
            run_id,
            [one.resident_id for one in batch],
            [one.addressee_number for one in entries],
            [one.household_number for one in entries],
            [one.status.value for one in entries],
            [one.is_head for one in entries],
            [one.protected_from for one in entries],
            [one.protected_until for one in entries],
            [one.digest for one in batch],
            [one.sealed for one in batch],
        )


async def record_absent(
    conn: Conn, town: TownCode, run_id: UUID, numbers: Sequence[str]
) -> list[UUID]:
    rows = await conn.fetch(QUERIES["record_absent"], town, run_id, list(numbers))
    return [row["resident_id"] for row in rows]


async def void_tokens(conn: Conn, town: TownCode, residents: Sequence[UUID]) -> None:
    await conn.execute(QUERIES["void_tokens"], town, list(residents))


async def record_tokens(conn: Conn, town: TownCode, tokens: Sequence[tuple[bytes, UUID]]) -> None:
    size = BATCH * 8
    for start in range(0, len(tokens), size):
        batch = tokens[start : start + size]
        await conn.execute(
            QUERIES["record_tokens"],
            town,
            [token for token, _ in batch],
            [resident for _, resident in batch],
        )


async def find_by_tokens(conn: Conn, town: TownCode, tokens: Sequence[bytes]) -> list[StoredMember]:
    """Everybody who carries all of them, one more than MOST_FOUND at most."""
    rows = await conn.fetch(QUERIES["find_by_tokens"], town, list(tokens), MOST_FOUND + 1)
    return [msgspec.convert(dict(row), StoredMember) for row in rows]


async def find_resident(conn: Conn, town: TownCode, resident_id: UUID) -> StoredMember | None:
    row = await conn.fetchrow(QUERIES["find_resident"], town, resident_id)
    return None if row is None else msgspec.convert(dict(row), StoredMember)


async def list_household(conn: Conn, town: TownCode, household_number: str) -> list[StoredMember]:
    rows = await conn.fetch(QUERIES["list_household"], town, household_number)
    return [msgspec.convert(dict(row), StoredMember) for row in rows]


async def count_residents(conn: Conn, towns: Collection[TownCode]) -> Mapping[TownCode, int]:
    rows = await conn.fetch(QUERIES["count_residents"], sorted(towns))
    return {TownCode(row["town"]): row["residents"] for row in rows}


async def list_for_audit(conn: Conn, town: TownCode, resident_id: UUID) -> list[AuditedResident]:
    """Those after that one, town by town."""
    rows = await conn.fetch(QUERIES["list_for_audit"], town, resident_id)
    return [msgspec.convert(dict(row), AuditedResident) for row in rows]
