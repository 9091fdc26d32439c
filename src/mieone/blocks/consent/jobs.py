"""Periodic work of consent, what it listens to, and its part of home and my page."""

from collections.abc import Sequence
from uuid import UUID

from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.model import system_actor
from mieone.core.outbox import Event, Subscription
from mieone.web import HomeItem, PageSection, SectionLink, SectionPlace, Urgency

from . import actions, store
from .rules.states import permits


async def end_due(house: House) -> int:
    """Whatever time has ended is recorded as expired, and told."""
    async with house.database.transaction() as conn:
        return await actions.end_due(conn, house)


async def end_with_person(house: House, conn: Conn, event: Event) -> None:
    """Somebody left Mie-ID: everything they ever agreed to ends with them."""
    person_id = UUID(str(event.payload["person_id"]))
    await actions.withdraw_all(conn, house, person_id, system_actor("consent.end_with_person"))


async def open_gate(house: House) -> None:
    house.consent_gate = actions.Gate(house)


async def list_home_items(house: House, person_id: UUID) -> Sequence[HomeItem]:
    """Questions that wait for this person's answer."""
    async with house.database.transaction() as conn:
        since = house.clock.now() - actions.INVITATION_LASTS
        asks = await store.list_open_asks(conn, person_id, since)
        return [
            HomeItem(
                urgency=Urgency.LETTER,
                message_id="consent.home.waiting",
                values={"service": (await actions.get_asker(conn, one.service)).name},
                href=f"/consent/request/{one.ask_id}",
                icon="people",
            )
            for one in asks
            if one.invited_by is not None
        ]


async def list_sections(house: House, person_id: UUID) -> Sequence[PageSection]:
    async with house.database.transaction() as conn:
        consents = await store.list_of(conn, person_id)
    living = sum(permits(one, house.clock.now()) for one in consents)
    link = SectionLink(message_id="consent.my.open", href="/my/consents", icon="paper")
    return [
        PageSection(
            place=SectionPlace.ABOUT_ME,
            order=20,
            title_id="consent.my.title",
            text_id="consent.my.text",
            values={"count": living},
            links=(link,),
        )
    ]


JOBS = (PeriodicJob(name="consent.end_due", every_s=60, run=end_due),)
SUBSCRIPTIONS = (
    Subscription(
        event="identity.person_closed", name="consent.end_with_person", handle=end_with_person
    ),
)
