"""Places for coming months of history, and the end of what is older than its retention."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Final

from mieone.blocks.broker.actions.declaring import open_months
from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.model.temporal import HistoryPolicy, TemporalEntity
from mieone.blocks.broker.rules.temporal.policies import (
    decide_retention,
    list_valid,
    longest_retention,
)
from mieone.blocks.broker.store import history, history_counts
from mieone.blocks.broker.store.tenants import list_tenants
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob

ENTITIES_AT_ONCE: Final = 100
INSTANCES_AT_ONCE: Final = 5_000


async def forget_history(house: House) -> int:
    """Returns how many instances and months went."""
    async with house.database.transaction() as conn:
        policies = list_valid(await history.list_policies(conn), house.clock.today())
        tenants = await list_tenants(conn)
    if all(one.retention_days is None for one in policies):
        return 0
    dropped = await _drop_months(house, policies)
    return dropped + sum([await _forget_of(house, one.name, policies) for one in tenants])


async def _drop_months(house: House, policies: Sequence[HistoryPolicy]) -> int:
    """Months that are older than every retention go as a whole."""
    days = longest_retention(policies)
    if days is None:
        return 0
    # Months are of UTC: the day in Japan begins nine hours before theirs ends.
    before = (house.clock.now() - timedelta(days=days)).astimezone(UTC).date()
    async with house.database.transaction() as conn:
        return await history.drop_history_months(conn, before)


async def _forget_of(house: House, tenant: TenantName, policies: Sequence[HistoryPolicy]) -> int:
    forgotten, after = 0, 0
    while True:
        async with house.database.transaction() as conn:
            entities = await history.list_entities_after(conn, tenant, after, ENTITIES_AT_ONCE)
        if not entities:
            return forgotten
        after = entities[-1].sequence
        forgotten += await _forget_batch(house, tenant, policies, entities)


async def _forget_batch(
    house: House,
    tenant: TenantName,
    policies: Sequence[HistoryPolicy],
    entities: Sequence[TemporalEntity],
) -> int:
    now = house.clock.now()
    before = {
        one.id: now - timedelta(days=days)
        for one in entities
        if (days := decide_retention(policies, tenant, one.types)) is not None
    }
    if not before:
        return 0
    async with house.database.transaction() as conn:
        series = await history.list_series(conn, tenant, list(before))
    forgotten = 0
    while True:
        # A transaction each: nobody waits long for any of these rows.
        async with house.database.transaction() as conn:
            count = await history.forget_older(
                conn,
                tenant,
                [one.key for one in series],
                [before[one.entity_id] for one in series],
                INSTANCES_AT_ONCE,
            )
        forgotten += count
        if count < INSTANCES_AT_ONCE:
            return forgotten


async def sum_up_counts(house: House) -> int:
    """Of how many tenants. What lengthened and shortened their histories becomes one number."""
    async with house.database.transaction() as conn:
        tenants = await list_tenants(conn)
    for tenant in tenants:
        async with house.database.transaction() as conn:
            await history_counts.sum_up_counts(conn, tenant.name)
    return len(tenants)


JOBS: Final = (
    PeriodicJob(name="broker.open_history_months", every_s=6 * 3600, run=open_months),
    PeriodicJob(name="broker.forget_history", every_s=3600, run=forget_history),
    PeriodicJob(name="broker.sum_up_counts", every_s=60, run=sum_up_counts),
)
