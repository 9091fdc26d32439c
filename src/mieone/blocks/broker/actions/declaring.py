"""The region's own declarations, brought into the tables at every start."""

from datetime import UTC

import msgspec

from mieone.blocks.broker.model import DEFAULT_VOCABULARY, Tenant
from mieone.blocks.broker.model.temporal import HistoryPolicy
from mieone.blocks.broker.store.history import declare_policies, open_history_months
from mieone.blocks.broker.store.tenants import declare_tenants
from mieone.core.house import House

MONTHS_AHEAD = 3


async def declare_region(house: House) -> None:
    await _declare_tenants(house)
    await _declare_policies(house)
    await open_months(house)


async def open_months(house: House) -> int:
    """This month's place for histories and those of the months to come; they are months of UTC."""
    today = house.clock.now().astimezone(UTC).date()
    async with house.database.transaction() as conn:
        return await open_history_months(conn, today, MONTHS_AHEAD + 1)


async def _declare_tenants(house: House) -> None:
    path = house.settings.region_dir / "broker" / "tenants.yaml"
    if not path.exists():
        return
    tenants = msgspec.yaml.decode(path.read_bytes(), type=list[Tenant])
    async with house.database.transaction() as conn:
        await declare_tenants(conn, tenants)


async def _declare_policies(house: House) -> None:
    path = house.settings.region_dir / "broker" / "history.yaml"
    if not path.exists():
        return
    policies = msgspec.yaml.decode(path.read_bytes(), type=list[HistoryPolicy])
    async with house.database.transaction() as conn:
        await declare_policies(conn, [_expand(one) for one in policies])


def _expand(policy: HistoryPolicy) -> HistoryPolicy:
    """The file names types of the default vocabulary by their short names."""
    if policy.type is None or ":" in policy.type:
        return policy
    return msgspec.structs.replace(policy, type=f"{DEFAULT_VOCABULARY}{policy.type}")
