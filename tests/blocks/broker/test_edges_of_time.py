"""Where days and months meet: nothing is lost at midnight, here or in Greenwich, and what is over ends."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from mieone.blocks.broker.actions import temporal
from mieone.blocks.broker.actions.declaring import open_months
from mieone.blocks.broker.actions.parts import Broker, Parts
from mieone.blocks.broker.jobs.expiry import expiry_job
from mieone.blocks.broker.jobs.history import forget_history
from mieone.blocks.broker.model import AttributeKind, Instance, Tenant, TenantName
from mieone.blocks.broker.model.temporal import HistoryPolicy
from mieone.blocks.broker.rules.personal import PersonalTerms
from mieone.blocks.broker.rules.reading import TemporalDocument
from mieone.blocks.broker.store import history
from mieone.blocks.broker.store.tenants import declare_tenants
from mieone.core.clock import FixedClock
from mieone.core.house import House

LD = "/ngsi-ld/v1"
TENANT = Tenant(name=TenantName("region"), title="x", is_default=True)
# The last second of November in Japan, the first of December, and the same in Greenwich.
EDGES = {
    "2026-11-30T14:59:59.999999+00:00": "history_2026_11",
    "2026-11-30T15:00:00+00:00": "history_2026_11",
    "2026-11-30T23:59:59.999999+00:00": "history_2026_11",
    "2026-12-01T00:00:00+00:00": "history_2026_12",
    "2026-12-31T15:00:00+00:00": "history_2026_12",
    "2027-01-01T00:00:00+00:00": "history_2027_01",
}


def at(house: House, moment: str) -> House:
    """The same house at another time."""
    return House(
        settings=house.settings,
        clock=FixedClock(datetime.fromisoformat(moment)),
        keyring=house.keyring,
        region=house.region,
        database=house.database,
        blocks=house.blocks,
    )


async def record(house: House, moment: str, observed_at: datetime | None = None) -> None:
    instance = Instance(kind=AttributeKind.PROPERTY, value=moment, observed_at=observed_at)
    document = TemporalDocument(
        types=("urn:t:Gauge",), attributes={"urn:n:level": (("@none", instance),)}
    )
    async with house.database.transaction() as conn:
        await temporal.add_instances(
            conn,
            TENANT,
            "urn:x:1",
            document,
            PersonalTerms(()),
            datetime.fromisoformat(moment),
            creates=True,
        )


async def places(house: House) -> Mapping[str, str]:
    async with house.database.transaction() as conn:
        rows = await conn.fetch(
            "SELECT tableoid::regclass::text AS part, document FROM broker.history"
        )
    return {
        msgspec.json.decode(row["document"])["value"]: row["part"].rpartition(".")[2]
        for row in rows
    }


@pytest.mark.parametrize("opened_at", list(EDGES)[:3])
async def test_every_instant_at_the_edge_of_a_month_has_its_place_ahead(
    broker_house: House, opened_at: str
) -> None:
    """Also where the place was opened for the first time on the first of the month in Japan."""
    await open_months(at(broker_house, opened_at))
    for moment in EDGES:
        await record(broker_house, moment)

    assert await places(broker_house) == EDGES


async def test_an_instant_before_or_after_all_months_lands_somewhere_and_is_found(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    far = ["1999-12-31T23:59:59+00:00", "2031-01-01T00:00:00+00:00"]
    observed = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    for moment, seen in zip(far, observed, strict=True):
        await record(broker_house, moment, seen)

    assert set((await places(broker_house)).values()) == {"history_rest"}
    found = await broker_client.get(f"{LD}/temporal/entities/urn:x:1")
    told = found.json()["urn:n:level"]
    assert [one["value"] for one in told] == far
    assert [one["observedAt"][:10] for one in told] == ["0001-01-01", "9999-12-31"]
    await open_months(at(broker_house, "1999-12-15T00:00:00+00:00"))
    assert (await places(broker_house))[far[0]] == "history_1999_12"


async def test_a_month_is_not_dropped_while_a_day_of_it_is_kept(broker_house: House) -> None:
    """In Japan the first has begun; nine hours of the last day in Greenwich are not thirty days old."""
    await open_months(at(broker_house, "2026-10-15T00:00:00+00:00"))
    await record(broker_house, "2026-10-31T20:00:00+00:00")
    policy = HistoryPolicy(
        keeps_history=True,
        retention_days=30,
        valid_from=datetime(2020, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")).date(),
        reason="x",
    )
    async with broker_house.database.transaction() as conn:
        await conn.execute("DELETE FROM broker.history_policy")
        await history.declare_policies(conn, [policy])

    await forget_history(at(broker_house, "2026-11-30T16:00:00+00:00"))
    kept = await places(broker_house)
    await forget_history(at(broker_house, "2026-12-01T00:00:00+00:00"))

    assert list(kept.values()) == ["history_2026_10"]
    assert await places(broker_house) == {}


async def test_what_is_over_ends_with_history_and_notification_in_a_town_of_this_minute(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    async with broker_house.database.transaction() as conn:
        await declare_tenants(conn, [Tenant(name=TenantName("newtown"), title="x")])
    over = broker_house.clock.now() + timedelta(seconds=0.5)
    headers = {"NGSILD-Tenant": "newtown"}
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Brief"}],
        "notificationTrigger": ["entityDeleted"],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/x"}},
    }
    entity = {
        "id": "urn:x:1",
        "type": "Brief",
        "level": {"value": 1},
        "expiresAt": f"{over:%FT%T.%fZ}",
    }
    for path, body in (("subscriptions", subscription), ("entities", entity)):
        answer = await broker_client.post(f"{LD}/{path}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text

    later = (over + timedelta(seconds=1)).isoformat()
    house, parts = at(broker_house, later), Parts()
    # This process has looked who the tenants are before there was the new one.
    await forget_tenant(parts.of(house))
    ended = await expiry_job(parts).run(house)

    assert ended == 1
    gone = await broker_client.get(f"{LD}/entities/urn:x:1", headers=headers)
    assert gone.status_code == 404
    async with broker_house.database.transaction() as conn:
        due = await conn.fetchval("SELECT count(*) FROM broker.delivery WHERE tenant = 'newtown'")
        ends = await conn.fetchval(
            "SELECT count(*) FROM broker.history WHERE tenant = 'newtown' AND is_deletion"
        )
        stated = await conn.fetchval(
            "SELECT deleted_at IS NOT NULL FROM broker.temporal_entity WHERE tenant = 'newtown'"
        )
    assert (due, ends, stated) == (1, 1, True)


async def forget_tenant(broker: Broker) -> None:
    """Its memory says what the tables said a moment ago."""
    async with broker.house.database.transaction() as conn:
        row = await conn.fetchrow("DELETE FROM broker.tenant WHERE name = 'newtown' RETURNING *")
    await broker.tenants.all()
    async with broker.house.database.transaction() as conn:
        await declare_tenants(conn, [Tenant(name=TenantName("newtown"), title=row["title"])])


async def test_what_a_town_that_is_no_more_left_behind_holds_up_nobody(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    over = broker_house.clock.now() + timedelta(seconds=5)
    for number in range(3):
        body = {"id": f"urn:x:{number}", "type": "Brief", "expiresAt": f"{over:%FT%T.%fZ}"}
        assert (await broker_client.post(f"{LD}/entities", json=body)).status_code == 201
    async with broker_house.database.transaction() as conn:
        await conn.execute("UPDATE broker.entity SET tenant = 'gone' WHERE id = 'urn:x:0'")

    ended = await expiry_job(Parts()).run(at(broker_house, (over + timedelta(1)).isoformat()))

    assert ended == 2
