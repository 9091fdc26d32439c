"""Connections, transactions and the row security scope they run under."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Protocol, TypeAlias, runtime_checkable

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from mieone.core.model import TownCode

Conn: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""A connection, inside a transaction unless it only reads. Only the edge and jobs open one."""

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


# Handlers ask for it by this type, and Litestar checks what it hands over.
@runtime_checkable
class Database(Protocol):
    """Where transactions come from: a pool in a server, one rolled-back connection in most tests."""

    def transaction(self, towns: Collection[TownCode] = ()) -> AbstractAsyncContextManager[Conn]:
        """Rows of `towns` only are visible in tables under row security; none by default."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Conn]:
        """For reads of tables without row security: every statement is a transaction of its own.

        In a transaction each of them would see what is committed by then as well, after two round
        trips more.
        """
        ...


async def prepare_connection(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """JSON columns come and go as Python values on every connection of ours."""
    for name in ("json", "jsonb"):
        await conn.set_type_codec(
            name,
            encoder=_encode_json,
            decoder=_DECODER.decode,
            schema="pg_catalog",
            format="text",
        )


def _encode_json(value: object) -> str:
    return _ENCODER.encode(value).decode()


async def set_scope(conn: Conn, towns: Collection[TownCode]) -> None:
    """Until the transaction ends, row security shows these towns and no others."""
    await conn.execute("SELECT set_config('mieone.towns', $1, true)", ",".join(sorted(towns)))


async def _keep_session(_: object) -> None:
    """Given back, a connection has nothing to forget: asyncpg has rolled back what was open, and all
    we set is local to a transaction. A round trip less for every transaction."""


@contextmanager
def _cancelled_stays_cancelled() -> Iterator[None]:
    """When the server goes away as a task is cancelled, its rollback fails as well.

    That error must not take the cancellation's place: a loop that outlives errors would go on for ever.
    """
    try:
        yield
    except Exception as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling() and _came_of_cancelling(error):
            raise asyncio.CancelledError from error
        raise


def _came_of_cancelling(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, asyncio.CancelledError):
        error = error.__context__
    return error is not None


class PooledDatabase:
    """The application's own pool, as the role that row security binds."""

    def __init__(self, dsn: str, size: int) -> None:
        self._dsn = dsn
        self._size = size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @classmethod
    async def open(cls, dsn: str, size: int) -> "PooledDatabase":
        """Raises DatabaseRefused when the role could step over row security."""
        database = cls(dsn, size)
        await database.start()
        return database

    async def start(self) -> None:
        """Connect, in the event loop that will use the pool. Raises DatabaseRefused."""
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=self._size,
            init=prepare_connection,
            reset=_keep_session,
            command_timeout=30,
            server_settings={"application_name": f"mieone:{os.getpid()}", "timezone": "UTC"},
        )
        try:
            await self._check_role()
        except BaseException:
            await self.close()
            raise

    async def _check_role(self) -> None:
        row = await self.pool.fetchrow(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        if row is None or row["rolsuper"] or row["rolbypassrls"]:
            raise DatabaseRefused("the application's role can step over row security")

    @asynccontextmanager
    async def transaction(self, towns: Collection[TownCode] = ()) -> AsyncIterator[Conn]:
        with _cancelled_stays_cancelled():
            async with self.pool.acquire() as conn, conn.transaction():
                if towns:
                    await set_scope(conn, towns)
                yield conn

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Conn]:
        async with self.pool.acquire() as conn:
            yield conn

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """For parts that must hold a session of their own (LISTEN, cursors, the sealer)."""
        if self._pool is None:
            raise RuntimeError("the database is used before it was started")
        return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None


class DatabaseRefused(Exception):
    """Start-up refusal: this database or role must not be used."""


def row_values(row: "asyncpg.Record") -> dict[str, Any]:
    """A row as keyword arguments for the struct of the same fields."""
    return dict(row.items())
