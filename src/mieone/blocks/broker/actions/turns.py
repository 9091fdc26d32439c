"""What requests hold: places while they are worked on, in the order they came, and memory before that."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from mieone.blocks.broker.problems import OverQuota

WAIT_LIMIT_S: Final = 2.0
WAITING_PER_PLACE: Final = 4
"""So many may wait for each place; more are told to come back."""


class Load:
    """Bytes of bodies that came and nobody works on yet."""

    def __init__(self, most: int, reason: str) -> None:
        self._most = most
        self._reason = reason
        self._carried = 0

    def take(self, size: int) -> None:
        """Raises OverQuota."""
        if self._carried + size > self._most:
            raise OverQuota(self._reason)
        self._carried += size

    def leave(self, size: int) -> None:
        self._carried -= size


class Places:
    def __init__(self, most_waiting: int, limit: Callable[[], int], reason: str) -> None:
        self._most_waiting = most_waiting
        self._limit = limit
        self._reason = reason
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Raises OverQuota when too many stand before it."""
        if not self._waiting and self._inside < self._limit():
            self._inside += 1
        elif len(self._waiting) >= self._most_waiting:
            raise OverQuota(self._reason)
        else:
            await self._wait()

    def enter_again(self) -> None:
        """Who only stepped out waits for nobody, or those inside would wait for each other."""
        self._inside += 1

    def leave(self) -> None:
        self._inside -= 1
        while self._waiting and self._inside < self._limit():
            first = self._waiting.popleft()
            if not first.done():
                self._inside += 1
                first.set_result(None)

    async def _wait(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(WAIT_LIMIT_S):
                await place
        except BaseException as error:
            with suppress(ValueError):
                self._waiting.remove(place)
            if place.done() and not place.cancelled():
                # It was given at the very moment: the next one gets it.
                self.leave()
            if isinstance(error, TimeoutError):
                raise OverQuota(self._reason) from None
            raise
