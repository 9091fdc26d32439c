"""Histories over HTTP: what is written through either API, and what is asked of time."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from mieone.blocks.broker.actions.recording import make_record
from mieone.blocks.broker.jobs.history import forget_history
from mieone.blocks.broker.model import AttributeKind, Instance
from mieone.blocks.broker.model.temporal import HistoryPolicy, TemporalEntity
from mieone.blocks.broker.store import histories, history
from mieone.core.database import PooledDatabase
from mieone.core.house import House

LD = "/ngsi-ld/v1"
TEMPORAL = f"{LD}/temporal/entities"
TIME = "2026-07-01T{:02}:00:00Z"


def series(*values: Any, dataset: str | None = None) -> list[dict[str, Any]]:
    """One instance an hour."""
    extra = {} if dataset is None else {"datasetId": dataset}
    return [
        {"type": "Property", "value": value, "observedAt": TIME.format(hour), **extra}
        for hour, value in enumerate(values)
    ]


async def given(client: httpx.AsyncClient, entity_id: str, **attributes: Any) -> None:
    body = {"id": entity_id, "type": "Gauge", **attributes}
    response = await client.post(TEMPORAL, json=body)
    assert response.status_code == 201, response.text


async def ask(client: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    response = await client.get(path)
    assert response.status_code == status, response.text
    return response.json()


def values(instances: list[dict[str, Any]]) -> list[Any]:
    return [one["value"] for one in instances]


async def test_what_is_written_now_is_in_the_history_in_order(
    broker_client: httpx.AsyncClient,
) -> None:
    entity = {"id": "urn:x:1", "type": "Gauge", "level": {"type": "Property", "value": 0}}
    assert (await broker_client.post(f"{LD}/entities", json=entity)).status_code == 201
    for value in range(1, 6):
        change = {"level": {"type": "Property", "value": value}}
        response = await broker_client.patch(f"{LD}/entities/urn:x:1/attrs", json=change)
        assert response.status_code == 204, response.text

    found = await ask(broker_client, f"{TEMPORAL}/urn:x:1")

    assert values(found["level"]) == [0, 1, 2, 3, 4, 5]
    assert (await broker_client.delete(f"{LD}/entities/urn:x:1")).status_code == 204
    gone = await ask(broker_client, f"{TEMPORAL}/urn:x:1?timeproperty=deletedAt")
    assert values(gone["level"]) == ["urn:ngsi-ld:null"]
    assert "deletedAt" in gone["level"][0]
    assert values((await ask(broker_client, f"{TEMPORAL}/urn:x:1"))["level"])[-1] == 5


async def test_a_batch_of_one_entity_is_kept_change_by_change(
    broker_client: httpx.AsyncClient,
) -> None:
    batch = [
        {"id": "urn:x:1", "type": "Gauge", "level": {"type": "Property", "value": value}}
        for value in range(5)
    ]
    response = await broker_client.post(f"{LD}/entityOperations/upsert?options=update", json=batch)
    assert response.status_code == 201, response.text

    found = await ask(broker_client, f"{TEMPORAL}/urn:x:1")

    assert values(found["level"]) == [0, 1, 2, 3, 4]


async def test_a_history_is_no_state_of_now(broker_client: httpx.AsyncClient) -> None:
    await given(broker_client, "urn:x:2", level=series(1, 2))

    now = await broker_client.patch(
        f"{LD}/entities/urn:x:2/attrs", json={"level": {"type": "Property", "value": 3}}
    )

    assert now.status_code == 404


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("timerel=before&timeAt=" + TIME.format(2), [0, 1]),
        ("timerel=after&timeAt=" + TIME.format(2), [2, 3, 4]),
        (f"timerel=between&timeAt={TIME.format(1)}&endTimeAt={TIME.format(3)}", [1, 2]),
        ("lastN=2", [3, 4]),
        (f"lastN=2&timerel=before&timeAt={TIME.format(3)}", [1, 2]),
    ],
)
async def test_the_ends_of_a_span_count_as_the_standard_says(
    broker_client: httpx.AsyncClient, question: str, expected: list[int]
) -> None:
    await given(broker_client, "urn:x:1", level=series(0, 1, 2, 3, 4))

    found = await ask(broker_client, f"{TEMPORAL}/urn:x:1?{question}")

    assert values(found["level"]) == expected


@pytest.mark.parametrize(
    "question",
    [
        "timerel=after",
        "timerel=soon&timeAt=2026-07-01T00:00:00Z",
        "timeAt=2026-07-01T00:00:00Z",
        "timerel=between&timeAt=2026-07-01T00:00:00Z",
        "timerel=after&timeAt=yesterday",
        "timeproperty=inventedAt",
        "lastN=0",
        "lastN=many",
        "options=aggregatedValues",
        "options=aggregatedValues&aggrMethods=median",
        "options=aggregatedValues&aggrMethods=sum&aggrPeriodDuration=hourly",
        "pick=level&attrs=level",
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    broker_client: httpx.AsyncClient, question: str
) -> None:
    await given(broker_client, "urn:x:1", level=series(1))
    refused = await ask(broker_client, f"{TEMPORAL}/urn:x:1?{question}", 400)
    assert refused["type"].endswith("/BadRequestData")


async def test_an_instance_is_corrected_and_deleted(broker_client: httpx.AsyncClient) -> None:
    await given(broker_client, "urn:x:1", level=series(1, 2))
    found = await ask(broker_client, f"{TEMPORAL}/urn:x:1")
    first, second = (one["instanceId"] for one in found["level"])
    path = f"{TEMPORAL}/urn:x:1/attrs/level"

    changed = await broker_client.patch(
        f"{path}/{first}", json={"type": "Property", "value": 9, "observedAt": TIME.format(0)}
    )
    deleted = await broker_client.delete(f"{path}/{second}")
    again = await broker_client.delete(f"{path}/{second}")

    assert (changed.status_code, deleted.status_code, again.status_code) == (204, 204, 404)
    left = (await ask(broker_client, f"{TEMPORAL}/urn:x:1?options=sysAttrs"))["level"]
    assert [(one["value"], one["instanceId"]) for one in left] == [(9, first)]
    assert left[0]["modifiedAt"] > left[0]["createdAt"]


async def test_the_same_moment_sent_again_replaces_what_it_told(
    broker_client: httpx.AsyncClient,
) -> None:
    await given(broker_client, "urn:x:1", level=series(1, 2))
    more = {"level": series(7)}
    response = await broker_client.post(f"{TEMPORAL}/urn:x:1/attrs", json=more)
    assert response.status_code == 204

    found = await ask(broker_client, f"{TEMPORAL}/urn:x:1?options=temporalValues")

    assert found["level"]["values"] == [[7, TIME.format(0)], [2, TIME.format(1)]]


async def test_a_personal_attribute_is_refused_in_a_history(
    broker_client: httpx.AsyncClient,
) -> None:
    body = {"id": "urn:x:1", "type": "Gauge", "birthDate": series("1930-01-01")}
    response = await broker_client.post(TEMPORAL, json=body)
    assert response.status_code == 400
    assert "1930" not in response.text
    assert (await broker_client.get(f"{TEMPORAL}/urn:x:1")).status_code == 404


async def test_conditions_look_at_every_instance_within_the_span(
    broker_client: httpx.AsyncClient,
) -> None:
    await given(broker_client, "urn:x:low", level=series(1, 2))
    await given(broker_client, "urn:x:high", level=series(1, 9, 2))
    after = f"type=Gauge&timerel=after&timeAt={TIME.format(0)}"
    later = f"type=Gauge&timerel=after&timeAt={TIME.format(2)}"

    once = await ask(broker_client, f"{TEMPORAL}?{after}&q=level>5")
    never = await ask(broker_client, f"{TEMPORAL}?{later}&q=level>5")

    assert [one["id"] for one in once] == ["urn:x:high"]
    assert values(once[0]["level"]) == [1, 9, 2]
    assert never == []


async def test_pages_of_entities_and_their_count(broker_client: httpx.AsyncClient) -> None:
    for number in range(5):
        await given(broker_client, f"urn:x:{number}", level=series(number))
    question = f"type=Gauge&timerel=after&timeAt={TIME.format(0)}&count=true&limit=2"

    found = []
    for offset in (0, 2, 4):
        response = await broker_client.get(f"{TEMPORAL}?{question}&offset={offset}")
        assert response.headers["NGSILD-Results-Count"] == "5"
        assert ('rel="next"' in response.headers["Link"]) == (offset < 4)
        found += [one["id"] for one in response.json()]

    assert found == [f"urn:x:{number}" for number in range(5)]


async def test_a_query_by_a_body_is_the_query_by_an_address(
    broker_client: httpx.AsyncClient,
) -> None:
    await given(broker_client, "urn:x:1", level=series(1, 2, 3), other=series(4))
    body = {
        "type": "Query",
        "entities": [{"type": "Gauge", "idPattern": "x:1$"}],
        "attrs": ["level"],
        "q": "level>2",
        "temporalQ": {
            "timerel": "after",
            "timeAt": TIME.format(0),
            "aggrMethods": ["sum", "totalCount"],
            "aggrPeriodDuration": "PT2H",
        },
    }
    path = f"{LD}/temporal/entityOperations/query?options=aggregatedValues"

    response = await broker_client.post(path, json=body)

    assert response.status_code == 200, response.text
    (found,) = response.json()
    assert found["level"] == {
        "type": "Property",
        "sum": [[3.0, TIME.format(0), TIME.format(2)], [3.0, TIME.format(2), TIME.format(4)]],
        "totalCount": [[2, TIME.format(0), TIME.format(2)], [1, TIME.format(2), TIME.format(4)]],
    }
    assert "other" not in found


async def test_a_long_answer_is_cut_and_says_so(
    broker_client: httpx.AsyncClient, broker_house: House
) -> None:
    broker_house.settings = msgspec.structs.replace(broker_house.settings, temporal_page=10)
    await given(broker_client, "urn:x:1", level=series(*range(8)), other=series(*range(8)))

    first = await broker_client.get(f"{TEMPORAL}/urn:x:1")
    newest = await broker_client.get(f"{TEMPORAL}/urn:x:1?lastN=6")

    assert (first.status_code, newest.status_code) == (206, 206)
    assert first.headers["Content-Range"] == f"date-time {TIME.format(0)}-{TIME.format(4)}/*"
    assert newest.headers["Content-Range"] == f"date-time {TIME.format(7)}-{TIME.format(3)}/6"
    assert values(first.json()["level"]) == values(first.json()["other"]) == [0, 1, 2, 3, 4]
    assert values(newest.json()["other"]) == [3, 4, 5, 6, 7]


async def test_a_type_whose_policy_says_no_has_no_history(
    broker_client: httpx.AsyncClient,
) -> None:
    entity = {"id": "urn:x:1", "type": "RailwayStation", "name": {"type": "Property", "value": "a"}}
    assert (await broker_client.post(f"{LD}/entities", json=entity)).status_code == 201

    assert (await broker_client.get(f"{TEMPORAL}/urn:x:1")).status_code == 404


async def test_what_is_older_than_its_retention_goes(
    broker_client: httpx.AsyncClient, broker_house: House, database: PooledDatabase
) -> None:
    now = datetime.now(UTC)
    policy = HistoryPolicy(
        type="urn:t:Short",
        keeps_history=True,
        retention_days=30,
        valid_from=date(2026, 1, 1),
        reason="x",
    )
    async with database.transaction() as conn:
        await history.declare_policies(conn, [policy])
        for kind in ("Short", "Long"):
            entity_id = f"urn:x:{kind}"
            records = [
                make_record(
                    "region",
                    entity_id,
                    "urn:n:level",
                    "@none",
                    Instance(kind=AttributeKind.PROPERTY, value=days),
                    now - timedelta(days=days),
                    0,
                )
                for days in (100, 31, 29, 0)
            ]
            await history.record_instances(conn, "region", records)
            made = TemporalEntity(
                id=entity_id, sequence=0, types=(f"urn:t:{kind}",), created_at=now, modified_at=now
            )
            await history.declare_temporal_entities(conn, "region", [made])

    assert await forget_history(broker_house) == 2

    short = await ask(broker_client, f"{TEMPORAL}/urn:x:Short")
    long = await ask(broker_client, f"{TEMPORAL}/urn:x:Long")
    assert values(short["urn:n:level"]) == [29, 0]
    assert values(long["urn:n:level"]) == [100, 31, 29, 0]


async def test_months_are_opened_with_what_waited_and_dropped_whole(
    database: PooledDatabase,
) -> None:
    at = datetime(2027, 3, 5, tzinfo=UTC)
    instance = Instance(kind=AttributeKind.PROPERTY, value=1)
    async with database.transaction() as conn:
        while await history.drop_history_months(conn, date(2100, 1, 1)):
            pass  # What another test has opened here goes first.
        record = make_record("region", "urn:x:1", "urn:n:a", "@none", instance, at, 0)
        await history.record_instances(conn, "region", [record])
        assert await history.open_history_months(conn, date(2027, 2, 1), 3) == 3
        assert await history.open_history_months(conn, date(2027, 2, 1), 3) == 0
        assert await conn.fetchval("SELECT count(*) FROM broker.history_2027_03") == 1
        assert await conn.fetchval("SELECT count(*) FROM broker.history_rest") == 0
        assert await history.drop_history_months(conn, date(2027, 3, 31)) == 1
        assert await conn.fetchval("SELECT count(*) FROM broker.history") == 1
        assert await history.drop_history_months(conn, date(2027, 4, 1)) == 1
        assert await conn.fetchval("SELECT count(*) FROM broker.history") == 0


@pytest.mark.parametrize("name", ["list_newest", "list_bounds", "list_extents", "list_candidates"])
async def test_the_planner_looks_through_the_functions_of_time(
    database: PooledDatabase, name: str
) -> None:
    """Else an index of moments would be of no use, and a long series be read to its end."""
    others = {
        "list_newest": ([], 3, 3, 3),
        "list_bounds": ([], 3),
        "list_extents": ([], []),
        "list_candidates": (0, None, None, None, None, 5),
    }
    async with database.transaction() as conn:
        await histories.prefer_indexes(conn)
        rows = await conn.fetch(
            f"EXPLAIN {histories.QUERIES[name]}",
            "region",
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC),
            False,
            *others[name],
        )
    plan = "\n".join(row[0] for row in rows)
    assert "Function Scan on told" not in plan
    assert "moment" in plan
