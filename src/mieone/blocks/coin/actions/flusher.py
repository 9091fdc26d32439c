"""Gathers requests that arrive together in this process and posts them in one transaction."""

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from mieone.blocks.coin.model import Command, Reply
from mieone.core.database import Database

from .posting import Ledger, post

log = structlog.get_logger()


class Waiting(msgspec.Struct, frozen=True):
    command: Command
    reply: asyncio.Future[Reply]


class Flusher:
    """The next flush starts when the previous one has returned, or at a size or a wait."""

    def __init__(
        self, database: Database, ledger: Ledger, max_items: int = 512, max_wait_s: float = 0.002
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._max_items = max_items
        self._max_wait_s = max_wait_s
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What is still waiting is told so; its keys are free, or hold its answer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        while not self._queue.empty():
            self._queue.get_nowait().reply.cancel()

    async def submit(self, command: Command) -> Reply:
        """Durable when it returns. Who stops waiting can ask again under the same key."""
        if self._task is None:
            return (await self._post([command]))[0]
        waiting = Waiting(command, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.reply

    async def _run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            if self._queue.empty():
                await asyncio.sleep(self._max_wait_s)
            while len(batch) < self._max_items and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._flush(batch)

    async def _flush(self, batch: Sequence[Waiting]) -> None:
        try:
            replies = await self._post([waiting.command for waiting in batch])
        except asyncio.CancelledError:
            for waiting in batch:
                waiting.reply.cancel()
            raise
        except Exception as error:
            await self._isolate(batch, error)
            return
        for waiting, reply in zip(batch, replies, strict=True):
            if not waiting.reply.done():
                waiting.reply.set_result(reply)

    async def _isolate(self, batch: Sequence[Waiting], error: Exception) -> None:
        """One request that breaks a flush must not take its neighbours along."""
        log.error("coin_flush_failed", items=len(batch), error=type(error).__name__)
        if len(batch) == 1:
            if not batch[0].reply.done():
                batch[0].reply.set_exception(error)
            return
        for waiting in batch:
            await self._flush([waiting])

    async def _post(self, commands: Sequence[Command]) -> list[Reply]:
        async with self._database.transaction() as conn:
            return await post(conn, self._ledger, commands)
