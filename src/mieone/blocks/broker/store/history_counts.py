"""How many instances a tenant's history holds, without counting them."""

from pathlib import Path

from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_history_counts.sql")


async def count_instances(conn: Conn, tenant: str) -> int:
    count: int = await conn.fetchval(QUERIES["count_instances"], tenant)
    return count


async def sum_up_counts(conn: Conn, tenant: str) -> None:
    await conn.execute(QUERIES["sum_up_counts"], tenant)
