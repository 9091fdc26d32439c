"""No tenant takes more than its share, and none waits for another's."""

import asyncio

import httpx
import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from litestar.datastructures import Headers

from mieone.blocks.broker.actions.keys import KeyCheck, issue_key
from mieone.blocks.broker.actions.lanes import AT_ONCE_BESIDE, Kind
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.quotas import (
    OUTSIDE_AT_ONCE,
    WAITING_OUTSIDE,
    Quotas,
    Ticket,
)
from mieone.blocks.broker.model import Change, Fragment, Operation, Quota, Tenant, TenantName
from mieone.blocks.broker.problems import NotWritable, OverQuota
from mieone.blocks.broker.rules.rates import charge, fresh, take
from mieone.blocks.broker.store.keys import revoke_key
from mieone.core.house import House
from mieone.core.settings import Profile


def tenant(name: str, **quota: float) -> Tenant:
    return Tenant(name=TenantName(name), title=name, quota=Quota(**quota))  # type: ignore[arg-type]


steps = st.lists(
    st.tuples(st.floats(0, 3), st.floats(0.1, 50), st.booleans()), min_size=1, max_size=60
)


@for_all(rate=st.floats(0.5, 100), asked=steps)
def test_no_bucket_gives_more_than_its_rate(
    rate: float, asked: list[tuple[float, float, bool]]
) -> None:
    bucket, now_s, given, largest = fresh(rate, 0.0), 0.0, 0.0, 0.0
    for passed_s, tokens, is_later in asked:
        now_s += passed_s
        ask = charge if is_later else take
        bucket, wait_s = ask(bucket, rate, tokens, now_s)
        if not wait_s:
            given += tokens
            largest = max(largest, tokens)

    # One second's worth at the start, and one request may end in debt.
    assert given <= rate * (now_s + 1) + largest + 1e-6


@for_all(rate=st.floats(0.5, 100), tokens=st.floats(0.1, 10_000))
def test_whoever_waits_as_long_as_told_is_let_in(rate: float, tokens: float) -> None:
    bucket, _ = take(fresh(rate, 0.0), rate, rate, 0.0)

    bucket, wait_s = take(bucket, rate, tokens, 0.0)
    _, again_s = take(bucket, rate, tokens, wait_s + 1e-6)

    assert wait_s > 0
    assert again_s == 0


async def let_in(quotas: Quotas, asked: Tenant, kind: Kind = Kind.READ) -> Ticket:
    ticket = Ticket(quotas.share_of(asked), kind, 1)
    await ticket.enter()
    return ticket


async def test_a_flooded_tenant_does_not_hold_up_another() -> None:
    quotas, flooded, quiet = Quotas(), tenant("flooded", at_once=2), tenant("quiet", at_once=2)
    release = asyncio.Event()

    async def hold() -> None:
        ticket = await let_in(quotas, flooded)
        await release.wait()
        ticket.leave()

    tasks = [asyncio.create_task(hold()) for _ in range(30)]
    await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        await let_in(quotas, quiet)
    release.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    turned_away = [result for result in results if isinstance(result, OverQuota)]
    # Two inside, eight in the queue.
    assert len(turned_away) == 20


async def test_readers_take_no_place_of_a_writer() -> None:
    quotas, small = Quotas(), tenant("small", at_once=1)

    await let_in(quotas, small)

    async with asyncio.timeout(30):
        await let_in(quotas, small, Kind.WRITE)


async def test_beside_others_a_tenant_is_worked_on_in_few_places() -> None:
    quotas, large, other = Quotas(), tenant("large", at_once=50), tenant("other")
    alone = [await let_in(quotas, large) for _ in range(20)]
    await let_in(quotas, other)

    waiting = asyncio.create_task(let_in(quotas, large))
    await asyncio.sleep(0.01)
    held_up = not waiting.done()
    for ticket in alone[AT_ONCE_BESIDE - 1 :]:
        ticket.leave()
    await waiting

    assert held_up


async def test_whoever_waits_for_another_server_holds_no_place() -> None:
    quotas, small = Quotas(), tenant("small", at_once=1)
    first = await let_in(quotas, small)

    async with first.outside(), first.outside():
        async with asyncio.timeout(30):
            second = await let_in(quotas, small)
        second.leave()
    waiting = asyncio.create_task(let_in(quotas, small))
    await asyncio.sleep(0.01)

    assert not waiting.done()
    first.leave()
    await waiting


async def test_not_many_of_a_tenant_wait_for_other_servers() -> None:
    quotas, small = Quotas(), tenant("small", at_once=1)
    release = asyncio.Event()

    async def wait() -> None:
        ticket = await let_in(quotas, small)
        try:
            async with ticket.outside():
                await release.wait()
        finally:
            ticket.leave()

    tasks = []
    for _ in range(OUTSIDE_AT_ONCE + WAITING_OUTSIDE + 5):
        tasks.append(asyncio.create_task(wait()))
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    release.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert sum(isinstance(result, OverQuota) for result in results) == 5
    # And everybody gave back what they held.
    async with asyncio.timeout(30):
        await let_in(quotas, small)


async def test_who_gives_up_waiting_takes_nobodys_place() -> None:
    quotas, small = Quotas(), tenant("small", at_once=1)
    first = await let_in(quotas, small)
    gone = asyncio.create_task(let_in(quotas, small))
    stays = asyncio.create_task(let_in(quotas, small))
    await asyncio.sleep(0.01)

    # The place is given and given up in the same moment.
    first.leave()
    gone.cancel()

    async with asyncio.timeout(30):
        await stays


async def test_a_rate_is_told_with_the_time_to_wait() -> None:
    lane = Quotas().share_of(tenant("small", writes_per_s=10)).lanes[Kind.WRITE]

    lane.take(10)
    with pytest.raises(OverQuota) as refused:
        lane.take(5)

    assert refused.value.headers["Retry-After"] == "1"


async def test_what_turns_out_to_be_large_is_paid_off_before_the_next_comes() -> None:
    share = Quotas().share_of(tenant("small", writes_per_s=10))
    batch, beside = Ticket(share, Kind.WRITE, 1), Ticket(share, Kind.WRITE, 1)

    share.lanes[Kind.WRITE].take(1)
    batch.charge(100)
    with pytest.raises(OverQuota):
        beside.charge(100)
    with pytest.raises(OverQuota) as refused:
        share.lanes[Kind.WRITE].take(1)

    assert 8 <= int(refused.value.headers["Retry-After"]) <= 11


async def test_in_production_only_a_living_key_of_the_tenant_writes(broker_house: House) -> None:
    broker_house.settings = msgspec.structs.replace(
        broker_house.settings, profile=Profile.PRODUCTION
    )
    async with broker_house.database.transaction() as conn:
        await conn.execute("INSERT INTO broker.tenant (name, title) VALUES ('a', 'A'), ('b', 'B')")
        key = await issue_key(conn, "a", "a gauge", None)

    def headers(value: str) -> Headers:
        return Headers({"X-API-Key": value})

    await KeyCheck(broker_house).check_may_write(headers(key), tenant("a"))
    for refused_key, name in ((key, "b"), ("mie_wrong", "a"), ("", "a")):
        with pytest.raises(NotWritable):
            await KeyCheck(broker_house).check_may_write(headers(refused_key), tenant(name))
    async with broker_house.database.transaction() as conn:
        assert await revoke_key(conn, "a", key[:12], broker_house.clock.now()) == 1
    with pytest.raises(NotWritable):
        await KeyCheck(broker_house).check_may_write(headers(key), tenant("a"))


async def test_a_full_tenant_makes_nothing_new_and_changes_what_it_has(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    async with broker_house.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO broker.tenant (name, title, quota) VALUES ('small', 'S', '{\"entities\": 1}')"
        )
    headers = {"NGSILD-Tenant": "small"}
    first = {"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 1}}
    path = "/ngsi-ld/v1/entities"

    await broker_client.post(path, json=first, headers=headers)
    broker = Broker(broker_house)
    await broker.open()
    tenant_there = await broker.tenants.get("small")
    fragment = Fragment(types=("https://example.org/T",))
    new = Change(operation=Operation.CREATE, entity_id="urn:x:2", fragment=fragment)
    known = Change(operation=Operation.UPSERT_UPDATE, entity_id="urn:x:1", fragment=fragment)
    outcomes = await broker.writer.write(tenant_there, [new, known])
    await broker.close()

    assert isinstance(outcomes[0].problem, OverQuota)
    assert outcomes[1].problem is None
