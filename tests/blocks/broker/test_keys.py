"""Whose an API key is, and how soon a process knows."""

from datetime import timedelta

import msgspec
import pytest
from litestar.datastructures import Headers

from mieone.blocks.broker.actions.keys import KeyCheck, issue_key
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.problems import NotWritable
from mieone.blocks.broker.store.keys import revoke_key
from mieone.core.house import House
from mieone.core.settings import Profile


@pytest.fixture
def production(broker_house: House) -> House:
    broker_house.settings = msgspec.structs.replace(
        broker_house.settings, profile=Profile.PRODUCTION
    )
    return broker_house


async def test_keys_are_known_before_they_are_first_used(production: House, broker: Broker) -> None:
    tenant = await broker.tenants.get(None)
    now = production.clock.now()
    async with production.database.transaction() as conn:
        valid = await issue_key(conn, tenant.name, "gauge", now + timedelta(days=1))
        ended = await issue_key(conn, tenant.name, "old gauge", now - timedelta(days=1))
        revoked = await issue_key(conn, tenant.name, "lost", None)
        await revoke_key(conn, tenant.name, revoked[:12], now)

    keys = KeyCheck(production)
    await keys.open()

    assert keys.vouches(valid, tenant)
    assert not any(keys.vouches(key, tenant) for key in (ended, revoked, ""))


async def test_a_key_revoked_since_the_start_writes_nothing(
    production: House, broker: Broker
) -> None:
    tenant = await broker.tenants.get(None)
    async with production.database.transaction() as conn:
        key = await issue_key(conn, tenant.name, "gauge", None)
    keys = KeyCheck(production)
    await keys.open()
    async with production.database.transaction() as conn:
        await revoke_key(conn, tenant.name, key[:12], production.clock.now())

    with pytest.raises(NotWritable):
        await keys.check_may_write(Headers({"x-api-key": key}), tenant)
    assert not keys.vouches(key, tenant)
