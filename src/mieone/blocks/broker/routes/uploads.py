"""Bodies, read to their end before anything is answered.

A server that answers while a client still sends must close the connection, and the client, which meant to
use it again, sees its next request fail.
"""

import asyncio
from typing import Final

from litestar.types import HTTPReceiveMessage, Receive, WebSocketReceiveMessage

from mieone.blocks.broker.actions.turns import Load

LARGEST: Final = 12 * 1024 * 1024
MOST_DRAINED: Final = 1024 * 1024
DRAINED_S: Final = 5.0
READ_S: Final = 60.0


class Upload:
    """One body, held until it is whole; the application receives it from here."""

    def __init__(self, receive: Receive, load: Load) -> None:
        self._receive = receive
        self._load = load
        self._parts: list[bytes] = []
        self._size = 0
        self._is_passed_on = False
        self.is_read = False

    async def read(self) -> None:
        """Up to the largest size; what is more the application reads, and refuses, itself.

        Raises ConnectionAbortedError when the client goes, or takes for ever, and OverQuota.
        """
        try:
            async with asyncio.timeout(READ_S):
                while not self.is_read and self._size <= LARGEST:
                    await self._read_part()
        except TimeoutError:
            raise ConnectionAbortedError from None

    async def _read_part(self) -> None:
        message = await self._receive()
        if message["type"] != "http.request":
            raise ConnectionAbortedError
        part = message.get("body", b"")
        self._load.take(len(part))
        self._parts.append(part)
        self._size += len(part)
        self.is_read = not message.get("more_body", False)

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        if self._is_passed_on or not self._parts:
            return await self._receive()
        self._is_passed_on = True
        body = b"".join(self._parts)
        self.close()
        return {"type": "http.request", "body": body, "more_body": not self.is_read}

    def close(self) -> None:
        """It waits no longer."""
        self._load.leave(sum(map(len, self._parts)))
        self._parts.clear()


async def drain(receive: Receive, length: int) -> bool:
    """Whether the connection can be used again: a small body is read past, a large one is not."""
    if length > MOST_DRAINED:
        return False
    left = MOST_DRAINED
    try:
        async with asyncio.timeout(DRAINED_S):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return True
                left -= len(message.get("body", b""))
    except TimeoutError:
        pass
    return False
