"""A file of open data becomes entities; what cannot be read is reported row by row and loses nothing."""

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from mieone.blocks.broker.model import Tenant
from mieone.blocks.broker.model.dataset import DataSet, Finding, ImportRun
from mieone.blocks.broker.problems import BadRequestData, NonexistentTenant, UnreadableFile
from mieone.blocks.broker.rules.importing import Imported, Mapped, Table, map_rows, read_table
from mieone.blocks.broker.store import imports as store
from mieone.core.house import House

from .bringing import Bringer, Part, Tally, find_vanished
from .datasets import ANY_TENANT, load_datasets, provenance
from .quotas import charge

if TYPE_CHECKING:
    from .parts import Broker

log = structlog.get_logger()

MAX_FINDINGS: Final = 200


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One file that came in, from where, and for whom."""

    dataset: DataSet
    origin: str
    only_tenant: str | None
    """Whose key asked: rows of others are findings."""
    digest: bytes

    @property
    def owner(self) -> str:
        return self.only_tenant or self.dataset.tenant or ANY_TENANT


def make_job(
    house: House, dataset: DataSet, content: bytes, origin: str, only_tenant: str | None
) -> Job:
    # The same bytes mean something else once the data set is declared otherwise.
    digest = hashlib.sha256(msgspec.json.encode((dataset, provenance(house, dataset))))
    digest.update(content)
    return Job(dataset=dataset, origin=origin, only_tenant=only_tenant, digest=digest.digest())


class Importer:
    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._house = broker.house

    async def import_content(
        self,
        dataset: DataSet,
        content: bytes,
        origin: str,
        *,
        is_json: bool = False,
        only_tenant: str | None = None,
    ) -> ImportRun:
        """Read, write, and take away what the source no longer has.

        The same bytes from the same origin change nothing, unless something in them was refused that
        may pass: then what is missing is written. Raises BadRequestData when the file as a whole
        cannot be read.
        """
        job = make_job(self._house, dataset, content, origin, only_tenant)
        async with self._house.database.transaction() as conn:
            if job.digest == await store.find_settled_digest(conn, job.owner, dataset.id, origin):
                return _run(job, None, Tally(), 0, was_unchanged=True)
        run_id, at = await self._begin(job)
        try:
            table = read_table(content, is_json=is_json)
            charge(len(table.rows))
            tally = await self._carry_out(job, table, run_id)
        except Exception as error:
            await self._end_badly(job, run_id, at, error)
            raise
        run = _run(job, run_id, tally, len(table.rows), at=at)
        await self._end(run)
        log.info("broker_imported", dataset=dataset.id, written=tally.written, at=origin)
        return run

    async def _begin(self, job: Job) -> tuple[UUID, datetime]:
        at = self._house.clock.now()
        async with self._house.database.transaction() as conn:
            run_id = await store.record_run(
                conn, job.owner, job.dataset.id, job.origin, job.digest, at
            )
        return run_id, at

    async def _carry_out(self, job: Job, table: Table, run_id: UUID) -> Tally:
        mapped = map_rows(job.dataset, table, provenance(self._house, job.dataset))
        parts, strange = await find_parts(self._broker, job, mapped)
        tally = Tally(findings=[*mapped.findings, *strange])
        bringer = Bringer(self._broker, job.dataset, run_id)
        for part in parts:
            await bringer.bring(part, tally)
            vanished, doubt = await find_vanished(
                self._broker, job.dataset, part, run_id, has_nameless=mapped.has_nameless
            )
            tally.findings += doubt
            await bringer.remove(part.tenant, vanished)
            tally.removed += len(vanished)
        return tally

    async def _end(self, run: ImportRun) -> None:
        async with self._house.database.transaction() as conn:
            await store.record_end(conn, run, self._house.clock.now())
            await store.forget_attempts(conn, run)

    async def _end_badly(self, job: Job, run_id: UUID, at: datetime, error: Exception) -> None:
        """Read again next time. A database that is gone keeps no note of it, and none is needed."""
        tally = Tally()
        if isinstance(error, UnreadableFile):
            finding = Finding(
                row=0, column=None, reason=error.word, value=error.reason[:80], line=error.line
            )
            tally.findings.append(finding)
        run = _run(job, run_id, tally, 0, at=at, failure=type(error).__name__)
        try:
            await self._end(run)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            log.warning("broker_import_unrecorded", dataset=job.dataset.id)

    async def import_region_files(self) -> int:
        """Every data set that lies in the region's folder; returns how many were read anew."""
        count = 0
        for dataset in load_datasets(self._house).values():
            if dataset.file is None:
                continue
            content = (self._house.settings.region_dir / dataset.file).read_bytes()
            try:
                run = await self.import_content(dataset, content, f"file:{dataset.file}")
            except BadRequestData:
                log.exception("broker_region_file_refused", dataset=dataset.id)
                continue
            count += not run.was_unchanged
        return count


async def find_parts(
    broker: "Broker", job: Job, mapped: Mapped
) -> tuple[list[Part], list[Finding]]:
    """What of the file is whose; also of tenants of which nothing is left in it."""
    rows: dict[str | None, list[Imported]] = defaultdict(list)
    present: dict[str | None, list[str]] = defaultdict(list)
    for item in mapped.imported:
        rows[item.tenant].append(item)
    for name, entity_id in mapped.present:
        present[name].append(entity_id)
    async with broker.house.database.transaction() as conn:
        holding = await store.list_tenants_of(conn, job.dataset.id)
    parts: dict[str, Part] = {}
    findings: list[Finding] = []
    for name in [*present, *holding]:
        found = await _find_tenant(broker, job, name, rows[name])
        if isinstance(found, Finding):
            findings += [found] if name in present else []
        elif found.name not in parts:
            parts[found.name] = Part(tenant=found, rows=rows[name], present=present[name])
    return list(parts.values()), findings


async def _find_tenant(
    broker: "Broker", job: Job, name: str | None, rows: list[Imported]
) -> Tenant | Finding:
    row, line = (rows[0].row, rows[0].line) if rows else (0, 0)
    try:
        tenant = await broker.tenants.get(name)
    except NonexistentTenant:
        # It may be declared later: then its rows are read again.
        return Finding(
            row=row,
            line=line,
            column=job.dataset.tenant_column,
            reason="no_such_tenant",
            value=name or "",
            is_passing=True,
        )
    if job.only_tenant not in (None, tenant.name):
        column = job.dataset.tenant_column
        return Finding(row=row, line=line, column=column, reason="other_tenant", value=tenant.name)
    return tenant


def _run(
    job: Job,
    run_id: UUID | None,
    tally: Tally,
    read_rows: int,
    *,
    at: datetime | None = None,
    failure: str | None = None,
    was_unchanged: bool = False,
) -> ImportRun:
    return ImportRun(
        run_id="" if run_id is None else str(run_id),
        dataset=job.dataset.id,
        tenant=job.owner,
        origin=job.origin,
        read_rows=read_rows,
        written_entities=tally.written,
        removed_entities=tally.removed,
        unchanged_entities=tally.unchanged,
        findings=tuple(tally.findings[:MAX_FINDINGS]),
        is_settled=not any(finding.is_passing for finding in tally.findings),
        was_unchanged=was_unchanged,
        failure=failure,
        at=at,
    )
