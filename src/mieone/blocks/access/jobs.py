"""Periodic work of the access record, and the facts it listens to."""

from datetime import datetime
from uuid import UUID

from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.outbox import Event, Subscription

from . import actions, store


async def make_months(house: House) -> int:
    """The months ahead exist before anybody writes into them."""
    async with house.database.transaction() as conn:
        return await store.ensure_months(conn, house.clock.today(), 4)


async def link_register(house: House, conn: Conn, event: Event) -> None:
    """`registry.linked`: the person's history includes what stands under the register's id."""
    person_id = UUID(str(event.payload["person_id"]))
    resident_id = UUID(str(event.payload["resident_id"]))
    at: datetime = house.clock.now()
    await actions.record_alias(conn, person_id, resident_id, at)


JOBS = (PeriodicJob(name="access.make_months", every_s=21_600, run=make_months),)
SUBSCRIPTIONS = (
    Subscription(event="registry.linked", name="access.link_register", handle=link_register),
)
