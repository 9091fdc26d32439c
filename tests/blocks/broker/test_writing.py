"""The one write path against a real database: nothing lost, nothing half, nobody crowded out."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from mieone.blocks.broker.actions.gathering import Gathering
from mieone.blocks.broker.actions.parts import Broker, Parts
from mieone.blocks.broker.jobs.expiry import expiry_job
from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Change,
    Entity,
    Fragment,
    Instance,
    JsonValue,
    Null,
    Operation,
    Tenant,
)
from mieone.blocks.broker.problems import (
    AlreadyExists,
    BadRequestData,
    OverQuota,
    PersonalAttribute,
)
from mieone.blocks.broker.store.entities import lock_entities
from mieone.core.house import House

TYPE = "https://example.org/Sensor"
NAME = "https://example.org/value"


@pytest.fixture
async def tenant(broker: Broker) -> Tenant:
    return await broker.tenants.get(None)


def fragment(value: JsonValue, name: str = NAME) -> Fragment:
    instance = Instance(kind=AttributeKind.PROPERTY, value=value)
    return Fragment(types=(TYPE,), attributes={name: {DEFAULT_INSTANCE: instance}})


def upsert(entity_id: str, value: JsonValue, name: str = NAME) -> Change:
    return Change(
        operation=Operation.UPSERT_UPDATE, entity_id=entity_id, fragment=fragment(value, name)
    )


def new_id() -> str:
    return f"urn:ngsi-ld:Sensor:{uuid4()}"


async def stored(broker: Broker, tenant: Tenant, entity_id: str) -> Entity | None:
    async with broker.house.database.transaction() as conn:
        found = await lock_entities(conn, tenant.name, [entity_id])
    return found[entity_id].entity if entity_id in found else None


async def index_rows(broker: Broker, tenant: Tenant, entity_id: str) -> list[tuple[object, ...]]:
    async with broker.house.database.transaction() as conn:
        rows = await conn.fetch(
            "SELECT a.name, a.dataset, a.place, a.number, a.words FROM broker.attribute AS a "
            "JOIN broker.entity AS e ON e.tenant = a.tenant AND e.sequence = a.sequence "
            "WHERE a.tenant = $1 AND e.id = $2 ORDER BY 1, 2, 3",
            tenant.name,
            entity_id,
        )
    return [tuple(row) for row in rows]


async def count_rows(broker: Broker, table: str, tenant: Tenant) -> int:
    async with broker.house.database.transaction() as conn:
        return int(
            await conn.fetchval(
                f"SELECT count(*) FROM broker.{table} WHERE tenant = $1", tenant.name
            )
        )


async def test_what_is_written_is_stored_and_indexed(broker: Broker, tenant: Tenant) -> None:
    entity_id = new_id()

    (made,) = await broker.writer.write(tenant, [upsert(entity_id, 5)])
    assert await index_rows(broker, tenant, entity_id) == [(NAME, "@none", 0, 5.0, None)]
    (listed,) = await broker.writer.write(tenant, [upsert(entity_id, ["a", "b"])])
    assert await index_rows(broker, tenant, entity_id) == [
        (NAME, "@none", 0, None, "a"),
        (NAME, "@none", 1, None, "b"),
    ]
    (changed,) = await broker.writer.write(tenant, [upsert(entity_id, "c")])

    assert made.was_created
    assert listed.effects[0].after is not None
    assert await stored(broker, tenant, entity_id) == changed.after
    assert await index_rows(broker, tenant, entity_id) == [(NAME, "@none", 0, None, "c")]


async def test_a_deleted_entity_leaves_no_row(broker: Broker, tenant: Tenant) -> None:
    entity_id = new_id()
    await broker.writer.write(tenant, [upsert(entity_id, 5)])
    tables = ("attribute", "entity_type", "entity_scope")
    before = [await count_rows(broker, name, tenant) for name in tables]

    await broker.writer.write(tenant, [Change(operation=Operation.DELETE, entity_id=entity_id)])

    after = [await count_rows(broker, name, tenant) for name in tables]
    assert await stored(broker, tenant, entity_id) is None
    assert [was - now for was, now in zip(before, after, strict=True)] == [1, 1, 1]


async def test_an_attribute_goes_and_its_row_with_it(broker: Broker, tenant: Tenant) -> None:
    entity_id = new_id()
    gone = Change(
        operation=Operation.UPDATE,
        entity_id=entity_id,
        fragment=Fragment(attributes={NAME: {DEFAULT_INSTANCE: Null()}}),
    )

    await broker.writer.write(
        tenant, [upsert(entity_id, 1), upsert(entity_id, 2, f"{NAME}2"), gone]
    )

    assert await index_rows(broker, tenant, entity_id) == [(f"{NAME}2", "@none", 0, 2.0, None)]


async def test_two_writers_at_once_lose_nothing(
    broker: Broker, broker_house: House, tenant: Tenant
) -> None:
    """Two processes on one entity: every attribute either of them wrote is there."""
    entity_id = new_id()
    other = Broker(broker_house)
    await other.open()

    try:
        outcomes = await asyncio.gather(
            *(
                writer.write(tenant, [upsert(entity_id, number, f"{NAME}/{side}/{number}")])
                for number in range(40)
                for side, writer in (("a", broker.writer), ("b", other.writer))
            )
        )
    finally:
        await other.close()

    kept = await stored(broker, tenant, entity_id)
    assert kept is not None
    assert len(kept.attributes) == 80
    assert sum(one.was_created for answers in outcomes for one in answers) == 1
    assert len(await index_rows(broker, tenant, entity_id)) == 80


async def test_one_of_many_creators_wins(
    broker: Broker, broker_house: House, tenant: Tenant
) -> None:
    other = Broker(broker_house)
    await other.open()
    ids = [new_id() for _ in range(10)]
    create = [
        Change(operation=Operation.CREATE, entity_id=key, fragment=fragment(1)) for key in ids
    ]

    try:
        first, second = await asyncio.gather(
            broker.writer.write(tenant, create), other.writer.write(tenant, create[::-1])
        )
    finally:
        await other.close()

    problems = [one.problem for one in (*first, *second) if one.problem is not None]
    assert len(problems) == 10
    assert all(isinstance(one, AlreadyExists) for one in problems)


async def test_a_failure_in_the_transaction_leaves_nothing_behind(
    broker: Broker, tenant: Tenant
) -> None:
    """What is recorded beside the entity and the entity itself come together or not at all."""
    entity_id = new_id()
    await broker.writer.write(tenant, [upsert(entity_id, 1)])

    with pytest.raises(RuntimeError):
        async with broker.house.database.transaction() as conn:
            await broker.writer._transact(conn, tenant, [entity_id], [upsert(entity_id, 2)])
            raise RuntimeError("the process dies before the commit")

    kept = await stored(broker, tenant, entity_id)
    assert kept is not None
    assert kept.attributes[NAME][DEFAULT_INSTANCE].value == 1
    assert await index_rows(broker, tenant, entity_id) == [(NAME, "@none", 0, 1.0, None)]


async def test_what_cannot_be_stored_takes_no_neighbour_along(
    broker: Broker, tenant: Tenant
) -> None:
    good = [new_id() for _ in range(5)]
    changes = [upsert(key, 1) for key in good]
    changes.insert(2, upsert("urn:ngsi-ld:Sensor:\x00", 1))

    outcomes = await broker.writer.write(tenant, changes)

    assert isinstance(outcomes[2].problem, BadRequestData)
    assert all(one.was_created for at, one in enumerate(outcomes) if at != 2)
    for key in good:
        assert await stored(broker, tenant, key) is not None


@pytest.mark.parametrize("operation", [Operation.APPEND, Operation.MERGE, Operation.UPSERT_UPDATE])
async def test_no_type_that_comes_later_makes_an_entity_hold_what_is_personal(
    broker: Broker, tenant: Tenant, operation: Operation
) -> None:
    entity_id = new_id()
    on_a_sensor = upsert(entity_id, "x", "https://example.org/driverName")
    a_bus_too = Change(
        operation=operation,
        entity_id=entity_id,
        fragment=Fragment(types=(TYPE, "https://example.org/Bus")),
    )

    made, retyped = await broker.writer.write(tenant, [on_a_sensor, a_bus_too])
    kept = await stored(broker, tenant, entity_id)

    assert made.problem is None
    assert isinstance(retyped.problem, PersonalAttribute)
    assert kept is not None
    assert kept.types == (TYPE,)


async def test_a_personal_attribute_is_its_own_changes_problem(
    broker: Broker, tenant: Tenant
) -> None:
    open_one, refused = new_id(), new_id()

    outcomes = await broker.writer.write(
        tenant,
        [upsert(refused, "1950-01-01", "https://schema.org/birthDate"), upsert(open_one, 1)],
    )

    assert isinstance(outcomes[0].problem, PersonalAttribute)
    assert "1950" not in outcomes[0].problem.reason
    assert await stored(broker, tenant, refused) is None
    assert outcomes[1].was_created


async def test_an_expired_entity_counts_as_absent_and_is_ended_by_the_job(
    broker: Broker, broker_house: House, tenant: Tenant
) -> None:
    now = broker_house.clock.now()
    brief = Fragment(types=(TYPE,), expires_at=now + timedelta(milliseconds=80))
    again, left = new_id(), new_id()
    create = [
        Change(operation=Operation.CREATE, entity_id=key, fragment=brief) for key in (again, left)
    ]
    await broker.writer.write(tenant, create)
    await asyncio.sleep(0.1)

    (remade,) = await broker.writer.write(
        tenant, [Change(operation=Operation.CREATE, entity_id=again, fragment=fragment(1))]
    )
    (deleted,) = await broker.writer.write(
        tenant, [Change(operation=Operation.DELETE, entity_id=left)]
    )
    await broker.writer.write(
        tenant,
        [
            Change(
                operation=Operation.CREATE,
                entity_id=left,
                fragment=Fragment(
                    types=(TYPE,),
                    expires_at=broker_house.clock.now() + timedelta(milliseconds=80),
                ),
            )
        ],
    )
    await asyncio.sleep(0.1)
    ended = await expiry_job(Parts()).run(broker_house)

    assert remade.was_created
    assert deleted.problem is not None
    assert ended == 1
    assert await stored(broker, tenant, left) is None
    assert await stored(broker, tenant, again) == remade.after


async def test_a_waiter_that_gives_up_loses_nobody_elses_write(
    broker: Broker, tenant: Tenant
) -> None:
    ids = [new_id() for _ in range(30)]
    waiting = [asyncio.create_task(broker.writer.write(tenant, [upsert(key, 1)])) for key in ids]
    await asyncio.sleep(0)
    for task in waiting[::3]:
        task.cancel()

    await asyncio.gather(*waiting, return_exceptions=True)

    for at, key in enumerate(ids):
        if at % 3:
            assert await stored(broker, tenant, key) is not None


async def test_one_tenants_flood_does_not_hold_up_another() -> None:
    order: list[str] = []

    async def act(name: str, items: Sequence[int]) -> list[int]:
        order.append(name)
        await asyncio.sleep(0.002)
        return list(items)

    gathering = Gathering[int, int](act)
    flood = [asyncio.create_task(gathering.submit("loud", list(range(900)))) for _ in range(15)]
    await asyncio.sleep(0)
    quiet = await gathering.submit("quiet", [1])
    done_before = order.count("loud")
    await asyncio.gather(*flood)
    await gathering.close()

    assert quiet == [1]
    assert done_before <= 3


async def test_what_was_perhaps_committed_is_not_done_again() -> None:
    done: list[int] = []

    async def act(name: str, items: Sequence[int]) -> list[int]:
        done.extend(items)
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of COMMIT")

    gathering = Gathering[int, int](act)
    waiting = [asyncio.create_task(gathering.submit("one", [number])) for number in (1, 2)]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    await gathering.close()

    assert all(isinstance(one, asyncpg.ConnectionDoesNotExistError) for one in answers)
    assert done == [1, 2]


async def test_a_full_lane_says_so() -> None:
    gate = asyncio.Event()

    async def act(name: str, items: Sequence[int]) -> list[int]:
        await gate.wait()
        return list(items)

    gathering = Gathering[int, int](act)
    waiting = []
    for _ in range(21):
        waiting.append(asyncio.create_task(gathering.submit("one", [0] * 1000)))
        await asyncio.sleep(0.001)

    with pytest.raises(OverQuota):
        await gathering.submit("one", [0] * 1000)

    gate.set()
    await asyncio.gather(*waiting)
    await gathering.close()


async def test_an_attribute_that_is_over_is_ended_by_the_job(
    broker: Broker, broker_house: House, tenant: Tenant
) -> None:
    entity_id = new_id()
    over_at = broker_house.clock.now() + timedelta(milliseconds=80)
    brief = Instance(kind=AttributeKind.PROPERTY, value=1, expires_at=over_at)
    sent = Fragment(attributes={f"{NAME}/brief": {DEFAULT_INSTANCE: brief}})
    await broker.writer.write(
        tenant,
        [
            upsert(entity_id, 5),
            Change(operation=Operation.APPEND, entity_id=entity_id, fragment=sent),
        ],
    )
    await asyncio.sleep(0.1)

    ended = await expiry_job(Parts()).run(broker_house)

    kept = await stored(broker, tenant, entity_id)
    assert ended == 1
    assert kept is not None
    assert set(kept.attributes) == {NAME}
    assert await expiry_job(Parts()).run(broker_house) == 0
