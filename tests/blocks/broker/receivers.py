"""Somebody to be told: a real HTTP server that keeps what it gets and answers as it is asked to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from mieone.blocks.broker.actions.delivery import Policy, serve
from mieone.blocks.broker.actions.parts import Broker

QUICK = Policy(first_wait_s=0.05, longest_wait_s=0.2, max_attempts=4, lease_s=1.0, poll_s=0.02)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.delay_s = 0.0
        self.open = 0
        """Requests that have no answer yet."""
        self.url = ""
        self._news = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.headers.append(dict(request.headers))
        self.got.append(body)
        self._news.set()
        status = self.status
        self.open += 1
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.open -= 1
        return web.Response(status=status)

    async def wait_for(self, count: int, timeout_s: float = 60.0) -> list[dict[str, Any]]:
        """The first `count`, once they are there."""
        async with asyncio.timeout(timeout_s):
            while len(self.got) < count:
                self._news.clear()
                await self._news.wait()
        return self.got[:count]

    async def stays_at(self, count: int, for_s: float = 0.6) -> bool:
        await asyncio.sleep(for_s)
        return len(self.got) == count

    def values(self, name: str) -> list[Any]:
        return [body["data"][0][name]["value"] for body in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def delivering(broker: Broker, policy: Policy = QUICK) -> AsyncIterator[None]:
    """A worker's part."""
    stop = asyncio.Event()
    task = asyncio.create_task(serve(broker, stop, policy))
    try:
        yield
    finally:
        stop.set()
        await task
