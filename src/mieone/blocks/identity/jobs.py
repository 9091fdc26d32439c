"""Periodic work: unfinished proofs, forgotten challenges, the exported destruction list."""

from datetime import timedelta

import structlog

from mieone.blocks.identity.actions import leaving
from mieone.blocks.identity.actions import optin as actions
from mieone.blocks.identity.actions.optin import CardPath
from mieone.blocks.identity.store import optin as store
from mieone.blocks.identity.store import passkeys as passkey_store
from mieone.core.house import House
from mieone.core.problems import Problem

FORGOTTEN_AFTER = timedelta(seconds=30)
KEPT_FOR = timedelta(days=7)

log = structlog.get_logger()


async def finish_forgotten_optins(house: House, path: CardPath | None) -> int:
    """Ask again for whom a crash or a silent operator left between the two transactions."""
    now = house.clock.now()
    async with house.database.transaction() as conn:
        await store.void_late(conn, now, now - KEPT_FOR)
        await passkey_store.void_old_challenges(conn, now - KEPT_FOR)
        forgotten = await store.list_forgotten(conn, now - FORGOTTEN_AFTER, now)
    if path is None:
        return 0
    finished = 0
    for transaction in forgotten:
        try:
            await actions.finish(house, path, transaction)
            finished += 1
        except Problem as problem:
            log.info("optin_not_finished", slug=problem.slug)
    return finished


async def keep_destruction_list(house: House) -> int:
    """The file beside the backups says who left; identifiers nobody needs any more go."""
    exported = await leaving.export_destructions(house)
    return exported + await leaving.forget_pairwise_ids(house)
