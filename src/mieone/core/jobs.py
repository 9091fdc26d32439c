"""Periodic work. A job returns how much it did; a failure is counted, told and tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import structlog

if TYPE_CHECKING:
    from mieone.core.house import House

log = structlog.get_logger()


class PeriodicJob(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """`<block>.<what_it_does>`."""
    every_s: float
    run: "Callable[[House], Awaitable[int]]"


_CLAIM = """
UPDATE core.job SET next_at = clock_timestamp() + $2, last_started_at = clock_timestamp()
WHERE name = (
    SELECT name FROM core.job WHERE name = $1 AND next_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
)
RETURNING name
"""


async def run_if_due(house: "House", job: PeriodicJob) -> bool:
    """Run the job unless another worker has taken this turn."""
    async with house.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO core.job (name) VALUES ($1) ON CONFLICT DO NOTHING", job.name
        )
        claimed = await conn.fetchval(_CLAIM, job.name, timedelta(seconds=job.every_s))
    if claimed is None:
        return False
    failure, count = None, 0
    try:
        count = await job.run(house)
    except Exception as error:
        failure = type(error).__name__
        log.exception("job_failed", job=job.name)
    async with house.database.transaction() as conn:
        await conn.execute(
            "UPDATE core.job SET last_done_at = clock_timestamp(), last_count = $2, "
            "last_error = $3, failures = CASE WHEN $3::text IS NULL THEN 0 ELSE failures + 1 END "
            "WHERE name = $1",
            job.name,
            count,
            failure,
        )
    return True


async def run_forever(house: "House", jobs: Sequence[PeriodicJob], stop: asyncio.Event) -> None:
    """Each job keeps its own rhythm until `stop` is set."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_keep_running(house, job, stop))


async def _keep_running(house: "House", job: PeriodicJob, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await run_if_due(house, job)
        except Exception:
            # The database is away for a moment; the next turn tries again.
            log.exception("job_turn_failed", job=job.name)
        try:
            await asyncio.wait_for(stop.wait(), timeout=job.every_s)
        except TimeoutError:
            continue
