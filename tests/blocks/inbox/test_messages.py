"""Messages: once per key, sealed, read by their own person only."""

from uuid import UUID, uuid4

import pytest

from mieone.blocks import inbox
from mieone.blocks.inbox import Channel, DeliveryState, actions, block, store
from mieone.blocks.inbox.problems import MessageNotFound
from mieone.core.clock import FixedClock
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.keys import KeyRing, Undecipherable
from mieone.core.outbox import Event
from mieone.core.ports import Note

PERSON = UUID("018f0000-0000-7000-8000-000000000001")
OTHER = UUID("018f0000-0000-7000-8000-000000000002")


def note(key: str = "k1", person: UUID = PERSON) -> Note:
    return Note(
        key=key,
        person_id=person,
        message="procedures.notes.letter",
        values={"number": "442-26-00001"},
        link="/cases/x/letter.pdf",
    )


async def test_a_note_arrives_once_and_unread(
    conn: Conn, keyring: KeyRing, clock: FixedClock
) -> None:
    notifier = inbox.Notifier(keyring, clock)
    await notifier.send(conn, note())
    await notifier.send(conn, note())

    messages = await store.list_messages(conn, keyring, PERSON)
    assert [m.content.values for m in messages] == [{"number": "442-26-00001"}]
    assert not messages[0].is_read
    state = await store.find_state(conn, messages[0].id, Channel.PORTAL)
    assert state is DeliveryState.DELIVERED


async def test_what_it_says_is_sealed_to_its_person(
    conn: Conn, keyring: KeyRing, clock: FixedClock
) -> None:
    await inbox.Notifier(keyring, clock).send(conn, note())
    row = await conn.fetchrow("SELECT message_id, sealed FROM inbox.message")
    assert row is not None
    assert b"442-26" not in row["sealed"]
    with pytest.raises(Undecipherable):
        keyring.open_sealed(row["sealed"], "inbox.message", str(OTHER), str(row["message_id"]))


async def test_reading_is_remembered_and_only_ones_own(house: House, conn: Conn) -> None:
    await inbox.Notifier(house.keyring, house.clock).send(conn, note())
    message = (await store.list_messages(conn, house.keyring, PERSON))[0]

    with pytest.raises(MessageNotFound):
        await actions.read(conn, house, OTHER, message.id)
    await actions.read(conn, house, PERSON, message.id)

    assert await store.list_unread(conn, house.keyring, PERSON) == []


async def test_paper_is_asked_for_once_and_printed_once(house: House, conn: Conn) -> None:
    await inbox.Notifier(house.keyring, house.clock).send(conn, note())
    message = (await store.list_messages(conn, house.keyring, PERSON))[0]

    await actions.ask_for_paper(conn, house, PERSON, message.id)
    await actions.ask_for_paper(conn, house, PERSON, message.id)
    assert [m for m, _ in await store.list_print_queue(conn)] == [message.id]
    await actions.mark_printed(conn, house, "staff-1", message.id)

    assert await store.list_print_queue(conn) == []
    with pytest.raises(MessageNotFound):
        await actions.ask_for_paper(conn, house, OTHER, message.id)


async def test_messages_go_with_the_person_who_leaves(house: House, conn: Conn) -> None:
    await inbox.Notifier(house.keyring, house.clock).send(conn, note())
    await inbox.Notifier(house.keyring, house.clock).send(conn, note("k2", OTHER))
    event = Event(
        name="identity.person_closed", key=str(PERSON), payload={"person_id": str(PERSON)}
    )

    await block.forget_person(house, conn, event)

    assert await store.list_messages(conn, house.keyring, PERSON) == []
    assert len(await store.list_messages(conn, house.keyring, OTHER)) == 1


async def test_the_list_is_bounded_and_goes_on(
    conn: Conn, keyring: KeyRing, clock: FixedClock
) -> None:
    notifier = inbox.Notifier(keyring, clock)
    for number in range(25):
        await notifier.send(conn, note(f"k{number}-{uuid4()}"))

    first = await store.list_messages(conn, keyring, PERSON, limit=20)
    rest = await store.list_messages(conn, keyring, PERSON, first[-1].id, 20)

    assert (len(first), len(rest)) == (20, 5)
