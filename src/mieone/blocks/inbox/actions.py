"""What can be done with messages: deliver, read, ask for paper."""

from uuid import UUID

from mieone.core.clock import Clock
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.outbox import Event, publish
from mieone.core.ports import Note

from . import store
from .model import Channel, DeliveryState, Message
from .problems import MessageNotFound


class Notifier:
    """The port `Notify`: a note is in the person's portal when its transaction commits."""

    def __init__(self, keyring: KeyRing, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    async def send(self, conn: Conn, note: Note) -> None:
        now = self._clock.now()
        message_id = await store.record_message(conn, self._keyring, note, now)
        if message_id is None:
            return
        delivered = DeliveryState.DELIVERED
        await store.record_delivery(conn, message_id, Channel.PORTAL, delivered, "inbox", now)
        await publish(conn, _event("inbox.delivered", message_id))


async def read(conn: Conn, house: House, person_id: UUID, message_id: UUID) -> Message:
    """The message; the first reading is remembered. Raises MessageNotFound."""
    message = await store.find_message(conn, house.keyring, person_id, message_id)
    if message is None:
        raise MessageNotFound
    if await store.mark_read(conn, person_id, message_id, house.clock.now()):
        await publish(conn, _event("inbox.read", message_id))
    return message


async def ask_for_paper(conn: Conn, house: House, person_id: UUID, message_id: UUID) -> None:
    """Queue the message for printing, once."""
    if await store.find_message(conn, house.keyring, person_id, message_id) is None:
        raise MessageNotFound
    if await store.find_state(conn, message_id, Channel.PRINT) is None:
        now = house.clock.now()
        by = str(person_id)
        await store.record_delivery(conn, message_id, Channel.PRINT, DeliveryState.CREATED, by, now)
        await publish(conn, _event("inbox.paper_asked", message_id))


async def mark_printed(conn: Conn, house: House, by: str, message_id: UUID) -> None:
    """Printed and posted by the association or a town."""
    if await store.find_state(conn, message_id, Channel.PRINT) is DeliveryState.CREATED:
        now = house.clock.now()
        await store.record_delivery(conn, message_id, Channel.PRINT, DeliveryState.SENT, by, now)


def _event(name: str, message_id: UUID) -> Event:
    return Event(name=name, key=str(message_id), payload={"message_id": str(message_id)})
