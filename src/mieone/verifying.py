"""`mieone verify`: every chain, every link and every block's own rules, read as the auditor."""

import asyncpg

from mieone import main
from mieone.core.database import PooledDatabase, prepare_connection
from mieone.core.roles import Connections
from mieone.core.schema import check_schema
from mieone.core.settings import Settings
from mieone.core.verify import Finding, verify_chain
from mieone.core.worker import heads_folder
from mieone.up import say


async def verify(settings: Settings, connections: Connections) -> int:
    """Prints what was checked and names each thing that is wrong; 0 when nothing is.

    Raises SchemaChanged where nothing was ever written, or by an older version.
    """
    house = main.compose(settings, PooledDatabase(connections.app_dsn, 2))
    conn = await asyncpg.connect(connections.auditor_dsn)
    findings: list[Finding] = []
    try:
        await prepare_connection(conn)
        await check_schema(conn, main.migrations())
        for block in house.blocks:
            # One snapshot a block, so that what is being written meanwhile is no finding.
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                for chain in block.chains:
                    heads = heads_folder(settings.home)
                    count, found = await verify_chain(conn, house.keyring, chain, heads)
                    say(f"{chain.name}: {count} entries, {len(found)} findings")
                    findings.extend(found)
                for verifier in block.verifiers:
                    found = list(await verifier(house, conn))
                    findings.extend(found)
                if block.verifiers:
                    say(f"{block.name}: {len(block.verifiers)} checks done")
    finally:
        await conn.close()
    for finding in findings:
        say(f"WRONG {finding.check}: {finding.where}: {finding.what}")
    say("everything is as it was written" if not findings else f"{len(findings)} findings")
    return 1 if findings else 0
