"""A file looked at before it is taken: what it would do, with every finding, and nothing written."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from mieone.blocks.broker.model.dataset import DataSet, Finding, ImportRun
from mieone.blocks.broker.problems import PersonalAttribute
from mieone.blocks.broker.rules.importing import Imported, map_rows, read_table

from .bringing import find_pieces, find_vanished, reason_of
from .datasets import provenance
from .importing import MAX_FINDINGS, find_parts, make_job
from .quotas import charge

if TYPE_CHECKING:
    from .parts import Broker

NEWEST: Final = UUID(int=2**128 - 1)


async def try_content(
    broker: "Broker",
    dataset: DataSet,
    content: bytes,
    *,
    is_json: bool = False,
    only_tenant: str | None = None,
) -> ImportRun:
    """Counts are what would be written and removed now. Raises BadRequestData as the import does."""
    job = make_job(broker.house, dataset, content, "trial:", only_tenant)
    table = read_table(content, is_json=is_json)
    charge(len(table.rows))
    mapped = map_rows(dataset, table, provenance(broker.house, dataset))
    parts, strange = await find_parts(broker, job, mapped)
    findings = [*mapped.findings, *strange]
    written = unchanged = removed = 0
    for part in parts:
        refused = [one for row in part.rows if (one := _find_refusal(broker, row)) is not None]
        findings += refused
        numbers = {one.row for one in refused}
        kept = [row for row in part.rows if row.row not in numbers]
        pieces = await find_pieces(broker, dataset, msgspec.structs.replace(part, rows=kept))
        written += sum(bool(piece.todo) for piece in pieces)
        unchanged += sum(not piece.todo for piece in pieces)
        vanished, doubt = await find_vanished(
            broker, dataset, part, NEWEST, has_nameless=mapped.has_nameless
        )
        findings += doubt
        removed += len(vanished)
    return ImportRun(
        run_id="",
        dataset=dataset.id,
        tenant=job.owner,
        origin=job.origin,
        read_rows=len(table.rows),
        written_entities=written,
        removed_entities=removed,
        unchanged_entities=unchanged,
        findings=tuple(findings[:MAX_FINDINGS]),
        is_settled=not any(finding.is_passing for finding in findings),
        was_trial=True,
    )


def _find_refusal(broker: "Broker", row: Imported) -> Finding | None:
    try:
        broker.personal.check_open(row.change.entity_id, row.change.fragment)
    except PersonalAttribute as problem:
        return Finding(row=row.row, line=row.line, column=None, reason=reason_of(problem))
    return None
