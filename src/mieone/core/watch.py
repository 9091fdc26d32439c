"""What an operator watches: events, jobs and chains, as counts and ages, without anybody's data."""

from datetime import datetime

import msgspec

from mieone.core.database import Conn


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    last_done_at: datetime | None
    failures: int
    last_error: str | None


class ChainState(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    entries: int
    lag_s: int
    """Since the sealer last looked."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    due: int
    oldest_due_s: int
    dead: int
    jobs: tuple[JobState, ...]
    chains: tuple[ChainState, ...]


async def read_state(conn: Conn) -> State:
    waiting = await conn.fetchrow(
        "SELECT count(*) FILTER (WHERE state = 'due') AS due, "
        "count(*) FILTER (WHERE state = 'dead') AS dead, "
        "greatest(0, coalesce(extract(epoch FROM clock_timestamp() "
        "- min(next_at) FILTER (WHERE state = 'due')), 0))::int AS oldest_due_s "
        "FROM core.delivery WHERE state IN ('due', 'dead')"
    )
    assert waiting is not None
    jobs = await conn.fetch(
        "SELECT name, last_done_at, failures, last_error FROM core.job ORDER BY name LIMIT 200"
    )
    chains = await conn.fetch(
        "SELECT chain AS name, seq AS entries, "
        "extract(epoch FROM clock_timestamp() - sealed_at)::int AS lag_s "
        "FROM core.chain_state ORDER BY chain LIMIT 100"
    )
    return State(
        **dict(waiting.items()),
        jobs=tuple(JobState(**dict(row.items())) for row in jobs),
        chains=tuple(ChainState(**dict(row.items())) for row in chains),
    )
