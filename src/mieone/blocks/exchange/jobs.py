"""Start-up and periodic work of the exchange."""

from mieone.blocks.identity.oauth.store import list_clients
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob

from . import actions, store
from .people import IdentityPeople

BATCH = 200


async def open_door(house: House) -> None:
    """The tables say what the region's files say, then the door opens in this process."""
    async with house.database.transaction() as conn:
        await actions.load_region(conn, house)
    house.disclose = actions.Door(house, IdentityPeople())


async def adopt_clients(house: House) -> int:
    """Programs registered since the last look become services."""
    async with house.database.transaction() as conn:
        known = {service.service_id for service in await store.list_services(conn)}
        clients = await list_clients(conn, "", BATCH)
    new = [client.client_id for client in clients if client.client_id not in known]
    adopted = 0
    for client_id in new:
        if await _adopt(house, client_id):
            adopted += 1
    return adopted


async def _adopt(house: House, client_id: str) -> bool:
    return await run(house.database, (), lambda conn: actions.adopt_client(conn, house, client_id))


JOBS = (PeriodicJob(name="exchange.adopt_clients", every_s=3, run=adopt_clients),)
