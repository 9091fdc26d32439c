"""The inbox, declared."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from mieone.core.block import Block
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.outbox import Event, Subscription
from mieone.web import HomeItem, PageSection, Phrase, SectionLink, SectionPlace, Urgency

from . import pages, store

FOLDER = Path(__file__).parent


async def list_home_items(house: House, person_id: UUID) -> Sequence[HomeItem]:
    unread = await run(
        house.database, (), lambda conn: store.list_unread(conn, house.keyring, person_id)
    )
    return [
        HomeItem(
            urgency=Urgency.LETTER,
            message_id="inbox.home.arrived",
            values={"title": Phrase(f"{m.content.message}.title", m.content.values)},
            href=f"/inbox/{m.id}",
            icon="letter",
        )
        for m in unread
    ]


async def list_sections(house: House, person_id: UUID) -> Sequence[PageSection]:
    unread = await run(
        house.database, (), lambda conn: store.list_unread(conn, house.keyring, person_id, 100)
    )
    link = SectionLink(message_id="inbox.my.open", href="/inbox", icon="letter")
    return [
        PageSection(
            place=SectionPlace.PROCEDURES,
            order=30,
            title_id="inbox.my.title",
            text_id="inbox.my.unread" if unread else "inbox.my.nothing",
            values={"count": len(unread)},
            links=(link,),
        )
    ]


async def forget_person(house: House, conn: Conn, event: Event) -> None:
    """Whoever leaves takes the messages along; official notices stay with their cases."""
    await store.delete_messages_of(conn, UUID(str(event.payload["person_id"])))


BLOCK = Block(
    name="inbox",
    migrations=FOLDER / "migrations",
    templates=FOLDER / "templates",
    pages=[pages.list_inbox, pages.show_message, pages.ask_for_paper],
    desk=[pages.print_queue, pages.mark_printed],
    subscriptions=[
        Subscription(
            event="identity.person_closed", name="inbox.forget_person", handle=forget_person
        )
    ],
    home_items=list_home_items,
    my_page=list_sections,
)
