"""Random interleavings at the door: people give and withdraw, services ask, tasks and connections die.

Every statement of every transaction, and the provider, is a step; a seeded scheduler decides whose step
comes next. Whether a release was lawful is judged from two logs that the door does not write: what the
provider was asked and gave, and what the receiver got; with the times at which people's own acts began
and returned.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from uuid import UUID, uuid4

import asyncpg
import msgspec

from mieone.blocks.consent.problems import StateForbids
from mieone.blocks.exchange import NotAnswered, Refused
from mieone.core.database import Conn, Database
from mieone.core.model import TownCode
from mieone.core.ports import Disclosure, ProvidedRow, ProvideRequest

from . import given
from .given import ITEMS, Member, World, receivers_digest

BLOCKED_S = 0.02
"""A task that has not come to its next step by then waits for a lock; others go on."""


class Dropped(Exception):
    """The connection was cut at this step."""


class Turn:
    """One task's place in the schedule."""

    def __init__(self, scheduler: "Scheduler", name: str) -> None:
        self.scheduler = scheduler
        self.name = name
        self.waiting: asyncio.Future[str] | None = None
        self.moved = asyncio.Event()

    def end(self, _task: "asyncio.Task[None]") -> None:
        self.moved.set()

    async def step(self) -> str:
        """Wait until it is this task's turn; returns what is to happen: go or drop."""
        self.waiting = asyncio.get_running_loop().create_future()
        self.moved.set()
        try:
            return await self.waiting
        finally:
            self.waiting = None


CURRENT: ContextVar[Turn | None] = ContextVar("turn", default=None)


class SteppedConn:
    """A connection whose every statement is a step."""

    def __init__(self, conn: Conn) -> None:
        self._conn = conn

    def __getattr__(self, name: str) -> object:
        method = getattr(self._conn, name)
        if name not in {"fetch", "fetchrow", "fetchval", "execute", "executemany"}:
            return method

        async def stepped(*arguments: object) -> object:
            await self.step()
            return await method(*arguments)

        return stepped

    async def step(self) -> None:
        turn = CURRENT.get()
        if turn is not None and await turn.step() == "drop":
            self._conn.terminate()


class SteppedDatabase:
    """The real database; where a transaction begins, ends and has ended are steps too."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner

    @asynccontextmanager
    async def transaction(self, towns: Collection[TownCode] = ()) -> AsyncIterator[Conn]:
        turn = CURRENT.get()
        if turn is not None:
            await turn.step()
        async with self._inner.transaction(towns) as conn:
            stepped = SteppedConn(conn)
            yield stepped  # type: ignore[misc]
            await stepped.step()
        if turn is not None:
            await turn.step()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Conn]:
        async with self._inner.reading() as conn:
            yield SteppedConn(conn)  # type: ignore[misc]


class Scheduler:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = 0
        self.steps = 0
        self.cancelled = 0
        self.dropped = 0

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    async def run(self, works: Sequence[tuple[str, bool, Callable[[], Awaitable[None]]]]) -> None:
        """Run all, one step at a time; only those marked may be cancelled or cut."""
        turns: list[tuple[Turn, bool, asyncio.Task[None]]] = []
        for name, may_fail, work in works:
            turn = Turn(self, name)
            task = asyncio.create_task(self._start(turn, work))
            task.add_done_callback(turn.end)
            turns.append((turn, may_fail, task))
        while running := [one for one in turns if not one[2].done()]:
            ready = [one for one in running if one[0].waiting is not None]
            if not ready:
                # Everybody waits for the database; it will answer somebody.
                await asyncio.sleep(0.001)
                continue
            await self._move(*self.random.choice(ready))
        await asyncio.gather(*(task for _, _, task in turns), return_exceptions=True)

    async def _start(self, turn: Turn, work: Callable[[], Awaitable[None]]) -> None:
        CURRENT.set(turn)
        await turn.step()
        await work()

    async def _move(self, turn: Turn, may_fail: bool, task: "asyncio.Task[None]") -> None:
        self.steps += 1
        turn.moved.clear()
        waiting = turn.waiting
        assert waiting is not None
        chance = self.random.random()
        if may_fail and chance < 0.02:
            self.cancelled += 1
            task.cancel()
        else:
            drops = may_fail and chance < 0.05
            self.dropped += drops
            if not waiting.done():
                waiting.set_result("drop" if drops else "go")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BLOCKED_S):
                await turn.moved.wait()


class Act(msgspec.Struct):
    """What one person did about their consent, as they saw it."""

    gives: bool
    items: tuple[str, ...]
    began: int
    returned: int | None = None
    """None: it failed, so it may or may not have happened."""


class Call(msgspec.Struct):
    """One request, as its sender and the provider saw it."""

    request_id: UUID
    began: int
    asked_at: int | None = None
    given_at: int | None = None
    asked_keys: tuple[str, ...] = ()
    asked_items: tuple[str, ...] = ()
    ended: int | None = None
    answer: Disclosure | None = None
    refused: str | None = None


ASKING: ContextVar[Call | None] = ContextVar("asking", default=None)


class Tally(msgspec.Struct):
    """What many scenarios showed."""

    scenarios: int = 0
    steps: int = 0
    requests: int = 0
    released: int = 0
    released_rows: int = 0
    refused: int = 0
    not_answered: int = 0
    cancelled: int = 0
    dropped: int = 0
    withdrawn_in_flight: int = 0
    permits_without_outcome: int = 0
    access_rows: int = 0
    unlawful: list[str] = []
    unlogged: list[str] = []


def named(name: str, *, is_child: bool = False) -> Member:
    """Somebody whose every value says whose it is."""
    made = given.member(name, has_id=not is_child, is_child=is_child)
    return msgspec.structs.replace(made, items={item: f"{name}:{item}" for item in (*ITEMS, "sex")})


class Scenario:
    """One household, one service, some minutes of life."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.scheduler = Scheduler(seed)
        self.mother = named("mother")
        self.spouse = named("spouse")
        self.child = named("child", is_child=True)
        world.register.add(self.everybody)
        self.acts: dict[UUID, list[Act]] = {
            one.subject_id: [] for one in (self.mother, self.spouse)
        }
        self.calls: list[Call] = []

    @property
    def everybody(self) -> tuple[Member, ...]:
        return (self.mother, self.spouse, self.child)

    async def run(self) -> None:
        rng = self.scheduler.random
        works: list[tuple[str, bool, Callable[[], Awaitable[None]]]] = []
        for who in (self.mother, self.spouse):
            plan = [rng.random() < 0.6 for _ in range(rng.randint(1, 4))]
            works.append(("person", False, lambda who=who, plan=plan: self._decide(who, plan)))
        for _ in range(rng.randint(1, 4)):
            request_id = rng.choice([one.request_id for one in self.calls] or [uuid4()])
            call = Call(request_id=request_id if rng.random() < 0.2 else uuid4(), began=0)
            self.calls.append(call)
            works.append(("request", True, lambda call=call: self._ask(call)))
        if rng.random() < 0.7:
            # Most people have agreed before somebody asks.
            await self._decide(self.mother, [True])
        await self.scheduler.run(works)

    async def _decide(self, who: Member, plan: Sequence[bool]) -> None:
        for gives in plan:
            items = tuple(one for one in ITEMS if self.scheduler.random.random() < 0.8) or ITEMS
            act = Act(gives=gives, items=items, began=self.scheduler.tick())
            self.acts[who.subject_id].append(act)
            if gives:
                await given.give(self.world, who, items)
            else:
                await self._withdraw(who)
            act.returned = self.scheduler.tick()

    async def _withdraw(self, who: Member) -> None:
        # Withdrawing what was never given is refused, and changes nothing.
        with contextlib.suppress(StateForbids):
            await given.withdraw(self.world, who)

    async def _ask(self, call: Call) -> None:
        call.began = self.scheduler.tick()
        ASKING.set(call)
        try:
            request = given.request(self.mother, request_id=call.request_id)
            call.answer = await self.world.door(request)
        except Refused:
            call.refused = "refused"
        except NotAnswered:
            call.refused = "not_answered"
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            call.refused = "connection"
        finally:
            call.ended = self.scheduler.tick()

    # --- judged from outside ---

    def possible(self, who: Member, first: int, last: int) -> list[Act]:
        """Agreements of this person that may have been in force at some moment of that time."""
        owner = self.mother if who is self.child else who
        acts = self.acts[owner.subject_id]
        found = []
        for place, act in enumerate(acts):
            if not act.gives or act.began > last:
                continue
            following = acts[place + 1].returned if place + 1 < len(acts) else None
            if following is None or following >= first:
                found.append(act)
        return found

    async def judge(self, tally: Tally) -> None:
        tally.scenarios += 1
        tally.steps += self.scheduler.steps
        tally.cancelled += self.scheduler.cancelled
        tally.dropped += self.scheduler.dropped
        subjects = {one.subject_id: one for one in self.everybody}
        rows = await list_rows(self.world, list(subjects))
        tally.access_rows += len(rows)
        for call in self.calls:
            tally.requests += 1
            tally.refused += call.refused == "refused"
            tally.not_answered += call.refused == "not_answered"
            self._judge_asking(call, rows, tally)
            self._judge_release(call, rows, tally)
        self._judge_counts(rows, tally)
        permits = {row["entry_id"] for row in rows if row["kind"] == "permit"}
        ended = {row["permit_id"] for row in rows if row["kind"] == "outcome"}
        tally.permits_without_outcome += len(permits - ended)
        tally.withdrawn_in_flight += sum(row["outcome"] == "withdrawn_in_flight" for row in rows)

    def _judge_counts(self, rows: Sequence[asyncpg.Record], tally: Tally) -> None:
        """Replays included: never fewer permits than askings, never fewer outcomes than releases."""
        for who in self.everybody:
            for request_id in {call.request_id for call in self.calls}:
                calls = [call for call in self.calls if call.request_id == request_id]
                mine = [
                    row
                    for row in rows
                    if row["subject_id"] == who.subject_id and row["request_id"] == request_id
                ]
                asked = sum(who.key in call.asked_keys for call in calls)
                permits = sum(row["kind"] == "permit" for row in mine)
                decided = sum(row["kind"] in ("permit", "refusal") for row in mine)
                heard = sum(call.refused in ("refused", "not_answered") for call in calls)
                released = sum(call.answer is not None for call in calls)
                if permits < asked or decided < heard + released:
                    tally.unlogged.append(f"{decided} decisions, {permits} permits: {request_id}")

    def _judge_asking(self, call: Call, rows: Sequence[asyncpg.Record], tally: Tally) -> None:
        """The provider was asked about somebody: with their agreement, and on their record."""
        if call.asked_at is None:
            return
        for who in self.everybody:
            if who.key not in call.asked_keys:
                continue
            if not self.possible(who, call.began, call.asked_at):
                tally.unlawful.append(f"asked about {who.items['name']} {call.request_id}")
            if not any(
                row["kind"] == "permit"
                and row["subject_id"] == who.subject_id
                and row["request_id"] == call.request_id
                for row in rows
            ):
                tally.unlogged.append(f"asked, no permit: {call.request_id}")

    def _judge_release(self, call: Call, rows: Sequence[asyncpg.Record], tally: Tally) -> None:
        answer = call.answer
        if answer is None:
            return
        tally.released += 1
        assert call.given_at is not None
        assert call.ended is not None
        digest = receivers_digest(answer)
        for record in answer.records:
            tally.released_rows += 1
            owner = str(next(iter(record.items.values()))).split(":")[0]
            who = next(one for one in self.everybody if str(one.items["name"]).startswith(owner))
            acts = self.possible(who, call.given_at, call.ended)
            allowed = {item for act in acts for item in act.items}
            if not set(record.items) <= allowed:
                tally.unlawful.append(f"released {sorted(record.items)} of {call.request_id}")
            logged = [
                row
                for row in rows
                if row["kind"] == "outcome"
                and row["outcome"] == "released"
                and row["subject_id"] == who.subject_id
                and row["payload_sha256"] == digest
                and set(row["items"]) == set(record.items)
            ]
            same = sum(
                one.answer is not None and receivers_digest(one.answer) == digest
                for one in self.calls
            )
            if len(logged) < same:
                tally.unlogged.append(f"released, {len(logged)} outcomes: {call.request_id}")


def watch_provider(world: World) -> None:
    """The provider keeps a log of its own, and coming and going are steps."""
    provide = world.register.provide

    async def watched(request: ProvideRequest) -> Sequence[ProvidedRow]:
        turn, call = CURRENT.get(), ASKING.get()
        if turn is None or call is None:
            return await provide(request)
        call.asked_at = turn.scheduler.tick()
        call.asked_keys, call.asked_items = request.keys, request.items
        await turn.step()
        rows = await provide(request)
        await turn.step()
        call.given_at = turn.scheduler.tick()
        return rows

    world.register.answer = watched


async def list_rows(world: World, subjects: Sequence[UUID]) -> list[asyncpg.Record]:
    token = CURRENT.set(None)
    try:
        async with world.database.transaction() as conn:
            return await conn.fetch(
                "SELECT entry_id, kind, subject_id, request_id, permit_id, outcome, items, "
                "payload_sha256 FROM access.record WHERE subject_id = ANY($1::uuid[])",
                list(subjects),
            )
    finally:
        CURRENT.reset(token)


async def run_scenarios(world: World, seeds: Sequence[int], tally: Tally, at_once: int = 3) -> None:
    """`world.house.database` must be a SteppedDatabase and its provider watched."""
    waiting = iter(seeds)

    async def keep_running() -> None:
        for seed in waiting:
            scenario = Scenario(world, seed)
            await scenario.run()
            await scenario.judge(tally)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(keep_running())
