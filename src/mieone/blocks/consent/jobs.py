"""Periodic work of consent."""

from mieone.core.house import House
from mieone.core.jobs import PeriodicJob

from . import actions


async def end_due(house: House) -> int:
    """Whatever time has ended is recorded as expired, and told."""
    async with house.database.transaction() as conn:
        return await actions.end_due(conn, house)


JOBS = (PeriodicJob(name="consent.end_due", every_s=60, run=end_due),)
