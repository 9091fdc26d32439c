"""Whole brokers on ports of their own, each with its database and keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
from aiohttp import web

from mieone.blocks.broker.block import block
from mieone.core.clock import SystemClock
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.settings import Profile, Settings
from tests.conftest import Connections, cloned

from .conftest import make_app

_NOT_PASSED = frozenset({"content-length", "transfer-encoding", "connection"})


@asynccontextmanager
async def installation(
    template: Connections, settings: Settings, region: Region, home: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it; its base_url is where others reach it."""
    made = block()
    assert made.start is not None
    assert made.stop is not None
    async with cloned(template) as connections:
        database = await PooledDatabase.open(connections.app_dsn, 4)
        house = House(
            settings=msgspec.structs.replace(settings, profile=Profile.CONFORMANCE),
            clock=SystemClock(),
            keyring=KeyRing.open(home),
            region=region,
            database=database,
            blocks=(made,),
        )
        await made.start(house)
        try:
            transport = httpx.ASGITransport(app=make_app(house, made))
            async with served(transport) as url, httpx.AsyncClient(base_url=url) as client:
                yield client
        finally:
            await made.stop(house)
            await database.close()


@asynccontextmanager
async def served(transport: httpx.ASGITransport) -> AsyncIterator[str]:
    """Over a real port, as another broker would meet it."""
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as inner:

        async def handle(request: web.Request) -> web.StreamResponse:
            answer = await inner.request(
                request.method,
                request.path_qs,
                content=await request.read(),
                headers=list(request.headers.items()),
            )
            headers = [
                (name, text)
                for name, text in answer.headers.multi_items()
                if name.lower() not in _NOT_PASSED
            ]
            response = web.Response(status=answer.status_code, body=answer.content)
            response.headers.clear()
            for name, text in headers:
                response.headers.add(name, text)
            return response

        async with listening(handle) as url:
            yield url


@asynccontextmanager
async def listening(handle: "web._WebHandler") -> AsyncIterator[str]:
    """Anything that answers HTTP, on a port that is free."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
