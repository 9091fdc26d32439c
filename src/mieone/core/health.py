"""Whether we live, whether we can serve, and what is waiting: for operators and their alarms."""

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import REGISTRY, Gauge, generate_latest

from mieone.core.database import Conn, Database
from mieone.core.house import House

DELIVERIES = Gauge("mieone_deliveries", "Events waiting for or given up on", ["state"])
OLDEST = Gauge("mieone_delivery_oldest_seconds", "Age of the oldest event still due")
JOB_FAILURES = Gauge("mieone_job_failures", "Failures of a job since it last succeeded", ["job"])
CHAIN_LAG = Gauge("mieone_chain_lag_seconds", "Since a chain was last looked at", ["chain"])


@get("/health/live", sync_to_thread=False, summary="The process answers", include_in_schema=False)
def get_live() -> dict[str, str]:
    return {"status": "alive"}


@get("/health/ready", summary="The database answers", include_in_schema=False)
async def get_ready(database: NamedDependency[Database]) -> dict[str, str]:
    async with database.transaction() as conn:
        await conn.fetchval("SELECT 1")
    return {"status": "ready"}


@get("/metrics", summary="Figures for Prometheus", include_in_schema=False)
async def get_metrics(house: NamedDependency[House]) -> Response[bytes]:
    async with house.database.transaction() as conn:
        await _measure(conn)
        for block in house.blocks:
            if block.measure is not None:
                await block.measure(house, conn)
    return Response(generate_latest(REGISTRY), media_type="text/plain; version=0.0.4")


@get("/api/core/v1/chains", summary="Signed heads of the ledgers", operation_id="listChains")
async def list_chains(database: NamedDependency[Database]) -> list[dict[str, object]]:
    async with database.transaction() as conn:
        rows = await conn.fetch(
            "SELECT DISTINCT ON (h.chain) h.chain, h.seq, encode(h.hash, 'hex') AS hash, "
            "h.signed_at, h.key_id, encode(h.signature, 'hex') AS signature, "
            "extract(epoch FROM clock_timestamp() - s.sealed_at)::int AS lag_s "
            "FROM core.chain_head AS h INNER JOIN core.chain_state AS s ON s.chain = h.chain "
            "ORDER BY h.chain, h.seq DESC LIMIT 100"
        )
    return [dict(row.items()) for row in rows]


async def _measure(conn: Conn) -> None:
    rows = await conn.fetch(
        "SELECT state, count(*) AS n, "
        "extract(epoch FROM clock_timestamp() - min(next_at))::float AS age "
        "FROM core.delivery WHERE state IN ('due', 'dead') GROUP BY state"
    )
    found = {row["state"]: row for row in rows}
    for state in ("due", "dead"):
        DELIVERIES.labels(state).set(found[state]["n"] if state in found else 0)
    OLDEST.set(max(found["due"]["age"], 0) if "due" in found else 0)
    for row in await conn.fetch("SELECT name, failures FROM core.job LIMIT 200"):
        JOB_FAILURES.labels(row["name"]).set(row["failures"])
    lags = await conn.fetch(
        "SELECT chain, extract(epoch FROM clock_timestamp() - sealed_at)::float AS lag "
        "FROM core.chain_state LIMIT 100"
    )
    for row in lags:
        CHAIN_LAG.labels(row["chain"]).set(row["lag"])
