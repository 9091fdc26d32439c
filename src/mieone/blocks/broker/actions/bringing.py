"""Rows of a data set written as entities of one tenant, and what the data set lost taken away."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from mieone.blocks.broker.model import Change, Operation, Outcome, Tenant
from mieone.blocks.broker.model.dataset import DataSet, Finding
from mieone.blocks.broker.problems import BrokerProblem, OverQuota, PersonalAttribute
from mieone.blocks.broker.rules.importing import Imported, Piece, compare, list_figures
from mieone.blocks.broker.rules.temporal.keys import series_key
from mieone.blocks.broker.store import history
from mieone.blocks.broker.store import imports as store
from mieone.blocks.broker.store.imports import BroughtRow
from mieone.core.database import Conn
from mieone.core.problems import Problem

if TYPE_CHECKING:
    from .parts import Broker

WRITTEN_AT_ONCE: Final = 200


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What of a file is one tenant's."""

    tenant: Tenant
    rows: Sequence[Imported]
    present: Sequence[str]
    """Ids whose rows are there, right or wrong."""


class Tally(msgspec.Struct, kw_only=True):
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    findings: list[Finding] = []


class Bringer:
    def __init__(self, broker: "Broker", dataset: DataSet, run_id: UUID) -> None:
        self._broker = broker
        self._database = broker.house.database
        self._dataset = dataset
        self._run_id = run_id

    async def bring(self, part: Part, tally: Tally) -> None:
        """Durable piece by piece: whoever comes again goes on where this ended."""
        for pieces in _in_portions(await find_pieces(self._broker, self._dataset, part)):
            await self._write(part.tenant, pieces, tally)
        async with self._database.transaction() as conn:
            await store.touch_imported(
                conn, part.tenant.name, self._dataset.id, part.present, self._run_id
            )

    async def _write(self, tenant: Tenant, pieces: Sequence[Piece], tally: Tally) -> None:
        todo = [row for piece in pieces for row in piece.todo]
        written = await self._broker.writer.write(tenant, [row.change for row in todo])
        outcomes = iter(written)
        brought = []
        for piece in pieces:
            done = [next(outcomes) for _ in piece.todo]
            brought.append(_settle(piece, done))
            refused = [(row, one) for row, one in zip(piece.todo, done, strict=True) if one.problem]
            tally.findings += [_refusal(row, one) for row, one in refused]
            tally.unchanged += not done
            tally.written += bool(done) and not refused
        async with self._database.transaction() as conn:
            await self._forget_same_moments(conn, tenant, written)
            rows = [one for one in brought if one.digests]
            await store.record_imported(conn, tenant.name, self._dataset.id, rows, self._run_id)

    async def _forget_same_moments(
        self, conn: Conn, tenant: Tenant, written: Sequence[Outcome]
    ) -> None:
        """A figure that is corrected stands in the place of the one before, once it is there."""
        moments = [
            (series_key(tenant.name, one.change.entity_id, name, dataset), at, written_at)
            for one in written
            if (written_at := _time_of(one)) is not None
            for name, dataset, at in list_figures(one.change)
        ]
        if self._dataset.series and moments:
            await history.forget_same_moments(conn, tenant.name, moments)

    async def remove(self, tenant: Tenant, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), WRITTEN_AT_ONCE):
            part = ids[start : start + WRITTEN_AT_ONCE]
            gone = [Change(operation=Operation.DELETE, entity_id=name) for name in part]
            await self._broker.writer.write(tenant, gone)
            async with self._database.transaction() as conn:
                await store.void_imported(conn, tenant.name, self._dataset.id, part)


async def find_pieces(broker: "Broker", dataset: DataSet, part: Part) -> list[Piece]:
    ids = list({row.change.entity_id for row in part.rows})
    async with broker.house.database.transaction() as conn:
        before = await store.find_brought(conn, part.tenant.name, dataset.id, ids)
    return compare(part.rows, before)


async def find_vanished(
    broker: "Broker",
    dataset: DataSet,
    part: Part,
    before: UUID,
    *,
    has_nameless: bool,
) -> tuple[list[str], list[Finding]]:
    """What runs older than `before` brought and the source has no more; or why it stays.

    When a row is there that nobody can read, or most has vanished, somebody should look first.
    """
    if dataset.keeps_vanished:
        return [], []
    present = set(part.present)
    async with broker.house.database.transaction() as conn:
        known = await store.count_imported(conn, part.tenant.name, dataset.id)
        older = await store.list_vanished(conn, part.tenant.name, dataset.id, before, known)
    vanished = [name for name in older if name not in present]
    if vanished and (has_nameless or len(vanished) * 2 > known):
        reason = "kept_vanished" if has_nameless else "most_vanished"
        return [], [Finding(row=0, column=None, reason=reason, value=str(len(vanished)))]
    return vanished, []


def _in_portions(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """An entity's changes stay together."""
    portion: list[Piece] = []
    for piece in pieces:
        portion.append(piece)
        if sum(len(one.todo) for one in portion) >= WRITTEN_AT_ONCE or len(portion) >= 1000:
            yield portion
            portion = []
    if portion:
        yield portion


def _settle(piece: Piece, done: Sequence[Outcome]) -> BroughtRow:
    """What stands now: up to the first change that was refused."""
    right = list(takewhile(lambda outcome: outcome.problem is None, done))
    last = right[-1].after if right else None
    return BroughtRow(
        entity_id=piece.entity_id,
        digests=piece.digests[: piece.done + len(right)],
        written_at=None if last is None else last.modified_at,
    )


def _time_of(outcome: Outcome) -> datetime | None:
    """When it was written, None when it was refused."""
    return None if outcome.problem or outcome.after is None else outcome.after.modified_at


def _refusal(row: Imported, outcome: Outcome) -> Finding:
    problem = outcome.problem
    # An id that could be somebody's number is not kept by way of its refusal.
    named = "" if isinstance(problem, PersonalAttribute) else row.change.entity_id
    return Finding(
        row=row.row,
        line=row.line,
        column=None,
        reason=reason_of(problem),
        value=named,
        is_passing=passes(problem),
    )


def reason_of(problem: Problem | None) -> str:
    if isinstance(problem, BrokerProblem):
        return type(problem).slug.partition("/")[2].replace("-", "_")
    return "refused"


def passes(problem: Problem | None) -> bool:
    """Whether the same row may be taken another time."""
    return isinstance(problem, OverQuota) or not isinstance(problem, BrokerProblem)
