"""Periodic work: sessions do not outlive the entrustments they rest on."""

from mieone.core.house import House
from mieone.core.jobs import PeriodicJob

from . import actions


async def end_outdated_sessions(house: House) -> int:
    async with house.database.transaction(house.region.town_codes) as conn:
        return await actions.end_outdated_sessions(conn, house)


JOBS = (
    PeriodicJob(
        name="identity.end_outdated_desk_sessions", every_s=30.0, run=end_outdated_sessions
    ),
)
