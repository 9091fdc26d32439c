"""Statements of the inbox, one function each; sealing happens here so that no plain text is stored."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing
from mieone.core.ports import Note
from mieone.core.queries import load_queries

from .model import Channel, Content, DeliveryState, Message

QUERIES = load_queries(Path(__file__).parent / "queries.sql")
PURPOSE = "inbox.message"


def _message(keyring: KeyRing, row: asyncpg.Record) -> Message:
    context = (str(row["person_id"]), str(row["message_id"]))
    plain = keyring.open_sealed(row["sealed"], PURPOSE, *context)
    return Message(
        id=row["message_id"],
        person_id=row["person_id"],
        content=msgspec.json.decode(plain, type=Content),
        arrived_at=row["arrived_at"],
        read_at=row["read_at"],
    )


async def record_message(conn: Conn, keyring: KeyRing, note: Note, now: datetime) -> UUID | None:
    """None when a note with this key was delivered before."""
    message_id = uuid7()
    content = Content(message=note.message, values=note.values, link=note.link)
    plain = msgspec.json.encode(content)
    sealed = keyring.seal(plain, PURPOSE, str(note.person_id), str(message_id))
    found = await conn.fetchval(
        QUERIES["record_message"], message_id, note.key, note.person_id, sealed, now
    )
    return None if found is None else message_id


async def record_delivery(
    conn: Conn, message_id: UUID, channel: Channel, state: DeliveryState, by: str, now: datetime
) -> None:
    await conn.execute(QUERIES["record_delivery"], uuid7(), message_id, channel, state, now, by)


async def list_messages(
    conn: Conn, keyring: KeyRing, person_id: UUID, before: UUID | None = None, limit: int = 20
) -> list[Message]:
    """Newest first."""
    rows = await conn.fetch(QUERIES["list_messages"], person_id, before, limit)
    return [_message(keyring, row) for row in rows]


async def list_unread(
    conn: Conn, keyring: KeyRing, person_id: UUID, limit: int = 5
) -> list[Message]:
    rows = await conn.fetch(QUERIES["list_unread"], person_id, limit)
    return [_message(keyring, row) for row in rows]


async def find_message(
    conn: Conn, keyring: KeyRing, person_id: UUID, message_id: UUID
) -> Message | None:
    row = await conn.fetchrow(QUERIES["find_message"], message_id, person_id)
    return None if row is None else _message(keyring, row)


async def mark_read(conn: Conn, person_id: UUID, message_id: UUID, now: datetime) -> bool:
    """True the first time."""
    found = await conn.fetchval(QUERIES["mark_read"], message_id, person_id, now)
    return found is not None


async def find_state(conn: Conn, message_id: UUID, channel: Channel) -> DeliveryState | None:
    found = await conn.fetchval(QUERIES["find_delivery_state"], message_id, channel)
    return None if found is None else DeliveryState(found)


async def list_print_queue(conn: Conn, limit: int = 100) -> list[tuple[UUID, datetime]]:
    """Oldest wish for paper first."""
    rows = await conn.fetch(QUERIES["list_print_queue"], limit)
    return [(row["message_id"], row["changed_at"]) for row in rows]


async def delete_messages_of(conn: Conn, person_id: UUID) -> None:
    await conn.execute(QUERIES["delete_messages_of"], person_id)
