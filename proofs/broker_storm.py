"""A storm of updates with 1,000 subscriptions; the worker and PostgreSQL are killed with SIGKILL meanwhile.

    python -m proofs.broker_storm [seconds] [kills]

998 subscriptions have a receiver that answers, one receiver is slow (a second each time), one is dead
and is due for every change. The receiver and the writers note what they saw by themselves; afterwards the
two notes are compared: every acknowledged change was delivered or is on record as waiting or dead,
changes of one entity arrived in order, and what arrived twice said so. Writes results/broker_storm.md.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg
from aiohttp import web
from bench.house import _family, free_port

from proofs.installation import broker_running

RESULTS = Path(__file__).parent / "results" / "broker_storm.md"
THINGS = 999
SLOW = 998
"""The thing that the slow receiver is told of; the dead one is due for all."""
WRITERS = 24
HEADERS = {"Content-Type": "application/json"}
SETTLE_LIMIT_S = 240


class Note:
    """What writers and receivers saw, past the broker."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, list[int]] = defaultdict(list)
        self.unsure: set[tuple[int, int]] = set()
        """Asked, and no answer came: may or may not be in the store."""
        self.arrived: Counter[tuple[int, int]] = Counter()
        self.latest: dict[int, int] = {}
        self.repeats_marked = 0
        self.repeats_unmarked = 0
        self.out_of_order = 0
        self.ids: set[str] = set()

    def take(self, thing: int, level: int, notification_id: str, attempt: int) -> None:
        repeated = self.arrived[thing, level] > 0
        self.arrived[thing, level] += 1
        if repeated:
            # Written twice because the first answer was lost: two changes, each told once.
            was_asked_again = (thing, level) in self.unsure
            marked = attempt > 1 or notification_id in self.ids or was_asked_again
            self.repeats_marked += marked
            self.repeats_unmarked += not marked
        elif level < self.latest.get(thing, 0):
            self.out_of_order += 1
        self.latest[thing] = max(level, self.latest.get(thing, 0))

    @property
    def missing(self) -> list[tuple[int, int]]:
        return [
            (thing, level)
            for thing, levels in self.acknowledged.items()
            for level in levels
            if not self.arrived[thing, level]
        ]


def receiver(note: Note) -> web.Application:
    async def take(request: web.Request) -> web.Response:
        body = await request.json()
        slow = request.path == "/slow"
        if slow:
            await asyncio.sleep(1)
        attempt = int(request.headers.get("Mieone-Attempt", "1"))
        for thing in body["data"]:
            number = int(thing["id"].rsplit(":", 1)[1])
            note.take(number, thing["level"], body["id"], attempt)
        note.ids.add(body["id"])
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/good", take)
    app.router.add_post("/slow", take)
    return app


async def prepare(http: aiohttp.ClientSession, origin: str, port: int) -> None:
    things = [
        {"id": _id(i), "type": "Watched", "level": {"type": "Property", "value": 0}}
        for i in range(THINGS)
    ]
    url = f"{origin}/ngsi-ld/v1/entityOperations/upsert"
    async with http.post(url, json=things, headers=HEADERS) as answer:
        assert answer.status in (201, 204), await answer.text()
    good, slow = f"http://127.0.0.1:{port}/good", f"http://127.0.0.1:{port}/slow"
    for i in range(THINGS):
        selector = {"id": _id(i), "type": "Watched"}
        await _subscribe(http, origin, f"n{i}", selector, slow if i == SLOW else good)
    # Nobody listens on the discard port.
    await _subscribe(http, origin, "dead", {"type": "Watched"}, "http://127.0.0.1:9/dead")


async def _subscribe(
    http: aiohttp.ClientSession, origin: str, name: str, selector: dict[str, str], uri: str
) -> None:
    body = {
        "id": f"urn:ngsi-ld:Subscription:{name}",
        "type": "Subscription",
        "entities": [selector],
        "watchedAttributes": ["level"],
        "notification": {"format": "keyValues", "endpoint": {"uri": uri}},
    }
    async with http.post(
        f"{origin}/ngsi-ld/v1/subscriptions", json=body, headers=HEADERS
    ) as answer:
        assert answer.status == 201, await answer.text()


def _id(number: int) -> str:
    return f"urn:ngsi-ld:Watched:{number}"


async def write_until(
    http: aiohttp.ClientSession, origin: str, note: Note, writer: int, end: float
) -> None:
    """Each writer has things of its own; a level that was not acknowledged is asked again."""
    chance = random.Random(writer)
    own = [thing for thing in range(THINGS) if thing % WRITERS == writer]
    level: dict[int, int] = defaultdict(int)
    while time.monotonic() < end:
        thing = chance.choice(own)
        level[thing] += 1
        url = f"{origin}/ngsi-ld/v1/entities/{_id(thing)}/attrs/level"
        body = {"type": "Property", "value": level[thing]}
        while True:
            try:
                async with http.patch(url, json=body, headers=HEADERS) as answer:
                    await answer.read()
                    if answer.status == 204:
                        note.acknowledged[thing].append(level[thing])
                        break
            except (aiohttp.ClientError, TimeoutError):
                pass
            note.unsure.add((thing, level[thing]))
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.05)


async def kill_now_and_then(root: int, kills: int, end: float) -> Counter[str]:
    """The worker and the database by turns; what watches over them brings them back."""
    done: Counter[str] = Counter()
    every_s = (end - time.monotonic()) / (kills + 1)
    for number in range(kills):
        await asyncio.sleep(every_s)
        kind = "worker" if number % 2 == 0 else "database"
        pid = _find(root, kind)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            done[kind] += 1
    return done


def _find(root: int, kind: str) -> int | None:
    for pid in _family(root):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if kind == "worker" and command.rstrip().endswith("mieone.cli worker"):
            return pid
        if kind == "database" and "postgres" in command.split(" ")[0] and " -D" in command:
            return pid
    return None


async def settle(note: Note, dsn: str) -> tuple[int, int]:
    """Until everything that can arrive has; then what stands on record for the dead receiver."""
    end = time.monotonic() + SETTLE_LIMIT_S
    while note.missing and time.monotonic() < end:  # noqa: ASYNC110 - nobody to tell us
        await asyncio.sleep(0.5)
    await asyncio.sleep(3)
    conn = await asyncpg.connect(dsn)
    try:
        rows = await conn.fetch(
            "SELECT state, count(*) AS n FROM broker.delivery "
            "WHERE subscription = 'urn:ngsi-ld:Subscription:dead' GROUP BY state"
        )
    finally:
        await conn.close()
    held = {row["state"]: row["n"] for row in rows}
    return held.get("due", 0), held.get("dead", 0)


async def main(seconds: float, kills: int) -> int:
    note = Note()
    with broker_running("storm") as (process, origin, home):
        runner = web.AppRunner(receiver(note), access_log=None)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        limit = aiohttp.ClientTimeout(total=15)
        async with aiohttp.ClientSession(timeout=limit) as http:
            await prepare(http, origin, port)
            end = time.monotonic() + seconds
            killing = asyncio.create_task(kill_now_and_then(process.pid, kills, end))
            writers = [write_until(http, origin, note, n, end) for n in range(WRITERS)]
            await asyncio.gather(*writers)
            killed = await killing
        dsn = json.loads((home / "connections.json").read_bytes())["owner_dsn"]
        waiting, dead = await settle(note, dsn)
        await runner.cleanup()
    text, is_clean = judge(note, killed, waiting, dead, seconds)
    print(text)
    RESULTS.write_text(text, "utf-8")
    return 0 if is_clean else 1


def judge(
    note: Note, killed: Counter[str], waiting: int, dead: int, seconds: float
) -> tuple[str, bool]:
    acknowledged = sum(len(levels) for levels in note.acknowledged.values())
    lost_for_dead = max(acknowledged - waiting - dead, 0)
    rows = [
        ("kills of the worker", killed["worker"]),
        ("kills of PostgreSQL", killed["database"]),
        ("changes acknowledged", acknowledged),
        ("changes asked again after no answer", len(note.unsure)),
        ("changes delivered to receivers that answer", len(note.arrived)),
        ("arrived again, marked", note.repeats_marked),
        ("waiting or dead for the receiver that is dead", waiting + dead),
        ("**acknowledged and never delivered**", len(note.missing)),
        ("**acknowledged and not on record for the dead receiver**", lost_for_dead),
        ("**out of order within an entity**", note.out_of_order),
        ("**arrived again, not marked**", note.repeats_unmarked),
    ]
    is_clean = not any(count for name, count in rows if name.startswith("**"))
    lines = [
        f"Run of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {seconds:.0f} s of writing by {WRITERS} writers, "
        f"{THINGS + 1:,} subscriptions.",
        "",
        "| what | count |",
        "|---|---|",
        *(f"| {name} | {count:,} |" for name, count in rows),
    ]
    return "\n".join(lines) + "\n", is_clean


if __name__ == "__main__":
    arguments = [float(text) for text in sys.argv[1:]]
    sys.exit(
        asyncio.run(
            main(
                arguments[0] if arguments else 60.0, int(arguments[1]) if len(arguments) > 1 else 6
            )
        )
    )
