"""A closed loop of HTTP clients on loopback, bounded in time, in a process of its own."""

import asyncio
import time
from collections.abc import Mapping

import httpx
import msgspec

from bench.machine import percentile


class Result(msgspec.Struct, frozen=True):
    clients: int
    answers: int
    failures: int
    per_second: float
    p50_ms: float
    p99_ms: float

    def row(self, name: str) -> list[str]:
        return [
            name,
            str(self.clients),
            f"{self.per_second:,.0f}",
            f"{self.p50_ms:.1f}",
            f"{self.p99_ms:.1f}",
            str(self.failures),
        ]


COLUMNS = ["what", "clients", "per second", "p50 ms", "p99 ms", "failures"]


async def get_for(
    url: str, clients: int, seconds: float, headers: Mapping[str, str] | None = None
) -> Result:
    """GET one address with so many clients for so long; anything but 200 is a failure."""
    times: list[float] = []
    failures = 0
    end = time.perf_counter() + seconds

    async def one(http: httpx.AsyncClient) -> None:
        nonlocal failures
        while time.perf_counter() < end:
            started = time.perf_counter()
            answer = await http.get(url, headers=dict(headers or {}))
            times.append((time.perf_counter() - started) * 1000)
            failures += answer.status_code != 200

    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(limits=limits, timeout=30) as http:
        await asyncio.gather(*(one(http) for _ in range(clients)))
    return Result(
        clients,
        len(times),
        failures,
        len(times) / seconds,
        percentile(times, 0.5),
        percentile(times, 0.99),
    )
