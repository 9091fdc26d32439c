"""Tamper-evident ledgers: rows appended with a MAC, linked and signed behind the request path.

A ledger table has `entry_id uuid`, `mac bytea`, `xact_id xid8 DEFAULT pg_current_xact_id()` and the
columns its chain names. The canonical form of an entry is RFC 8785 JSON of the chain's name, the
entry's id and those columns; `hash(n) = SHA-256(hash(n-1) ‖ canonical(n))`, 32 zero bytes first.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Protocol, TypeAlias
from uuid import UUID

import msgspec
import rfc8785

from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing

GENESIS = bytes(32)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    table: str
    """With its schema, as written in SQL."""
    columns: tuple[str, ...]
    """What the hash covers: every column that means something."""


class Values(Protocol):
    """A mapping or a database row: anything that answers to a column's name."""

    def __getitem__(self, name: str, /) -> object: ...


def canonical(chain: Chain, entry_id: UUID, values: Values) -> bytes:
    """The bytes that are hashed. Raises KeyError for a missing column."""
    body: dict[str, Plain] = {name: _plain(values[name]) for name in chain.columns}
    return rfc8785.dumps({"chain": chain.name, "entry": str(entry_id), "values": body})


Plain: TypeAlias = "bool | str | list[Plain] | dict[str, Plain] | None"


def _plain(value: object) -> Plain:
    """One JSON form for what goes in as Python and comes back from PostgreSQL."""
    match value:
        case None | bool() | str():
            return value
        case int():
            # RFC 8785 numbers are doubles; money and counters must not pass through one.
            return str(value)
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case bytes() | memoryview():
            return bytes(value).hex()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case Sequence() | set() | frozenset():
            return [_plain(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form in a ledger")


def mac_of(keyring: KeyRing, chain: Chain, entry_id: UUID, values: Values) -> bytes:
    return keyring.mac(f"chain:{chain.name}", canonical(chain, entry_id, values))


async def append(conn: Conn, keyring: KeyRing, chain: Chain, values: Mapping[str, object]) -> UUID:
    """Add one row; it is linked within a second by the sealer. Returns the entry's id."""
    (entry_id,) = await append_many(conn, keyring, chain, [values])
    return entry_id


async def append_many(
    conn: Conn, keyring: KeyRing, chain: Chain, rows: Sequence[Mapping[str, object]]
) -> list[UUID]:
    """Add rows in order, in the caller's transaction."""
    columns = ("entry_id", "mac", *chain.columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    # Names come from the chain's declaration in code, never from a request.
    statement = f"INSERT INTO {chain.table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
    ids = [uuid7() for _ in rows]
    arguments = [
        (entry_id, mac_of(keyring, chain, entry_id, row), *(row[name] for name in chain.columns))
        for entry_id, row in zip(ids, rows, strict=True)
    ]
    if len(arguments) == 1:
        await conn.execute(statement, *arguments[0])
    else:
        await conn.executemany(statement, arguments)
    return ids


def link(previous: bytes, body: bytes) -> bytes:
    return hashlib.sha256(previous + body).digest()
