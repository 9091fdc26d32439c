"""The worker's part in notifications: they are delivered as long as it runs."""

import asyncio

from mieone.blocks.broker.actions.delivery import serve
from mieone.blocks.broker.actions.parts import Parts
from mieone.core.block import Service
from mieone.core.house import House


def services(parts: Parts) -> tuple[Service, ...]:
    async def deliver(house: House, stop: asyncio.Event) -> None:
        await serve(parts.of(house), stop)

    return (deliver,)
