"""What the register listens to, whom it matches, and what it clears away."""

from datetime import timedelta

from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.outbox import Subscription

from . import actions, store

KEPT_FOR = timedelta(days=1)


async def void_old_uploads(house: House) -> int:
    """Files that were shown and never taken."""
    towns = house.region.town_codes
    async with house.database.transaction(towns) as conn:
        return await store.void_old_uploads(conn, towns, house.clock.now() - KEPT_FOR)


JOBS = (
    PeriodicJob(name="registry.match_due", every_s=0.5, run=actions.match_due),
    PeriodicJob(name="registry.void_old_uploads", every_s=3600, run=void_old_uploads),
)
SUBSCRIPTIONS = (
    Subscription(
        event="identity.person_verified",
        name="registry.match_person",
        handle=actions.note_verified,
    ),
    Subscription(
        event="identity.person_closed",
        name="registry.forget_person",
        handle=actions.forget_person,
    ),
)
