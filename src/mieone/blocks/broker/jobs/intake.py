"""Data that comes in: the region's own files, scheduled pulls, messages of gauges."""

import asyncio

from mieone.blocks.broker.actions.importing import Importer
from mieone.blocks.broker.actions.listening import serve_feeds
from mieone.blocks.broker.actions.parts import Broker, Parts
from mieone.blocks.broker.actions.pulling import pull_due
from mieone.core.block import Service
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.settings import Profile


async def load_region_files(broker: Broker) -> int:
    """Files that have not changed since are left alone; suites of others want an empty broker."""
    if broker.house.settings.profile is Profile.CONFORMANCE:
        return 0
    return await Importer(broker).import_region_files()


def jobs(parts: Parts) -> tuple[PeriodicJob, ...]:
    async def load(house: House) -> int:
        return await load_region_files(parts.of(house))

    async def pull(house: House) -> int:
        return await pull_due(parts.of(house))

    return (
        PeriodicJob(name="broker.load_region_files", every_s=60, run=load),
        PeriodicJob(name="broker.pull_feeds", every_s=30, run=pull),
    )


def services(parts: Parts) -> tuple[Service, ...]:
    async def feeds(house: House, stop: asyncio.Event) -> None:
        await serve_feeds(parts.of(house), stop)

    return (feeds,)
