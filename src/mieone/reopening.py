"""After a restore, before anybody may look: schema, chains, and everybody who asked to be forgotten."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from mieone import main
from mieone.blocks import identity
from mieone.core.chain import Chain
from mieone.core.clock import SystemClock
from mieone.core.database import PooledDatabase
from mieone.core.roles import DATABASE, Connections
from mieone.core.schema import migrate
from mieone.core.sealer import after_restore
from mieone.core.settings import Settings


def reopen(settings: Settings, connections: Connections) -> list[str]:
    """Returns what was done, for the operator to read."""
    return asyncio.run(_reopen(settings, connections))


async def _reopen(settings: Settings, connections: Connections) -> list[str]:
    applied = await migrate(connections.owner_dsn, main.migrations())
    chains = [chain for block in main.BLOCKS for chain in block.chains]
    await _relink(connections, chains)
    forgotten = await _forget(settings.home, connections)
    return [
        f"schema: {applied} migrations applied",
        f"chains: {len(chains)} to be linked on",
        f"destruction list: {forgotten} people removed again",
    ]


async def _forget(home: Path, connections: Connections) -> int:
    """Everybody on the list who is back leaves again, before any door opens."""
    rows = identity.read_destructions(home)
    database = await PooledDatabase.open(connections.app_dsn, 1)
    try:
        async with database.transaction() as conn:
            return await identity.replay_destructions(conn, rows, SystemClock().now())
    finally:
        await database.close()


async def _relink(connections: Connections, chains: Sequence[Chain]) -> None:
    if connections.maintenance_dsn != connections.owner_dsn:
        await _age_unlinked(connections.maintenance_dsn, chains)
    conn = await asyncpg.connect(connections.sealer_dsn)
    try:
        async with conn.transaction():
            await after_restore(conn, chains)
    finally:
        await conn.close()


async def _age_unlinked(maintenance_dsn: str, chains: Sequence[Chain]) -> None:
    """Rows that were not linked yet carry transaction numbers that this server reaches in years."""
    conn = await asyncpg.connect(maintenance_dsn, database=DATABASE)
    try:
        async with conn.transaction():
            # The ledgers refuse changes from everybody else; the number is no part of the hash.
            await conn.execute("SET LOCAL session_replication_role = replica")
            for chain in chains:
                await conn.execute(
                    f"UPDATE {chain.table} AS e SET xact_id = '3' WHERE NOT EXISTS ("  # noqa: S608
                    "SELECT FROM core.chain_link AS l "
                    "WHERE l.chain = $1 AND l.entry_id = e.entry_id)",
                    chain.name,
                )
    finally:
        await conn.close()
