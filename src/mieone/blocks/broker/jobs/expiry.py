"""What is over by itself ends as if somebody had deleted it, with history and notifications."""

from typing import Final

from mieone.blocks.broker.actions.parts import Parts
from mieone.blocks.broker.actions.registering import end_over
from mieone.blocks.broker.store.entities import list_ended
from mieone.blocks.broker.store.registrations import list_ended_registrations
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob

EVERY_S: Final = 2.0
AT_ONCE: Final = 500


def expiry_job(parts: Parts) -> PeriodicJob:
    async def run(house: House) -> int:
        broker = parts.of(house)
        async with house.database.transaction() as conn:
            over = await list_ended(conn, house.clock.now(), AT_ONCE)
        tenants = {tenant.name: tenant for tenant in await broker.tenants.all()}
        ended = 0
        for name, ids in over.items():
            ended += await broker.writer.expire(tenants[name], ids)
        return ended

    return PeriodicJob(name="broker.end_expired_entities", every_s=EVERY_S, run=run)


def registrations_job(parts: Parts) -> PeriodicJob:
    async def run(house: House) -> int:
        broker = parts.of(house)
        async with house.database.transaction() as conn:
            over = await list_ended_registrations(conn, house.clock.now(), AT_ONCE)
        if not over:
            return 0
        tenants = {tenant.name: tenant for tenant in await broker.tenants.all()}
        return sum([await end_over(broker, tenants[name], one) for name, one in over])

    return PeriodicJob(name="broker.end_expired_registrations", every_s=EVERY_S, run=run)
