"""A file of open data becomes entities; what cannot be read is reported row by row and loses nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import structlog

from mieone.blocks.broker.model import Change, Operation, Tenant
from mieone.blocks.broker.model.dataset import DataSet, Finding, ImportRun
from mieone.blocks.broker.problems import (
    BadRequestData,
    BrokerProblem,
    NonexistentTenant,
    PersonalAttribute,
)
from mieone.blocks.broker.rules.importing import Imported, map_rows, read_table
from mieone.blocks.broker.store import imports as store
from mieone.core.house import House

if TYPE_CHECKING:
    from .parts import Broker

log = structlog.get_logger()

WRITTEN_AT_ONCE = 200
MAX_FINDINGS = 200
ANY_TENANT = "*"


def load_datasets(house: House) -> dict[str, DataSet]:
    path = house.settings.region_dir / "broker" / "datasets.yaml"
    if not path.exists():
        return {}
    found = msgspec.yaml.decode(path.read_bytes(), type=list[DataSet])
    return {dataset.id: dataset for dataset in found}


def attribution(house: House, dataset: DataSet) -> str:
    name = dataset.source or dataset.file
    return house.region.source(name).attribution if name else ""


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

        The same bytes from the same origin change nothing. `only_tenant` is whose key asked: rows of
        others are findings. Raises BadRequestData when the file as a whole cannot be read.
        """
        owner = only_tenant or dataset.tenant or ANY_TENANT
        digest = hashlib.sha256(content).digest()
        async with self._house.database.transaction() as conn:
            if digest == await store.find_last_digest(conn, owner, dataset.id, origin):
                return _unchanged(dataset, owner, origin)
        rows = read_table(content, is_json=is_json)
        imported, findings = map_rows(dataset, rows, attribution(self._house, dataset))
        async with self._house.database.transaction() as conn:
            now = self._house.clock.now()
            run_id = await store.record_run(conn, owner, dataset.id, origin, digest, now)
        written, removed, failure = 0, 0, None
        try:
            by_tenant, strange = await self._by_tenant(imported, only_tenant)
            findings += strange
            for tenant, changes in by_tenant:
                done, wrong = await self._write(tenant, dataset, changes, run_id)
                written += done
                findings += wrong
                removed += await self._remove(tenant, dataset, run_id, findings)
        except Exception as error:
            failure = type(error).__name__
            raise
        finally:
            kept = findings[:MAX_FINDINGS]
            async with self._house.database.transaction() as conn:
                await store.record_end(
                    conn,
                    run_id,
                    self._house.clock.now(),
                    (len(rows), written, removed),
                    kept,
                    failure,
                )
        log.info("broker_imported", dataset=dataset.id, written=written, findings=len(findings))
        return ImportRun(
            run_id=str(run_id),
            dataset=dataset.id,
            tenant=owner,
            origin=origin,
            read_rows=len(rows),
            written_entities=written,
            removed_entities=removed,
            findings=tuple(kept),
            at=now,
        )

    async def _by_tenant(
        self, imported: Sequence[Imported], only_tenant: str | None
    ) -> tuple[list[tuple[Tenant, list[Change]]], list[Finding]]:
        named: dict[str | None, list[Change]] = defaultdict(list)
        for item in imported:
            named[item.tenant].append(item.change)
        found: list[tuple[Tenant, list[Change]]] = []
        findings: list[Finding] = []
        for name, changes in named.items():
            try:
                tenant = await self._broker.tenants.get(name)
            except NonexistentTenant:
                findings.append(
                    Finding(row=0, column=None, reason="no_such_tenant", value=name or "")
                )
                continue
            if only_tenant is not None and tenant.name != only_tenant:
                findings.append(
                    Finding(row=0, column=None, reason="other_tenant", value=tenant.name)
                )
                continue
            found.append((tenant, changes))
        return found, findings

    async def _write(
        self, tenant: Tenant, dataset: DataSet, changes: Sequence[Change], run_id: UUID
    ) -> tuple[int, list[Finding]]:
        written, findings = 0, []
        for start in range(0, len(changes), WRITTEN_AT_ONCE):
            part = changes[start : start + WRITTEN_AT_ONCE]
            outcomes = await self._broker.writer.write(tenant, part)
            for outcome in outcomes:
                if outcome.problem is not None:
                    reason = "refused"
                    if isinstance(outcome.problem, BrokerProblem):
                        reason = type(outcome.problem).slug.partition("/")[2].replace("-", "_")
                    # An id that could be somebody's number is not kept by way of its refusal.
                    is_personal = isinstance(outcome.problem, PersonalAttribute)
                    named = "" if is_personal else outcome.change.entity_id
                    findings.append(Finding(row=0, column=None, reason=reason, value=named))
            brought = [item.change.entity_id for item in outcomes if item.problem is None]
            written += len(brought)
            async with self._house.database.transaction() as conn:
                await store.record_imported(conn, tenant.name, dataset.id, brought, run_id)
        return written, findings

    async def _remove(
        self, tenant: Tenant, dataset: DataSet, run_id: UUID, findings: list[Finding]
    ) -> int:
        """What vanished at the source goes; when most of it vanished, somebody should look first."""
        if dataset.keeps_vanished:
            return 0
        async with self._house.database.transaction() as conn:
            known = await store.count_imported(conn, tenant.name, dataset.id)
            vanished = await store.list_vanished(conn, tenant.name, dataset.id, run_id, known)
        if len(vanished) * 2 > known:
            findings.append(
                Finding(row=0, column=None, reason="most_vanished", value=str(len(vanished)))
            )
            return 0
        for start in range(0, len(vanished), WRITTEN_AT_ONCE):
            part = vanished[start : start + WRITTEN_AT_ONCE]
            gone = [Change(operation=Operation.DELETE, entity_id=name) for name in part]
            await self._broker.writer.write(tenant, gone)
            async with self._house.database.transaction() as conn:
                await store.void_imported(conn, tenant.name, dataset.id, part)
        return len(vanished)

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


def _unchanged(dataset: DataSet, owner: str, origin: str) -> ImportRun:
    return ImportRun(
        run_id="",
        dataset=dataset.id,
        tenant=owner,
        origin=origin,
        read_rows=0,
        written_entities=0,
        removed_entities=0,
        findings=(),
        was_unchanged=True,
    )
