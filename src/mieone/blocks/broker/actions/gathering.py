"""Requests that arrive together are done together, in a lane for each tenant of its own."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import asyncpg
import structlog

from mieone.blocks.broker.problems import OverQuota

Item = TypeVar("Item")
Answer = TypeVar("Answer")

log = structlog.get_logger()

_AWAY: Final = (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
"""The database is away, and nobody knows whether it has committed before."""

AT_ONCE: Final = 1000
"""How many items a flush takes; a request that brings more by itself goes alone."""
WAITING: Final = 20_000
"""How many items of one tenant may wait in this process."""
LANES_AT_ONCE: Final = 4
"""How many tenants are served at the same moment: as many connections are used."""


class Waiting(Generic[Item, Answer]):
    def __init__(self, items: Sequence[Item], answer: "asyncio.Future[list[Answer]]") -> None:
        self.items = items
        self.answer = answer


class Lane(Generic[Item, Answer]):
    def __init__(self) -> None:
        self.queue: deque[Waiting[Item, Answer]] = deque()
        self.items = 0
        self.is_served = False


class Gathering(Generic[Item, Answer]):
    """`act` takes a lane's name and items, and answers each; what it raises, the waiters get."""

    def __init__(self, act: Callable[[str, Sequence[Item]], Awaitable[list[Answer]]]) -> None:
        self._act = act
        self._lanes: dict[str, Lane[Item, Answer]] = {}
        self._servants: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(LANES_AT_ONCE)
        self._is_open = True

    async def submit(self, name: str, items: Sequence[Item]) -> list[Answer]:
        """Raises OverQuota when too much waits already."""
        lane = self._lanes.setdefault(name, Lane())
        if not self._is_open or lane.items + len(items) > max(WAITING, len(items)):
            raise OverQuota("too many writes of this tenant are waiting")
        waiting = Waiting[Item, Answer](items, asyncio.get_running_loop().create_future())
        lane.queue.append(waiting)
        lane.items += len(items)
        if not lane.is_served:
            lane.is_served = True
            servant = asyncio.create_task(self._serve(name, lane))
            self._servants.add(servant)
            servant.add_done_callback(self._servants.discard)
        return await waiting.answer

    async def close(self) -> None:
        """What is under way is finished; what waits is told to come again."""
        self._is_open = False
        for lane in self._lanes.values():
            for waiting in lane.queue:
                if not waiting.answer.done():
                    waiting.answer.set_exception(OverQuota("the broker is closing"))
            lane.queue.clear()
            lane.items = 0
        if self._servants:
            await asyncio.wait(set(self._servants))

    async def _serve(self, name: str, lane: Lane[Item, Answer]) -> None:
        """Until nothing waits in the lane. Tenants take turns in the order they asked."""
        try:
            while lane.queue:
                async with self._turns:
                    # Whoever is about to ask in this round of the loop comes along.
                    await asyncio.sleep(0)
                    batch = _take(lane)
                    if batch:
                        await self._flush(name, batch)
        finally:
            lane.is_served = False

    async def _flush(self, name: str, batch: Sequence[Waiting[Item, Answer]]) -> None:
        try:
            answers = await self._act(name, [item for one in batch for item in one.items])
        except asyncio.CancelledError:
            for waiting in batch:
                waiting.answer.cancel()
            raise
        except _AWAY as error:
            # One by one would make it worse, and might do again what was done.
            _fail(batch, error)
        except Exception as error:
            await self._isolate(name, batch, error)
        else:
            _tell(batch, answers)

    async def _isolate(
        self, name: str, batch: Sequence[Waiting[Item, Answer]], error: Exception
    ) -> None:
        """A request that breaks a flush takes no neighbour along."""
        log.error("broker_flush_failed", requests=len(batch), error=type(error).__name__)
        if len(batch) == 1:
            _fail(batch, error)
            return
        for waiting in batch:
            await self._flush(name, [waiting])


def _take(lane: Lane[Item, Answer]) -> list[Waiting[Item, Answer]]:
    """Whoever has given up waiting before his turn is left out."""
    batch: list[Waiting[Item, Answer]] = []
    count = 0
    while lane.queue and (not batch or count + len(lane.queue[0].items) <= AT_ONCE):
        waiting = lane.queue.popleft()
        lane.items -= len(waiting.items)
        if not waiting.answer.done():
            batch.append(waiting)
            count += len(waiting.items)
    return batch


def _tell(batch: Sequence[Waiting[Item, Answer]], answers: Sequence[Answer]) -> None:
    start = 0
    for waiting in batch:
        end = start + len(waiting.items)
        if not waiting.answer.done():
            waiting.answer.set_result(list(answers[start:end]))
        start = end


def _fail(batch: Sequence[Waiting[Item, Answer]], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
