"""The region's own declarations, brought into the tables at every start."""

import msgspec

from mieone.blocks.broker.model import Tenant
from mieone.blocks.broker.store.tenants import declare_tenants
from mieone.core.house import House


async def declare_region(house: House) -> None:
    path = house.settings.region_dir / "broker" / "tenants.yaml"
    if not path.exists():
        return
    tenants = msgspec.yaml.decode(path.read_bytes(), type=list[Tenant])
    async with house.database.transaction() as conn:
        await declare_tenants(conn, tenants)
