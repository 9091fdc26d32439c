"""The register's statements; each function runs one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.core.database import Conn
from mieone.core.model import Actor, TownCode
from mieone.core.queries import load_queries

from .model import (
    CaseReason,
    CaseState,
    ChangeKind,
    Entry,
    Extent,
    Finding,
    ImportReport,
    ImportRun,
    MatchingCase,
    ResidentStatus,
    Weight,
)
from .rules.changes import Known

QUERIES = load_queries(Path(__file__).parent / "queries.sql")
MOST_FOUND = 50
BATCH = 5_000
"""Rows a statement: large enough to be fast, small enough to stay in memory."""


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


class Change(msgspec.Struct, frozen=True, kw_only=True):
    resident_id: UUID
    kind: str
    fields: tuple[str, ...]
    previous: bytes | None


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


class ChangeLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did to one resident, without any value."""

    addressee_number: str
    kind: ChangeKind
    fields: tuple[str, ...]


class StoredMember(msgspec.Struct, frozen=True, kw_only=True):
    resident_id: UUID
    status: ResidentStatus
    sealed: bytes
    pairwise_id: str | None = None
    """Whoever holds this resident's Mie-ID; read with households only."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    link_id: UUID
    town: TownCode
    resident_id: UUID
    linked_at: datetime


class LockedCase(msgspec.Struct, frozen=True, kw_only=True):
    case_id: UUID
    town: TownCode
    pairwise_id: str
    reason: CaseReason
    state: CaseState
    sealed: bytes | None
    opened_at: datetime


async def lock_town(conn: Conn, town: TownCode) -> None:
    await conn.execute(QUERIES["lock_town"], town)


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


async def record_run(
    conn: Conn,
    run_id: UUID,
    source: str,
    extent: Extent,
    digest: bytes,
    actor: Actor,
    report: ImportReport,
    at: datetime,
) -> None:
    await conn.execute(
        QUERIES["record_run"],
        report.town,
        run_id,
        source,
        extent.value,
        digest,
        actor.kind.value,
        actor.id,
        report.row_count,
        report.taken,
        report.refused,
        report.added,
        report.changed,
        report.removed,
        at,
    )


async def record_findings(
    conn: Conn, town: TownCode, run_id: UUID, findings: Sequence[Finding]
) -> None:
    await conn.execute(
        QUERIES["record_findings"],
        town,
        run_id,
        [one.row for one in findings],
        [one.column for one in findings],
        [one.reason for one in findings],
        [one.weight.value for one in findings],
    )


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


async def record_changes(
    conn: Conn, town: TownCode, run_id: UUID, changes: Sequence[Change]
) -> None:
    for start in range(0, len(changes), BATCH):
        batch = changes[start : start + BATCH]
        await conn.execute(
            QUERIES["record_changes"],
            town,
            run_id,
            [one.resident_id for one in batch],
            [one.kind for one in batch],
            [",".join(one.fields) for one in batch],
            [one.previous for one in batch],
        )


async def list_runs(conn: Conn, town: TownCode) -> list[ImportRun]:
    rows = await conn.fetch(QUERIES["list_runs"], town)
    return [msgspec.convert(dict(row), ImportRun) for row in rows]


async def list_findings(conn: Conn, town: TownCode, run_id: UUID) -> list[Finding]:
    rows = await conn.fetch(QUERIES["list_findings"], town, run_id)
    return [
        Finding(
            row=row["row_number"],
            column=row["column_name"],
            reason=row["reason"],
            weight=Weight(row["weight"]),
        )
        for row in rows
    ]


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


async def find_link(conn: Conn, pairwise_id: str) -> Link | None:
    row = await conn.fetchrow(QUERIES["find_link"], pairwise_id)
    return None if row is None else msgspec.convert(dict(row), Link)


async def find_linked_person(conn: Conn, town: TownCode, resident_id: UUID) -> str | None:
    """The pairwise identifier of whoever holds the resident's Mie-ID."""
    row = await conn.fetchrow(QUERIES["find_link_of_resident"], town, resident_id)
    return None if row is None else str(row["pairwise_id"])


async def record_link(
    conn: Conn,
    town: TownCode,
    resident_id: UUID,
    pairwise_id: str,
    method: str,
    linked_by: str,
    at: datetime,
) -> None:
    await conn.execute(
        QUERIES["record_link"], town, resident_id, pairwise_id, method, linked_by, at
    )


async def void_link(conn: Conn, link: Link, at: datetime, because: str) -> None:
    await conn.execute(QUERIES["void_link"], link.town, link.link_id, at, because)


async def list_links(
    conn: Conn, town: TownCode, residents: Sequence[UUID]
) -> list[tuple[UUID, str]]:
    rows = await conn.fetch(QUERIES["list_links"], town, list(residents))
    return [(row["resident_id"], row["pairwise_id"]) for row in rows]


async def open_case(
    conn: Conn, town: TownCode, pairwise_id: str, reason: CaseReason, sealed: bytes, at: datetime
) -> UUID | None:
    """None when the person has an open case already."""
    found: UUID | None = await conn.fetchval(
        QUERIES["open_case"], town, pairwise_id, reason.value, sealed, at
    )
    return found


async def lock_case(conn: Conn, town: TownCode, case_id: UUID) -> LockedCase | None:
    row = await conn.fetchrow(QUERIES["lock_case"], town, case_id)
    return None if row is None else msgspec.convert(dict(row), LockedCase)


async def close_case(
    conn: Conn, town: TownCode, case_id: UUID, state: CaseState, at: datetime, by: str
) -> None:
    await conn.execute(QUERIES["close_case"], town, case_id, state.value, at, by)


async def close_cases_of(conn: Conn, pairwise_id: str, at: datetime, by: str) -> None:
    """Whoever left has nothing to be matched."""
    await conn.execute(QUERIES["close_cases_of"], pairwise_id, at, by)


async def list_open_cases(conn: Conn, towns: Collection[TownCode]) -> list[MatchingCase]:
    rows = await conn.fetch(QUERIES["list_open_cases"], sorted(towns))
    return [msgspec.convert(dict(row), MatchingCase) for row in rows]


async def count_residents(conn: Conn, towns: Collection[TownCode]) -> Mapping[TownCode, int]:
    rows = await conn.fetch(QUERIES["count_residents"], sorted(towns))
    return {TownCode(row["town"]): row["residents"] for row in rows}


async def find_first_run(conn: Conn, towns: Collection[TownCode], source: str) -> datetime | None:
    found: datetime | None = await conn.fetchval(QUERIES["find_first_run"], sorted(towns), source)
    return found


async def record_upload(
    conn: Conn,
    town: TownCode,
    upload_id: UUID,
    extent: Extent,
    sealed: bytes,
    by: str,
    at: datetime,
) -> None:
    await conn.execute(QUERIES["record_upload"], town, upload_id, extent.value, sealed, by, at)


async def take_upload(
    conn: Conn, town: TownCode, upload_id: UUID, by: str
) -> tuple[Extent, bytes] | None:
    row = await conn.fetchrow(QUERIES["take_upload"], town, upload_id, by)
    return None if row is None else (Extent(row["extent"]), row["sealed"])


async def void_old_uploads(conn: Conn, towns: Collection[TownCode], before: datetime) -> int:
    done = await conn.execute(QUERIES["void_old_uploads"], sorted(towns), before)
    return int(done.rsplit(" ", 1)[1])


async def find_run(conn: Conn, town: TownCode, run_id: UUID) -> ImportRun | None:
    row = await conn.fetchrow(QUERIES["find_run"], town, run_id)
    return None if row is None else msgspec.convert(dict(row), ImportRun)


async def list_changes(conn: Conn, town: TownCode, run_id: UUID) -> list[ChangeLine]:
    rows = await conn.fetch(QUERIES["list_changes"], town, run_id)
    return [msgspec.convert(dict(row), ChangeLine) for row in rows]


async def list_for_audit(conn: Conn, town: TownCode, resident_id: UUID) -> list[AuditedResident]:
    """Those after that one, town by town."""
    rows = await conn.fetch(QUERIES["list_for_audit"], town, resident_id)
    return [msgspec.convert(dict(row), AuditedResident) for row in rows]


async def list_living_links(conn: Conn) -> list[tuple[TownCode, UUID, str]]:
    rows = await conn.fetch(QUERIES["list_living_links"])
    return [(TownCode(row["town"]), row["link_id"], row["pairwise_id"]) for row in rows]
