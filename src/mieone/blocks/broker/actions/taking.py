"""One message of a gauge: its rows as entities, once, however often it comes."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from mieone.blocks.broker.model import Tenant
from mieone.blocks.broker.model.dataset import DataSet, Finding
from mieone.blocks.broker.problems import NonexistentTenant, UnreadableFile
from mieone.blocks.broker.rules.importing import (
    Brought,
    Imported,
    digest_of,
    map_rows,
    read_table,
    says_the_same,
)
from mieone.blocks.broker.store import imports as store

from .bringing import passes, reason_of
from .datasets import provenance
from .reading import find_entity

if TYPE_CHECKING:
    from .parts import Broker

MAX_MESSAGE: Final = 256 * 1024
REMEMBERED: Final = 32
"""So many messages of each entity are known again; a broker sends no more that are not acknowledged."""
NO_RUN: Final = UUID(int=0)


class Taken(msgspec.Struct, kw_only=True):
    written: int = 0
    repeated: int = 0
    findings: list[Finding] = []


async def take_message(
    broker: "Broker",
    dataset: DataSet,
    payload: bytes,
    *,
    is_repeat: bool = False,
    only_tenant: str | None = None,
) -> Taken:
    """Raises OverQuota and whatever the database raises: then nothing is known to be wrong with it.

    `is_repeat`: it may have been taken before.
    """
    taken = Taken()
    try:
        if len(payload) > MAX_MESSAGE:
            raise UnreadableFile(f"more than {MAX_MESSAGE} bytes", "file_too_large")
        table = read_table(payload, is_json=True)
    except UnreadableFile as problem:
        taken.findings.append(Finding(row=0, column=None, reason=problem.word))
        return taken
    mapped = map_rows(dataset, table, provenance(broker.house, dataset))
    taken.findings += mapped.findings
    for row in mapped.imported:
        try:
            tenant = await broker.tenants.get(row.tenant)
        except NonexistentTenant:
            taken.findings.append(_of_tenant(dataset, row, "no_such_tenant"))
            continue
        if only_tenant not in (None, tenant.name):
            taken.findings.append(_of_tenant(dataset, row, "other_tenant"))
            continue
        await _take_row(broker, dataset, tenant, row, taken, is_repeat=is_repeat)
    return taken


def _of_tenant(dataset: DataSet, row: Imported, reason: str) -> Finding:
    return Finding(
        row=row.row, column=dataset.tenant_column, reason=reason, value=(row.tenant or "")[:80]
    )


async def _take_row(
    broker: "Broker",
    dataset: DataSet,
    tenant: Tenant,
    row: Imported,
    taken: Taken,
    *,
    is_repeat: bool,
) -> None:
    entity_id, digest = row.change.entity_id, digest_of(row)
    async with broker.house.database.transaction() as conn:
        found = await store.find_brought(conn, tenant.name, dataset.id, [entity_id])
        there = await find_entity(conn, tenant, entity_id) if is_repeat else None
    before = found.get(entity_id, Brought())
    is_known = digest in before.digests or (there is not None and says_the_same(there, row.change))
    if is_repeat and is_known:
        taken.repeated += 1
        return
    (outcome,) = await broker.writer.write(tenant, [row.change])
    if outcome.problem is not None:
        if passes(outcome.problem):
            raise outcome.problem
        reason = reason_of(outcome.problem)
        taken.findings.append(Finding(row=row.row, column=None, reason=reason))
        return
    taken.written += 1
    kept = store.BroughtRow(
        entity_id=entity_id,
        digests=[*before.digests, digest][-REMEMBERED:],
        written_at=outcome.after.modified_at if outcome.after else None,
    )
    async with broker.house.database.transaction() as conn:
        await store.record_imported(conn, tenant.name, dataset.id, [kept], NO_RUN)
