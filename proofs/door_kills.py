"""A process that discloses is killed with SIGKILL, again and again; nothing left unlogged or unlawful.

    python -m proofs.door_kills [how many]

The child asks at the door as fast as it can while its people give and withdraw. The provider, the
receiver and the people write what they saw into files of their own, line by line, past the door. After
each kill the parent compares those files with the access record. Writes results/door_kills.md.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from tests.door import given
from tests.door.given import ITEMS, Member, World
from tests.door.interleaving import named

from mieone.blocks.exchange import NotAnswered, Refused
from mieone.core.cluster import temporary_cluster
from mieone.core.ports import ProvidedRow, ProvideRequest
from mieone.core.roles import Connections

from . import door_ground as ground

HOUSEHOLDS = 6
ASKERS = 4


class Log:
    """One line a fact, in the file before the next thing happens: SIGKILL does not unwrite it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, what: str, **facts: object) -> None:
        line = json.dumps({"what": what, "at": time.monotonic_ns(), **facts}) + "\n"
        os.write(self._descriptor, line.encode())


# --- the child ---


async def disclose_until_killed(dsn: str, home: Path, path: Path) -> None:
    log = Log(path)
    async with ground.pool(dsn, 10) as database:
        world = await ground.world_in(home, database)
        households = [[named("mother"), named("spouse")] for _ in range(HOUSEHOLDS)]
        for members in households:
            world.register.add(members)
        _watch(world, log)
        log.write("ready")
        async with asyncio.TaskGroup() as group:
            for members in households:
                for who in members:
                    group.create_task(_change_mind(world, log, who))
            for _ in range(ASKERS):
                group.create_task(_keep_asking(world, log, households))


def _watch(world: World, log: Log) -> None:
    provide = world.register.provide

    async def watched(request: ProvideRequest) -> Sequence[ProvidedRow]:
        log.write("asked", keys=request.keys)
        await asyncio.sleep(random.random() * 0.01)
        rows = await provide(request)
        log.write("gave", keys=[row.key for row in rows])
        return rows

    world.register.answer = watched


async def _change_mind(world: World, log: Log, who: Member) -> None:
    while True:
        log.write("giving", subject=str(who.subject_id))
        await given.give(world, who)
        log.write("given", subject=str(who.subject_id))
        await asyncio.sleep(random.random() * 0.1)
        log.write("withdrawing", subject=str(who.subject_id))
        await given.withdraw(world, who)
        log.write("withdrawn", subject=str(who.subject_id))
        await asyncio.sleep(random.random() * 0.03)


async def _keep_asking(world: World, log: Log, households: list[list[Member]]) -> None:
    while True:
        members = random.choice(households)
        request = given.request(members[0])
        log.write(
            "asking",
            request=str(request.request_id),
            members={one.key: str(one.subject_id) for one in members},
        )
        try:
            answer = await world.door(request)
        except (Refused, NotAnswered):
            log.write("refused", request=str(request.request_id))
            continue
        names = {str(one.items["name"]).split(":")[0]: one for one in members}
        subjects = [
            str(names[str(record.items["name"]).split(":")[0]].subject_id)
            for record in answer.records
        ]
        log.write(
            "received",
            request=str(request.request_id),
            subjects=subjects,
            digest=given.receivers_digest(answer).hex(),
            items=len(ITEMS),
        )


# --- the parent ---


def kill_once(connections: Connections, home: Path, number: int) -> Path:
    path = home / f"seen-{number}.jsonl"
    child = subprocess.Popen(
        [sys.executable, "-m", "proofs.door_kills", "child", connections.app_dsn, str(home), path],
        cwd=ground.ROOT,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while time.monotonic() < end and not _has(path, '"received"'):
        if child.poll() is not None:
            raise RuntimeError("the child ended by itself")
        time.sleep(0.02)
    time.sleep(random.random() * 1.5)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return path


def _has(path: Path, word: str) -> bool:
    return path.exists() and word in path.read_text("utf-8")


def read_facts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


async def judge(
    connections: Connections, facts: list[dict[str, Any]], tally: Counter[str]
) -> list[str]:
    """What the others saw, against what stands on record."""
    subjects = {
        subject for one in facts if one["what"] == "asking" for subject in one["members"].values()
    }
    by_key = {
        key: subject
        for one in facts
        if one["what"] == "asking"
        for key, subject in one["members"].items()
    }
    rows = await _settled_rows(connections, [UUID(one) for one in subjects])
    wrong: list[str] = []
    permits = Counter(str(row["subject_id"]) for row in rows if row["kind"] == "permit")
    asked = Counter(by_key[key] for one in facts if one["what"] == "asked" for key in one["keys"])
    wrong += [
        f"{one}: asked {asked[one]}, permits {permits[one]}"
        for one in asked
        if permits[one] < asked[one]
    ]
    outcomes = {
        (str(row["subject_id"]), str(row["request_id"]), bytes(row["payload_sha256"] or b"").hex())
        for row in rows
        if row["outcome"] == "released"
    }
    windows = _windows(facts)
    for one in facts:
        tally[one["what"]] += 1
        if one["what"] == "received":
            wrong += _judge_received(one, facts, outcomes, windows)
            tally["rows received"] += len(one["subjects"])
    ended = {row["permit_id"] for row in rows if row["kind"] == "outcome"}
    tally["permits"] += sum(permits.values())
    tally["permits without outcome"] += sum(
        row["kind"] == "permit" and row["entry_id"] not in ended for row in rows
    )
    return wrong


def _judge_received(
    one: dict[str, Any],
    facts: list[dict[str, Any]],
    outcomes: set[tuple[str, str, str]],
    windows: dict[str, list[tuple[int, int | None]]],
) -> list[str]:
    request, digest = str(one["request"]), str(one["digest"])
    began = next(
        fact["at"] for fact in facts if fact["what"] == "asking" and fact["request"] == request
    )
    wrong = []
    for subject in one["subjects"]:
        if (subject, request, digest) not in outcomes:
            wrong.append(f"{request}: received about {subject}, not on record")
        possible = any(
            first <= int(str(one["at"])) and (last is None or last >= int(str(began)))
            for first, last in windows[subject]
        )
        if not possible:
            wrong.append(f"{request}: received about {subject} without consent")
    return wrong


def _windows(facts: list[dict[str, Any]]) -> dict[str, list[tuple[int, int | None]]]:
    """From when to when each person's consent may have been in force, as they saw it."""
    windows: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for one in facts:
        if one["what"] == "giving":
            windows[str(one["subject"])].append((int(str(one["at"])), None))
        elif one["what"] == "withdrawn":
            subject = str(one["subject"])
            first, _ = windows[subject][-1]
            windows[subject][-1] = (first, int(str(one["at"])))
    return windows


async def _settled_rows(connections: Connections, subjects: list[UUID]) -> list[asyncpg.Record]:
    """Once the dead process's last transactions are gone: what committed, committed."""
    conn = await asyncpg.connect(connections.maintenance_dsn)
    try:
        for _ in range(1_000):
            left = await conn.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mieone_app'"
            )
            if not left:
                break
            await asyncio.sleep(0.02)
    finally:
        await conn.close()
    conn = await asyncpg.connect(connections.auditor_dsn)
    try:
        return await conn.fetch(
            "SELECT entry_id, kind, subject_id, request_id, permit_id, outcome, payload_sha256 "
            "FROM access.record WHERE subject_id = ANY($1::uuid[])",
            subjects,
        )
    finally:
        await conn.close()


def prove(connections: Connections, count: int) -> tuple[Counter[str], list[str]]:
    asyncio.run(ground.build(connections))
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="mieone-proof-") as name:
        for number in range(count):
            path = kill_once(connections, Path(name), number)
            wrong += asyncio.run(judge(connections, read_facts(path), tally))
            sys.stderr.write(f"kill {number + 1}: {dict(tally)} wrong={len(wrong)}\n")
    return tally, wrong


def main() -> int:
    if sys.argv[1:2] == ["child"]:
        asyncio.run(disclose_until_killed(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with temporary_cluster() as connections:
        tally, wrong = prove(connections, count)
    names = {
        "asking": "requests sent",
        "asked": "times the provider was asked",
        "received": "answers the receiver got",
        "rows received": "rows of people in them",
        "refused": "refusals the receiver got",
        "withdrawn": "withdrawals that returned",
        "permits": "permits on record",
        "permits without outcome": "permits without outcome (count as disclosed)",
    }
    lines = [
        "A process that discloses to four askers while people change their minds, killed with SIGKILL",
        "at a random moment. Judged from the provider's, the receiver's and the people's own files.",
        "",
        "| what | count |",
        "|---|---|",
        f"| kills | {count} |",
        *(f"| {text} | {tally[name]} |" for name, text in names.items()),
        f"| **unlawful or unlogged** | {len(wrong)} |",
        *(f"\n- {one}" for one in wrong[:50]),
    ]
    sys.stdout.write(ground.write_result("door_kills", lines).read_text("utf-8"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
