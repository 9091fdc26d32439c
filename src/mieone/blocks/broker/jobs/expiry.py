"""What is over by itself ends as if somebody had deleted it, with history and notifications."""

from typing import Final

import asyncpg
import structlog

from mieone.blocks.broker.actions.parts import Parts
from mieone.blocks.broker.actions.registering import end_over
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.store.entities import list_ended
from mieone.blocks.broker.store.registrations import list_ended_registrations
from mieone.blocks.broker.store.tenants import list_tenants
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob

log = structlog.get_logger()

EVERY_S: Final = 2.0
AT_ONCE: Final = 500


def expiry_job(parts: Parts) -> PeriodicJob:
    async def run(house: House) -> int:
        broker = parts.of(house)
        async with house.database.transaction() as conn:
            over = await list_ended(conn, house.clock.now(), AT_ONCE)
            # Of this moment: what is kept in memory may not know the newest yet.
            tenants = {tenant.name: tenant for tenant in await list_tenants(conn)}
        ended = 0
        for name, ids in over.items():
            try:
                ended += await broker.writer.expire(tenants[name], ids)
            except (BrokerProblem, asyncpg.PostgresError):
                # The others end all the same; this one is tried again.
                log.exception("broker_expiry_failed", tenant=name)
        return ended

    return PeriodicJob(name="broker.end_expired_entities", every_s=EVERY_S, run=run)


def registrations_job(parts: Parts) -> PeriodicJob:
    async def run(house: House) -> int:
        broker = parts.of(house)
        async with house.database.transaction() as conn:
            over = await list_ended_registrations(conn, house.clock.now(), AT_ONCE)
            tenants = {tenant.name: tenant for tenant in await list_tenants(conn)}
        return sum(
            [await end_over(broker, tenants[name], one) for name, one in over if name in tenants]
        )

    return PeriodicJob(name="broker.end_expired_registrations", every_s=EVERY_S, run=run)
