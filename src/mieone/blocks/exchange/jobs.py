"""Start-up and periodic work of the exchange, and what it keeps when somebody leaves."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from mieone.blocks import identity
from mieone.core.block import Retained
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob

from . import actions, store

BATCH = 200


async def open_door(house: House) -> None:
    """The tables say what the region's files say, then the door opens in this process."""
    async with house.database.transaction() as conn:
        await actions.load_region(conn, house)
    house.disclose = actions.Door(house, actions.IdentityPeople())


async def list_retained(house: House, conn: Conn, person_id: UUID) -> Sequence[Retained]:
    """Pseudonymous records of who gave what to whom stay as long as the law asks, and no name in them."""
    today = house.clock.today()
    return [
        Retained(
            what="exchange.retained.records",
            law=entry.citation,
            until=date(today.year + entry.keeps_years, today.month, min(today.day, 28)),
        )
        for entry in actions.read_legal_bases(house.region).values()
        if entry.keeps_years is not None
    ]


async def adopt_clients(house: House) -> int:
    """Programs registered since the last look become services."""
    async with house.database.transaction() as conn:
        known = {service.service_id for service in await store.list_services(conn)}
        clients = await identity.list_clients(conn, "", BATCH)
    new = [client.client_id for client in clients if client.client_id not in known]
    adopted = 0
    for client_id in new:
        if await _adopt(house, client_id):
            adopted += 1
    return adopted


async def _adopt(house: House, client_id: str) -> bool:
    return await run(house.database, (), lambda conn: actions.adopt_client(conn, house, client_id))


JOBS = (PeriodicJob(name="exchange.adopt_clients", every_s=3, run=adopt_clients),)
