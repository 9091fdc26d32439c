"""Import runs, what they found and changed, and files that wait to be taken."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.registry.model import (
    ChangeKind,
    Extent,
    Finding,
    ImportReport,
    ImportRun,
    Weight,
)
from mieone.core.database import Conn
from mieone.core.model import Actor, TownCode

from .statements import BATCH, QUERIES


class Change(msgspec.Struct, frozen=True, kw_only=True):
    resident_id: UUID
    kind: str
    fields: tuple[str, ...]
    previous: bytes | None


class ChangeLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did to one resident, without any value."""

    addressee_number: str
    kind: ChangeKind
    fields: tuple[str, ...]


async def lock_town(conn: Conn, town: TownCode) -> None:
    await conn.execute(QUERIES["lock_town"], town)


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
