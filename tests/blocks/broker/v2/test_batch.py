"""/v2/op: update, query, notify."""

import pytest

from .client import JSON, V2, says


def entity(name: str, **values: object) -> JSON:
    attributes = {key: {"value": value} for key, value in values.items()}
    return {"id": name, "type": "T", **attributes}


async def update(v2: V2, action: str, *entities: JSON, options: str = "") -> int:
    answer = await v2.post(
        f"/v2/op/update{options}", {"actionType": action, "entities": list(entities)}
    )
    return answer.status_code


async def plain(v2: V2) -> dict[str, JSON]:
    answer = await v2.get("/v2/entities?options=keyValues&limit=1000")
    return {
        one["id"]: {key: value for key, value in one.items() if key not in ("id", "type")}
        for one in answer.json()
    }


@pytest.mark.parametrize("action", ["append", "APPEND"])
async def test_append_makes_and_updates(v2: V2, action: str) -> None:
    await v2.create(entity("A", a=1, b=2))

    assert await update(v2, action, entity("A", a=5, c=3), entity("B", a=1)) == 204
    assert await plain(v2) == {"A": {"a": 5, "b": 2, "c": 3}, "B": {"a": 1}}


async def test_append_keeps_metadata_unless_told(v2: V2) -> None:
    await v2.create({"id": "A", "type": "T", "a": {"value": 1, "metadata": {"m": {"value": 1}}}})

    await update(v2, "append", entity("A", a=2))
    kept = (await v2.attribute("A", "a"))["metadata"]
    await update(v2, "append", entity("A", a=3), options="?options=overrideMetadata")

    assert kept == {"m": {"type": "Number", "value": 1}}
    assert await v2.attribute("A", "a") == {"type": "Number", "value": 3, "metadata": {}}


@pytest.mark.parametrize("action", ["appendStrict", "APPEND_STRICT"])
async def test_strict_append_overwrites_nothing(v2: V2, action: str) -> None:
    await v2.create(entity("A", a=1))

    assert await update(v2, action, entity("A", b=2), entity("B", a=1)) == 204
    assert await update(v2, action, entity("A", a=9), entity("B", a=9)) == 422
    assert await plain(v2) == {"A": {"a": 1, "b": 2}, "B": {"a": 1}}


@pytest.mark.parametrize("action", ["update", "UPDATE"])
async def test_update_touches_only_what_is_there(v2: V2, action: str) -> None:
    await v2.create_all(entity("A", a=1), entity("B", a=1))

    assert await update(v2, action, entity("A", a=2), entity("B", a=3)) == 204
    assert await plain(v2) == {"A": {"a": 2}, "B": {"a": 3}}


@pytest.mark.parametrize("action", ["replace", "REPLACE"])
async def test_replace_leaves_only_what_was_sent(v2: V2, action: str) -> None:
    await v2.create_all(entity("A", a=1, b=1), entity("B", a=1))

    assert await update(v2, action, entity("A", c=2), entity("B")) == 204
    assert await plain(v2) == {"A": {"c": 2}, "B": {}}


@pytest.mark.parametrize("action", ["delete", "DELETE"])
async def test_delete_takes_entities_or_attributes(v2: V2, action: str) -> None:
    await v2.create_all(entity("A", a=1, b=1), entity("B", a=1))

    assert await update(v2, action, entity("A", a=None), entity("B")) == 204
    assert await plain(v2) == {"A": {"b": 1}}


@pytest.mark.parametrize(
    ("action", "body", "status", "error"),
    [
        ("update", [entity("X", a=1)], 404, "NotFound"),
        ("replace", [entity("X", a=1), entity("Y")], 404, "NotFound"),
        ("delete", [entity("X")], 404, "NotFound"),
        ("update", [entity("A", z=1)], 422, "Unprocessable"),
        ("delete", [entity("A", z=1)], 422, "Unprocessable"),
        ("appendStrict", [entity("A", a=1)], 422, "Unprocessable"),
        ("update", [entity("A", z=1), entity("X", a=1)], 422, "Unprocessable"),
        ("update", [entity("A", a=5), entity("X", a=1)], 422, "PartialUpdate"),
        ("replace", [entity("A", a=5), entity("X", a=1)], 422, "PartialUpdate"),
        ("delete", [entity("A"), entity("X")], 422, "PartialUpdate"),
        ("appendStrict", [entity("A", a=5), entity("X", a=1)], 422, "PartialUpdate"),
    ],
)
async def test_one_answer_tells_what_was_not_done(
    v2: V2, action: str, body: list[JSON], status: int, error: str
) -> None:
    await v2.create(entity("A", a=1))

    answer = await v2.post("/v2/op/update", {"actionType": action, "entities": body})

    says(answer, status, error)


async def test_one_entity_may_come_twice(v2: V2) -> None:
    assert await update(v2, "append", entity("A", a=1), entity("A", a=2, b=1)) == 204
    assert await plain(v2) == {"A": {"a": 2, "b": 1}}


async def test_a_large_batch_is_written(v2: V2) -> None:
    entities = [entity(f"E{n}", a=n) for n in range(300)]

    assert await update(v2, "append", *entities) == 204
    answer = await v2.get("/v2/entities?options=count&limit=1&offset=299")
    assert answer.headers["fiware-total-count"] == "300"


async def test_key_values_are_taken(v2: V2) -> None:
    body = {"id": "A", "type": "T", "a": 1, "b": {"x": [1]}}

    assert await update(v2, "append", body, options="?options=keyValues") == 204
    assert await plain(v2) == {"A": {"a": 1, "b": {"x": [1]}}}


async def test_an_append_without_a_type_meets_what_is_there(v2: V2) -> None:
    await v2.create(entity("A", a=1))

    assert await update(v2, "append", {"id": "A", "a": {"value": 2}}) == 204
    assert await plain(v2) == {"A": {"a": 2}}
    assert await update(v2, "append", {"id": "B"}) == 204
    assert (await v2.get("/v2/entities/B")).json()["type"] == "Thing"


async def test_an_id_of_several_types_is_ambiguous(v2: V2) -> None:
    await v2.create_all({"id": "A", "type": "X"}, {"id": "A", "type": "Y"})

    answer = await v2.post("/v2/op/update", {"actionType": "delete", "entities": [{"id": "A"}]})

    says(answer, 409, "TooManyResults")


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"actionType": "append"},
        {"entities": [{"id": "A"}]},
        {"actionType": "append", "entities": []},
        {"actionType": "append", "entities": {}},
        {"actionType": "foo", "entities": [{"id": "A"}]},
        {"actionType": 1, "entities": [{"id": "A"}]},
        {"actionType": "append", "entities": [1]},
        {"actionType": "append", "entities": [{}]},
        {"actionType": "append", "entities": [{"id": "A"}, {"id": "<"}]},
        {"actionType": "append", "entities": [{"id": "A"}], "x": 1},
        {"actionType": "append", "entities": [{"id": "A", "a": 1}]},
    ],
    ids=ascii,
)
async def test_what_is_no_batch_is_refused(v2: V2, body: object) -> None:
    says(await v2.post("/v2/op/update", body), 400, "BadRequest")
    assert await plain(v2) == {}


async def given_rooms(v2: V2) -> None:
    await v2.create_all(
        {"id": "R1", "type": "Room", "t": {"value": 10}, "h": {"value": 50}},
        {"id": "R2", "type": "Room", "t": {"value": 20}},
        {"id": "C1", "type": "Car", "t": {"value": 30, "metadata": {"m": {"value": 1}}}},
    )


@pytest.mark.parametrize(
    ("body", "query", "ids"),
    [
        ({}, "", ["R1", "R2", "C1"]),
        ({"entities": [{"idPattern": ".*"}]}, "", ["R1", "R2", "C1"]),
        ({"entities": [{"idPattern": ".*", "type": "Room"}]}, "", ["R1", "R2"]),
        ({"entities": [{"idPattern": "^R"}]}, "", ["R1", "R2"]),
        ({"entities": [{"id": "R1", "type": "Room"}]}, "", ["R1"]),
        ({"entities": [{"id": "R1", "type": "Car"}]}, "", []),
        ({"entities": [{"id": "R1"}, {"id": "C1"}]}, "", ["R1", "C1"]),
        ({"entities": [{"id": "R1"}, {"idPattern": ".*", "typePattern": "^C"}]}, "", ["R1", "C1"]),
        ({"expression": {"q": "t>15"}}, "", ["R2", "C1"]),
        ({"expression": {"mq": "t.m==1"}}, "", ["C1"]),
        ({"entities": [{"idPattern": ".*", "type": "Room"}], "expression": {"q": "h"}}, "", ["R1"]),
        ({"attrs": ["h"]}, "", ["R1", "R2", "C1"]),
        ({}, "?limit=1&offset=1", ["R2"]),
        ({}, "?orderBy=!t", ["C1", "R2", "R1"]),
    ],
)
async def test_a_query_finds(v2: V2, body: JSON, query: str, ids: list[str]) -> None:
    await given_rooms(v2)

    answer = await v2.post(f"/v2/op/query{query}", body)

    assert [one["id"] for one in answer.json()] == ids


async def test_a_query_is_answered_as_asked(v2: V2) -> None:
    await given_rooms(v2)
    one = {"entities": [{"id": "C1"}]}

    shown = await v2.post("/v2/op/query", {**one, "attrs": ["t"], "metadata": ["dateCreated"]})
    simple = await v2.post(
        "/v2/op/query?options=keyValues,count", {**one, "attrs": ["t", "dateExpires"]}
    )
    values = await v2.post("/v2/op/query?options=values", {**one, "attrs": ["t"]})

    assert set(shown.json()[0]["t"]["metadata"]) == {"dateCreated"}
    assert simple.json() == [{"id": "C1", "type": "Car", "t": 30}]
    assert simple.headers["fiware-total-count"] == "1"
    assert values.json() == [[30]]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"foo": 1},
        {"entities": []},
        {"entities": {}},
        {"entities": [1]},
        {"entities": [{}]},
        {"entities": [{"type": "T"}]},
        {"entities": [{"id": "A", "idPattern": "A"}]},
        {"entities": [{"id": "A", "type": "T", "typePattern": "T"}]},
        {"entities": [{"id": ""}]},
        {"entities": [{"id": 1}]},
        {"entities": [{"id": "<"}]},
        {"entities": [{"idPattern": "["}]},
        {"entities": [{"id": "A", "foo": 1}]},
        {"attrs": "a"},
        {"attrs": [1]},
        {"attrs": [""]},
        {"metadata": "a"},
        {"expression": []},
        {"expression": {"q": ""}},
        {"expression": {"q": 1}},
        {"expression": {"foo": "x"}},
        {"expression": {"georel": "near"}},
    ],
    ids=ascii,
)
async def test_what_is_no_query_is_refused(v2: V2, body: object) -> None:
    says(await v2.post("/v2/op/query", body), 400, "BadRequest")


async def test_a_notification_is_written(v2: V2) -> None:
    await v2.create(entity("A", a=1, b=1))
    told = {
        "type": "Number",
        "value": 5,
        "metadata": {
            "previousValue": {"type": "Number", "value": 1},
            "actionType": {"type": "Text", "value": "update"},
            "m": {"type": "Number", "value": 7},
        },
    }
    changed = {"type": "Text", "value": "entityChange", "metadata": {}}

    answer = await v2.post(
        "/v2/op/notify",
        {
            "subscriptionId": "5aeb0ee97d4ef10a12a0262f",
            "data": [
                {"id": "A", "type": "T", "a": told, "alterationType": changed},
                entity("B", a=2),
            ],
        },
    )

    assert answer.status_code == 200
    assert await plain(v2) == {"A": {"a": 5, "b": 1}, "B": {"a": 2}}
    assert (await v2.attribute("A", "a"))["metadata"] == {"m": {"type": "Number", "value": 7}}


async def test_a_notification_of_key_values_is_written(v2: V2) -> None:
    body = {"subscriptionId": "x", "data": [{"id": "A", "type": "T", "a": 1}]}

    assert (await v2.post("/v2/op/notify", body, Ngsiv2_AttrsFormat="keyValues")).status_code == 200
    assert await plain(v2) == {"A": {"a": 1}}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"data": [{"id": "A"}]},
        {"subscriptionId": "x"},
        {"subscriptionId": 1, "data": [{"id": "A"}]},
        {"subscriptionId": "x", "data": []},
        {"subscriptionId": "x", "data": [{"type": "T"}]},
        {"subscriptionId": "x", "data": [{"id": "A", "a": 1}]},
        {"subscriptionId": "x", "data": [{"id": "A"}], "foo": 1},
    ],
    ids=ascii,
)
async def test_what_is_no_notification_is_refused(v2: V2, body: object) -> None:
    says(await v2.post("/v2/op/notify", body), 400, "BadRequest")


async def test_what_clients_send_besides_is_borne(v2: V2) -> None:
    assert await update(v2, "append_strict", entity("A", a=1), options="?options=count") == 204

    answer = await v2.get("/v2/entities?options=count,normalized")
    assert answer.status_code == 200
    assert answer.headers["fiware-total-count"] == "1"
