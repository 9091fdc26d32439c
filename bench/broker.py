"""The context broker from outside: writes over both APIs, queries, history and notifications.

    python -m bench.broker [seconds] [--sizes 1000,10000] [--only reads,writes]

Starts `mieone up` (profile conformance, a tenant with room enough) and asks it over HTTP from this
process. Queries are measured at 1,000, 10,000 and 100,000 entities, history at 1,000 and 100,000 instances,
notifications with 1,000 subscriptions at 100, 200 and 500 writes a second. Every run counts what went
wrong and is checked against the store: an answer of another status is a failure, never a figure.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from bench.house import _family, free_port, resident_memory, running
from bench.machine import machine, percentile, server, table

ROOT = Path(__file__).parent.parent
TENANT = "bench"
FLOODED = "flooded"
FLOOD_CLIENTS = 50
FLOOD_RATE = 1_350
LD = {"NGSILD-Tenant": TENANT, "Content-Type": "application/json"}
V2 = {"Fiware-Service": TENANT, "Content-Type": "application/json"}
SIZES = (1_000, 10_000, 100_000)
INSTANCES = (1_000, 100_000)
RATES = (100, 200, 500)
SUBSCRIPTIONS = 1_000
COLUMNS = ["what", "at once", "per second", "p50 ms", "p99 ms", "per CPU second", "failures"]
TICK_S = os.sysconf("SC_CLK_TCK")

Ask = Callable[[aiohttp.ClientSession, int], Awaitable[int]]
"""One request, by a number; returns how many things it did, 0 for a failure."""
Once = Callable[[], Coroutine[None, None, None]]
Flood = Callable[[Once, asyncio.Event], Coroutine[None, None, None]]
"""Asks until it is told to stop."""


TABLES = ("reads", "writes", "flood", "history", "notifications")


class Asked(msgspec.Struct, frozen=True):
    seconds: float
    sizes: tuple[int, ...]
    tables: frozenset[str]


def read_arguments(arguments: Sequence[str]) -> Asked:
    parser = argparse.ArgumentParser(prog="bench.broker", description="The broker from outside.")
    parser.add_argument("seconds", nargs="?", type=float, default=5.0, help="of each row")
    parser.add_argument("--sizes", default=SIZES, type=_read_sizes, help="numbers of entities")
    parser.add_argument("--only", default=frozenset(TABLES), type=_read_tables, metavar="TABLES")
    read = parser.parse_args(arguments)
    return Asked(read.seconds, read.sizes, read.only)


def _read_sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


def _read_tables(text: str) -> frozenset[str]:
    unknown = set(text.split(",")) - set(TABLES)
    if unknown:
        raise argparse.ArgumentTypeError(f"there are {', '.join(TABLES)}")
    return frozenset(text.split(","))


def main() -> int:
    asked = read_arguments(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = {
            **os.environ,
            "MIEONE_HOME": folder,
            "MIEONE_PORT": str(free_port()),
            "MIEONE_TLS_PORT": str(free_port()),
            "MIEONE_PROFILE": "conformance",
            "MIEONE_SAMPLE": "no",
            "MIEONE_REGION": str(ROOT / "regions/mie"),
        }
        with running(environment) as (process, _):
            _declare_tenants(environment)
            return asyncio.run(_measure(environment, process, asked))


def _declare_tenants(environment: dict[str, str]) -> None:
    roomy = ["--writes", "1e6", "--reads", "1e6", "--at-once", "1000", "--entities", "1000000"]
    for name, quota in ((TENANT, roomy), (FLOODED, ["--writes", "100", "--reads", "100"])):
        subprocess.run(
            [sys.executable, "-m", "mieone.cli", "tenant", "add", name, name, *quota],
            env=environment,
            check=True,
            capture_output=True,
        )


async def _measure(
    environment: dict[str, str], process: "subprocess.Popen[bytes]", asked: Asked
) -> int:
    bench = Bench(f"http://127.0.0.1:{environment['MIEONE_PORT']}", process.pid, asked.seconds)
    connections = json.loads((Path(environment["MIEONE_HOME"]) / "connections.json").read_bytes())
    rows = [[name, value] for name, value in machine() + await server(connections["owner_dsn"])]
    show("Machine and server", ["what", "value"], rows)
    show("Memory at rest", ["processes", "count", "MiB (PSS)"], resident_memory(process))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await bench.wait_for_tenant(http)
        held = 0
        # What looks at no entities in store needs none.
        sizes = asked.sizes if asked.tables & {"reads", "writes"} else asked.sizes[:1]
        for size in sizes:
            show(f"Filling to {size:,} entities", COLUMNS, [await bench.fill(http, held, size)])
            held = size
            if "reads" in asked.tables:
                show(f"Reads at {size:,} entities", COLUMNS, await bench.reads(http, size))
            if "writes" in asked.tables:
                show(f"Writes at {size:,} entities", COLUMNS, await bench.writes(http, size))
        if "flood" in asked.tables:
            title = "A tenant beside one that is flooded"
            show(title, BESIDE, await bench.flood(http, held))
        for count in INSTANCES if "history" in asked.tables else ():
            title = f"History of {count:,} instances"
            show(title, COLUMNS, await bench.history(http, count))
        if "notifications" in asked.tables:
            title = (
                f"Notifications, {SUBSCRIPTIONS:,} subscriptions, each change due to one of them"
            )
            show(title, NOTIFIED, await bench.notifications(http))
    show("Memory afterwards", ["processes", "count", "MiB (PSS)"], resident_memory(process))
    return 0 if not bench.failures else 1


def show(title: str, columns: Sequence[str], rows: list[list[str]]) -> None:
    """At once: a long run is watched."""
    print(table(title, list(columns), rows), flush=True)


BESIDE = ["one client", "per second", "p50 ms", "p99 ms", "flood taken/s", "flood turned away/s"]
NOTIFIED = [
    "writes asked/s",
    "writes done/s",
    "due",
    "delivered",
    "twice",
    "out of order",
    "p50 ms",
    "p99 ms",
    "CPU share of 2 cores",
]


class Bench:
    def __init__(self, origin: str, pid: int, seconds: float) -> None:
        self.origin = origin
        self.pid = pid
        self.seconds = seconds
        self.failures = 0

    async def loop(
        self, http: aiohttp.ClientSession, name: str, clients: int, ask: Ask, most: int = 10**9
    ) -> list[str]:
        """A closed loop of clients; CPU is that of the servers and the database alone."""
        times: list[float] = []
        done = failures = 0
        numbers = itertools.count()
        before, started = _cpu_s(self.pid), time.perf_counter()
        end = started + self.seconds

        async def client() -> None:
            nonlocal done, failures
            while time.perf_counter() < end:
                number = next(numbers)
                if number >= most:
                    return
                at = time.perf_counter()
                did = await ask(http, number)
                times.append((time.perf_counter() - at) * 1000)
                done += did
                failures += did == 0

        await asyncio.gather(*(client() for _ in range(clients)))
        took, spent = time.perf_counter() - started, _cpu_s(self.pid) - before
        self.failures += failures
        return [
            name,
            str(clients),
            f"{done / took:,.0f}",
            f"{percentile(times, 0.5):.1f}",
            f"{percentile(times, 0.99):.1f}",
            f"{done / spent:,.0f}" if spent else "–",
            str(failures),
        ]

    async def wait_for_tenant(self, http: aiohttp.ClientSession) -> None:
        """Declared beside the running servers, which learn of it within seconds."""
        for _ in range(50):
            url = f"{self.origin}/ngsi-ld/v1/types"
            async with http.get(url, headers={"NGSILD-Tenant": TENANT}) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.2)
        raise SystemExit("the tenant was not declared")

    # --- filling and writing ---

    async def fill(self, http: aiohttp.ClientSession, held: int, size: int) -> list[str]:
        """Batches of 100 with five attributes each, from four clients, until the size is reached."""
        seconds, self.seconds = self.seconds, 3600.0

        async def ask(session: aiohttp.ClientSession, number: int) -> int:
            first = held + number * 100
            body = msgspec.json.encode([entity(first + i) for i in range(100)])
            url = f"{self.origin}/ngsi-ld/v1/entityOperations/upsert"
            async with session.post(url, data=body, headers=LD) as answer:
                await answer.read()
                return 100 if answer.status in (201, 204) else 0

        row = await self.loop(http, "batch upsert, entities", 4, ask, (size - held) // 100)
        self.seconds = seconds
        return row

    async def writes(self, http: aiohttp.ClientSession, size: int) -> list[list[str]]:
        rows = []
        for clients in (1, 10, 50):
            rows.append(
                await self.loop(http, "PATCH one attribute, NGSI-LD", clients, self._patch_ld(size))
            )
            rows.append(
                await self.loop(http, "PATCH one attribute, NGSI v2", clients, self._patch_v2(size))
            )
        return rows

    def _patch_ld(self, size: int) -> Ask:
        async def ask(session: aiohttp.ClientSession, number: int) -> int:
            url = (
                f"{self.origin}/ngsi-ld/v1/entities/{name(number * 7919 % size)}/attrs/temperature"
            )
            body = b'{"type":"Property","value":%d}' % (number % 40)
            async with session.patch(url, data=body, headers=LD) as answer:
                await answer.read()
                return int(answer.status == 204)

        return ask

    def _patch_v2(self, size: int) -> Ask:
        async def ask(session: aiohttp.ClientSession, number: int) -> int:
            url = f"{self.origin}/v2/entities/{name(number * 7919 % size)}/attrs"
            body = b'{"temperature":{"type":"Number","value":%d}}' % (number % 40)
            async with session.patch(url, data=body, headers=V2) as answer:
                await answer.read()
                return int(answer.status == 204)

        return ask

    # --- reading ---

    async def reads(self, http: aiohttp.ClientSession, size: int) -> list[list[str]]:
        plain = {"NGSILD-Tenant": TENANT}
        of_type, v2 = "/ngsi-ld/v1/entities?type=Gauge", {"Fiware-Service": TENANT}

        def one(number: int) -> str:
            return name(number * 7919 % size)

        def narrow(number: int) -> str:
            low = number % 9 / 10
            return f"{of_type}&q=share%3E={low:.1f};share%3C{low + 0.001:.4f}"

        asked: list[tuple[str, Callable[[int], str], dict[str, str]]] = [
            ("retrieve, NGSI-LD", lambda n: f"/ngsi-ld/v1/entities/{one(n)}", plain),
            ("retrieve, NGSI v2", lambda n: f"/v2/entities/{one(n)}", v2),
            ("type, 20 of all", lambda n: f"{of_type}&limit=20", plain),
            ("q equal, one fits", lambda n: f"{of_type}&q=serial=={n % size}", plain),
            ("q range, half fit", lambda n: f"{of_type}&q=temperature%3E20", plain),
            ("q range, 1 in 1,000 fits", narrow, plain),
            ("q range, NGSI v2", lambda n: "/v2/entities?type=Gauge&q=temperature>20", v2),
            ("near 1 km", lambda n: _near(n, 1000), plain),
            ("within a polygon", _within, plain),
            ("near 5 km and q", lambda n: _near(n, 5000) + "&q=temperature%3E20", plain),
        ]
        rows = []
        for title, path, headers in asked:
            for clients in (1, 10):
                rows.append(await self.loop(http, title, clients, self._get(path, headers)))
        return rows

    def _get(self, path: Callable[[int], str], headers: dict[str, str]) -> Ask:
        async def ask(session: aiohttp.ClientSession, number: int) -> int:
            async with session.get(f"{self.origin}{path(number)}", headers=headers) as answer:
                await answer.read()
                return int(answer.status == 200)

        return ask

    # --- two tenants ---

    async def flood(self, http: aiohttp.ClientSession, size: int) -> list[list[str]]:
        """One tenant's patches, alone and beside another that asks for far more than it may.

        50 clients who come again as soon as they are answered, then so many requests a second whether
        they are answered or not.
        """
        alone = await self.loop(http, "alone", 1, self._patch_ld(size))
        return [
            [*alone[:1], *alone[2:5], "–", "–"],
            await self._beside(http, size, f"beside {FLOOD_CLIENTS} clients", self._come_again),
            await self._beside(http, size, f"beside {FLOOD_RATE:,} asked/s", self._keep_coming),
        ]

    async def _beside(
        self, http: aiohttp.ClientSession, size: int, title: str, flood: Flood
    ) -> list[str]:
        counts: Counter[int] = Counter()
        numbers = itertools.count()
        stop = asyncio.Event()

        async def ask() -> None:
            url = f"{self.origin}/ngsi-ld/v1/entityOperations/upsert"
            body = msgspec.json.encode([entity(next(numbers) % FLOOD_CLIENTS)])
            headers = {**LD, "NGSILD-Tenant": FLOODED}
            async with http.post(url, data=body, headers=headers) as answer:
                await answer.read()
                counts[answer.status] += 1

        noise = asyncio.create_task(flood(ask, stop))
        row = await self.loop(http, title, 1, self._patch_ld(size))
        taken = sum(count for status, count in counts.items() if status < 300)
        turned_away = counts[429]
        stop.set()
        await noise
        rates = [f"{count / self.seconds:,.0f}" for count in (taken, turned_away)]
        return [*row[:1], *row[2:5], *rates]

    async def _come_again(self, ask: Once, stop: asyncio.Event) -> None:
        async def client() -> None:
            while not stop.is_set():
                await ask()

        await asyncio.gather(*(client() for _ in range(FLOOD_CLIENTS)))

    async def _keep_coming(self, ask: Once, stop: asyncio.Event) -> None:
        started, tasks = time.perf_counter(), set[asyncio.Task[None]]()
        for number in itertools.count(1):
            if stop.is_set():
                break
            task = asyncio.create_task(ask())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(max(0.0, started + number / FLOOD_RATE - time.perf_counter()))
        await asyncio.gather(*tasks)

    # --- history ---

    async def history(self, http: aiohttp.ClientSession, count: int) -> list[list[str]]:
        long = f"urn:ngsi-ld:History:{count}"
        await self._record(http, long, count)
        plain = {"NGSILD-Tenant": TENANT}
        base = f"/ngsi-ld/v1/temporal/entities/{long}?timerel=between&timeAt=2020-01-01T00:00:00Z"
        week = f"{base}&endTimeAt=2020-01-01T00:10:00Z&options=temporalValues"
        whole = f"{base}&endTimeAt=2021-01-01T00:00:00Z"
        hourly = "options=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=PT1H"
        asked = [
            ("the newest 10", f"{whole}&lastN=10&options=temporalValues"),
            ("ten minutes in the middle, at most 600", week),
            ("average by hour, all", f"{whole}&{hourly}"),
        ]
        return [
            await self.loop(http, title, clients, self._get(lambda n, p=path: p, plain))  # type: ignore[misc]
            for title, path in asked
            for clients in (1, 10)
        ]

    async def _record(self, http: aiohttp.ClientSession, long: str, count: int) -> None:
        url = f"{self.origin}/ngsi-ld/v1/temporal/entities"
        for first in range(0, count, 1000):
            values = [
                {"type": "Property", "value": second % 97, "observedAt": _at(second)}
                for second in range(first, min(first + 1000, count))
            ]
            body = msgspec.json.encode({"id": long, "type": "Gauge", "temperature": values})
            async with http.post(url, data=body, headers=LD) as answer:
                if answer.status not in (201, 204):
                    raise SystemExit(f"history: {answer.status} {await answer.text()}")

    # --- notifications ---

    async def notifications(self, http: aiohttp.ClientSession) -> list[list[str]]:
        receiver = Receiver()
        runner = web.AppRunner(receiver.app, access_log=None)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await self._subscribe(http, port)
        rows = []
        for rate in RATES:
            rows.append(await self._storm(http, receiver, rate))
        await runner.cleanup()
        return rows

    async def _subscribe(self, http: aiohttp.ClientSession, port: int) -> None:
        things = [
            {"id": f"urn:ngsi-ld:Watched:{i}", "type": "Watched", "level": {"type": "Property", "value": 0}}
            for i in range(SUBSCRIPTIONS)
        ]  # fmt: skip
        for first in range(0, SUBSCRIPTIONS, 500):
            body = msgspec.json.encode(things[first : first + 500])
            url = f"{self.origin}/ngsi-ld/v1/entityOperations/upsert"
            async with http.post(url, data=body, headers=LD) as answer:
                assert answer.status in (201, 204), await answer.text()
        for i in range(SUBSCRIPTIONS):
            body = msgspec.json.encode(
                {
                    "type": "Subscription",
                    "entities": [{"id": f"urn:ngsi-ld:Watched:{i}", "type": "Watched"}],
                    "watchedAttributes": ["level"],
                    "notification": {
                        "format": "keyValues",
                        "endpoint": {"uri": f"http://127.0.0.1:{port}/notify"},
                    },
                }
            )
            url = f"{self.origin}/ngsi-ld/v1/subscriptions"
            async with http.post(url, data=body, headers=LD) as answer:
                assert answer.status == 201, await answer.text()

    async def _storm(
        self, http: aiohttp.ClientSession, receiver: "Receiver", rate: int
    ) -> list[str]:
        """An open loop: a write starts when it is due, whether the last one has returned or not."""
        receiver.clear()
        before, started = _cpu_s(self.pid), time.perf_counter()
        total, written = int(rate * self.seconds), 0
        tasks: set[asyncio.Task[None]] = set()
        levels: dict[int, int] = defaultdict(int)
        busy: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

        async def write(thing: int, level: int) -> None:
            nonlocal written
            url = f"{self.origin}/ngsi-ld/v1/entities/urn:ngsi-ld:Watched:{thing}/attrs/level"
            body = b'{"type":"Property","value":%d}' % level
            async with busy[thing]:
                receiver.asked[thing, level] = time.perf_counter()
                async with http.patch(url, data=body, headers=LD) as answer:
                    await answer.read()
                    written += answer.status == 204

        chance = random.Random(rate)
        for number in range(total):
            thing = chance.randrange(SUBSCRIPTIONS)
            levels[thing] += 1
            task = asyncio.create_task(write(thing, rate * 1_000_000 + levels[thing]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(max(0.0, started + (number + 1) / rate - time.perf_counter()))
        await asyncio.gather(*tasks)
        took = time.perf_counter() - started
        await receiver.wait_for(written, 30)
        spent, passed = _cpu_s(self.pid) - before, time.perf_counter() - started
        self.failures += written - len(receiver.seen)
        delays = receiver.delays_ms or [0.0]
        return [
            str(rate),
            f"{written / took:,.0f}",
            str(written),
            str(len(receiver.seen)),
            str(receiver.repeated),
            str(receiver.disordered),
            f"{percentile(delays, 0.5):.0f}",
            f"{percentile(delays, 0.99):.0f}",
            f"{spent / passed / 2:.0%}",
        ]


class Receiver:
    """Counts what arrives, in which order, and how long after the write was sent."""

    def __init__(self) -> None:
        self.app = web.Application()
        self.app.router.add_post("/notify", self.take)
        self.asked: dict[tuple[int, int], float] = {}
        self.clear()

    def clear(self) -> None:
        self.asked.clear()
        self.seen: Counter[tuple[int, int]] = Counter()
        self.last: dict[int, int] = {}
        self.delays_ms: list[float] = []
        self.disordered = 0

    @property
    def repeated(self) -> int:
        return sum(self.seen.values()) - len(self.seen)

    async def take(self, request: web.Request) -> web.Response:
        now = time.perf_counter()
        for thing in (await request.json())["data"]:
            number, level = int(thing["id"].rsplit(":", 1)[1]), thing["level"]
            if (number, level) not in self.asked:
                continue
            self.seen[number, level] += 1
            self.disordered += level < self.last.get(number, 0)
            self.last[number] = level
            self.delays_ms.append((now - self.asked[number, level]) * 1000)
        return web.Response(status=204)

    async def wait_for(self, count: int, limit_s: float) -> None:
        end = time.perf_counter() + limit_s
        # The receiver tells nobody of each arrival: that would be measured as well.
        while len(self.seen) < count and time.perf_counter() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def name(number: int) -> str:
    return f"urn:ngsi-ld:Gauge:{number}"


def entity(number: int) -> dict[str, object]:
    """Spread evenly over the six towns' rectangle; two figures, a place, a word and a relation."""
    chance = random.Random(number)
    point = [136.0 + chance.random() * 0.8, 34.0 + chance.random() * 0.6]
    return {
        "id": name(number),
        "type": "Gauge",
        "temperature": {"type": "Property", "value": chance.randrange(40), "unitCode": "CEL"},
        "serial": {"type": "Property", "value": number},
        "share": {"type": "Property", "value": chance.random()},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": point}},
        "stands": {"type": "Relationship", "object": f"urn:ngsi-ld:Place:{number % 100}"},
    }


def _near(number: int, metres: int) -> str:
    chance = random.Random(number)
    point = f"[{136.0 + chance.random() * 0.8:.5f},{34.0 + chance.random() * 0.6:.5f}]"
    return (
        f"/ngsi-ld/v1/entities?type=Gauge&georel=near;maxDistance=={metres}"
        f"&geometry=Point&coordinates={point}"
    )


def _within(number: int) -> str:
    chance = random.Random(number)
    west, south = 136.0 + chance.random() * 0.7, 34.0 + chance.random() * 0.5
    ring = [[west, south], [west + 0.02, south], [west + 0.02, south + 0.02], [west, south]]
    return (
        "/ngsi-ld/v1/entities?type=Gauge&georel=within&geometry=Polygon"
        f"&coordinates={json.dumps([ring], separators=(',', ':'))}"
    )


def _at(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1577836800 + second))


def _cpu_s(root: int) -> float:
    """Of all processes of the installation, those that ended included."""
    ticks = 0
    for pid in _family(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICK_S


if __name__ == "__main__":
    sys.exit(main())
