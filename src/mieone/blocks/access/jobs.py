"""Periodic work of the access record, what it listens to, and its part of my page."""

from collections.abc import Sequence
from uuid import UUID

from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.outbox import Event, Subscription
from mieone.web import PageSection, SectionLink, SectionPlace

from . import store
from .rules import day_ends, month_starts


async def make_months(house: House) -> int:
    """The months ahead exist before anybody writes into them."""
    async with house.database.transaction() as conn:
        return await store.ensure_months(conn, house.clock.today(), 4)


async def forget_person(house: House, conn: Conn, event: Event) -> None:
    """`identity.person_closed`: their words go, and what joins their rows to the register's."""
    person_id = UUID(str(event.payload["person_id"]))
    await store.delete_questions_of(conn, person_id)
    await store.delete_aliases_of(conn, person_id)


async def list_sections(house: House, person_id: UUID) -> Sequence[PageSection]:
    """How often this month, in one sentence, and the way to the rows."""
    day = house.clock.today()
    async with house.database.transaction() as conn:
        subjects = await store.list_subject_ids(conn, person_id)
        month = await store.summarise(
            conn, subjects, month_starts(day), day_ends(day), house.clock.now()
        )
    link = SectionLink(message_id="access.my.open", href="/my/history", icon="eye")
    return [
        PageSection(
            place=SectionPlace.ABOUT_ME,
            order=10,
            title_id="access.my.title",
            text_id="access.my.text",
            values={"count": sum(month.values())},
            links=(link,),
        )
    ]


JOBS = (PeriodicJob(name="access.make_months", every_s=21_600, run=make_months),)
SUBSCRIPTIONS = (
    Subscription(event="identity.person_closed", name="access.forget_person", handle=forget_person),
)
