"""One attribute and its value; metadata that stays; update operators."""

import pytest

from .client import JSON, V2, says


def metadata(**values: object) -> JSON:
    return {name: {"type": "Number", "value": value} for name, value in values.items()}


async def given_room(v2: V2) -> None:
    await v2.create(
        {
            "id": "Room1",
            "type": "Room",
            "temperature": {"value": 25.4, "type": "Celsius", "metadata": metadata(unit=1, avg=2)},
            "address": {"value": {"city": "Taki", "code": [1, 2]}, "type": "Address"},
            "name": {"value": "x"},
        }
    )


async def test_an_attribute_is_read_with_type_and_metadata(v2: V2) -> None:
    await given_room(v2)

    assert await v2.attribute("Room1", "temperature") == {
        "type": "Celsius",
        "value": 25.4,
        "metadata": metadata(unit=1, avg=2),
    }


async def test_an_attribute_is_updated_and_metadata_that_is_not_named_stays(v2: V2) -> None:
    await given_room(v2)

    answer = await v2.put(
        "/v2/entities/Room1/attrs/temperature",
        {"value": 26, "type": "Number", "metadata": metadata(avg=3, accuracy=4)},
    )

    assert answer.status_code == 204
    assert await v2.attribute("Room1", "temperature") == {
        "type": "Number",
        "value": 26,
        "metadata": metadata(unit=1, avg=3, accuracy=4),
    }


@pytest.mark.parametrize(
    ("method", "path", "wrapped"),
    [
        ("PUT", "/attrs/temperature", False),
        ("PATCH", "/attrs", True),
        ("POST", "/attrs", True),
    ],
)
async def test_override_leaves_only_metadata_that_is_named(
    v2: V2, method: str, path: str, wrapped: bool
) -> None:
    await given_room(v2)
    attribute = {"value": 26, "metadata": metadata(avg=3)}
    body = {"temperature": attribute} if wrapped else attribute

    answer = await v2.ask(method, f"/v2/entities/Room1{path}?options=overrideMetadata", body)

    assert answer.status_code == 204
    shown = await v2.attribute("Room1", "temperature")
    assert shown["metadata"] == metadata(avg=3)


@pytest.mark.parametrize("options", ["", "?options=overrideMetadata"])
async def test_empty_metadata_takes_all_away(v2: V2, options: str) -> None:
    await given_room(v2)

    await v2.put(f"/v2/entities/Room1/attrs/temperature{options}", {"value": 1, "metadata": {}})

    assert (await v2.attribute("Room1", "temperature"))["metadata"] == {}


async def test_key_values_keep_metadata(v2: V2) -> None:
    await given_room(v2)

    await v2.patch("/v2/entities/Room1/attrs?options=keyValues", {"temperature": 5})

    assert (await v2.attribute("Room1", "temperature"))["metadata"] == metadata(unit=1, avg=2)


async def test_an_attribute_that_is_not_there_is_not_found(v2: V2) -> None:
    await given_room(v2)

    for method, path, body in [
        ("GET", "humidity", None),
        ("GET", "humidity/value", None),
        ("DELETE", "humidity", None),
        ("PUT", "humidity", {"value": 1}),
        ("PUT", "humidity/value", {"a": 1}),
        ("PUT", "humidity/value", "5"),
    ]:
        says(await v2.ask(method, f"/v2/entities/Room1/attrs/{path}", body), 404, "NotFound")
    assert "humidity" not in (await v2.get("/v2/entities/Room1")).json()


async def test_an_attribute_is_removed(v2: V2) -> None:
    await given_room(v2)

    assert (await v2.delete("/v2/entities/Room1/attrs/name")).status_code == 204
    says(await v2.get("/v2/entities/Room1/attrs/name"), 404, "NotFound")
    says(await v2.delete("/v2/entities/Room1/attrs/name"), 404, "NotFound")


@pytest.mark.parametrize("body", [1, "x", None, [], {"foo": 1}, {"value": "<"}, {"type": ""}])
async def test_what_is_no_attribute_is_refused(v2: V2, body: object) -> None:
    await given_room(v2)
    sent = f'"{body}"' if isinstance(body, str) else body
    if body is None:
        sent = "null"

    answer = await v2.put("/v2/entities/Room1/attrs/name", sent, Content_Type="application/json")

    says(answer, 400, "BadRequest")


VALUES = [
    ("text", '"text"'),
    ("", '""'),
    (5, "5"),
    (-1.5, "-1.5"),
    (True, "true"),
    (False, "false"),
    (None, "null"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
async def test_a_simple_value_is_text(v2: V2, value: object, text: str) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": value}})

    answer = await v2.get("/v2/entities/E/attrs/a/value")

    assert answer.text == text
    assert answer.headers["content-type"].split(";")[0] == "text/plain"
    refused = await v2.get("/v2/entities/E/attrs/a/value", Accept="application/json")
    says(refused, 406, "NotAcceptable")


@pytest.mark.parametrize("value", [{"a": {"b": [1, None]}}, [1, "x"], {}, []])
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/plain"),
        ("text/html, application/json;q=0.5", "application/json"),
    ],
)
async def test_an_object_or_array_is_json_or_text(
    v2: V2, value: object, accept: str, media_type: str
) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": value}})

    answer = await v2.get("/v2/entities/E/attrs/a/value", Accept=accept)

    assert answer.json() == value
    assert answer.headers["content-type"].split(";")[0] == media_type


@pytest.mark.parametrize("value", [1, {"a": 1}])
async def test_a_value_is_had_as_json_or_text_only(v2: V2, value: object) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": value}})

    says(await v2.get("/v2/entities/E/attrs/a/value", Accept="image/png"), 406, "NotAcceptable")


@pytest.mark.parametrize(("value", "text"), VALUES)
async def test_a_simple_value_is_put_as_text_and_type_and_metadata_stay(
    v2: V2, value: object, text: str
) -> None:
    await given_room(v2)

    answer = await v2.put("/v2/entities/Room1/attrs/temperature/value", text)

    assert answer.status_code == 204
    assert await v2.attribute("Room1", "temperature") == {
        "type": "Celsius",
        "value": value,
        "metadata": metadata(unit=1, avg=2),
    }


@pytest.mark.parametrize("value", [{"a": [1, {"b": None}]}, [], {}, ["x"]])
async def test_an_object_or_array_is_put_as_json(v2: V2, value: object) -> None:
    await given_room(v2)

    answer = await v2.put("/v2/entities/Room1/attrs/address/value", value)

    assert answer.status_code == 204
    assert await v2.attribute("Room1", "address") == {
        "type": "Address",
        "value": value,
        "metadata": {},
    }


@pytest.mark.parametrize(
    "text", ["abc", '"abc', "1,5", "0x1", "1 2", "True", "NaN", "--1", "'a'", "01"]
)
async def test_text_that_is_no_value_is_refused(v2: V2, text: str) -> None:
    await given_room(v2)

    says(await v2.put("/v2/entities/Room1/attrs/name/value", text), 400, "BadRequest")
    assert (await v2.attribute("Room1", "name"))["value"] == "x"


async def test_a_value_comes_in_a_type_that_is_known(v2: V2) -> None:
    await given_room(v2)
    path = "/v2/entities/Room1/attrs/name/value"

    says(await v2.put(path, "<a/>", Content_Type="text/xml"), 415, "UnsupportedMediaType")
    says(await v2.put(path, "{", Content_Type="application/json"), 400, "ParseError")
    says(await v2.put(path, "5", Content_Type="application/json"), 400, "BadRequest")
    says(await v2.put(path, ""), 411, "ContentLengthRequired")


async def test_a_value_keeps_to_the_type_it_has(v2: V2) -> None:
    await v2.create(
        {
            "id": "E",
            "type": "T",
            "when": {"type": "DateTime", "value": "2026-11-22"},
            "where": {"type": "geo:point", "value": "34.5, 136.5"},
        }
    )

    taken = await v2.put("/v2/entities/E/attrs/when/value", '"2027-01-01T09:00:00+09:00"')
    refused = await v2.put("/v2/entities/E/attrs/when/value", '"soon"')
    moved = await v2.put("/v2/entities/E/attrs/where/value", '"35, 137"')
    lost = await v2.put("/v2/entities/E/attrs/where/value", '"nowhere"')

    assert (taken.status_code, moved.status_code) == (204, 204)
    says(refused, 400, "BadRequest")
    says(lost, 400, "BadRequest")
    assert (await v2.attribute("E", "when"))["value"] == "2027-01-01T00:00:00.000Z"
    assert await v2.attribute("E", "where") == {
        "type": "geo:point",
        "value": "35, 137",
        "metadata": {},
    }


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        (2, {"$inc": 2}, 4),
        (2, {"$inc": -0.5}, 1.5),
        (3, {"$mul": 2}, 6),
        (2, {"$min": 1}, 1),
        (2, {"$min": 5}, 2),
        (2, {"$max": 10}, 10),
        (2, {"$max": 1}, 2),
        ("b", {"$min": "a"}, "a"),
        ([1, 2], {"$push": 3}, [1, 2, 3]),
        ([1, 2], {"$push": {"$each": [4, 5]}}, [1, 2, 4, 5]),
        ([1, 2], {"$push": {"$each": [0], "$position": 0}}, [0, 1, 2]),
        ([1], {"$addToSet": 1}, [1]),
        ([1], {"$addToSet": 2}, [1, 2]),
        ([1, 2, 1], {"$pull": 1}, [2]),
        ([1, 2, 3], {"$pullAll": [2, 3]}, [1]),
        ({"X": 1, "Y": 2}, {"$set": {"Y": 20, "Z": 30}}, {"X": 1, "Y": 20, "Z": 30}),
        ({"X": 1}, {"$set": "foo"}, "foo"),
        ({"X": 1, "Y": 2}, {"$unset": {"X": 1}}, {"Y": 2}),
        ({"X": 1, "Y": 2}, {"$set": {"Z": 3}, "$unset": {"X": 1}}, {"Y": 2, "Z": 3}),
    ],
)
async def test_operators_compute_from_the_value_before(
    v2: V2, before: object, operation: object, after: object
) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": before}})

    answer = await v2.patch("/v2/entities/E/attrs", {"a": {"value": operation}})

    assert answer.status_code == 204, answer.text
    assert (await v2.attribute("E", "a"))["value"] == after


@pytest.mark.parametrize(
    ("operation", "made"),
    [
        ({"$inc": 4}, 4),
        ({"$mul": 1000}, 0),
        ({"$push": 4}, [4]),
        ({"$addToSet": 4}, [4]),
        ({"$set": {"X": 1}}, {"X": 1}),
        ({"$max": 3}, 3),
        ({"$pull": 1}, None),
        ({"$unset": {"X": 1}}, None),
    ],
)
async def test_operators_begin_with_nothing_in_a_new_entity(
    v2: V2, operation: object, made: object
) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": operation}, "b": {"value": 3}})

    shown = (await v2.get("/v2/entities/E?options=keyValues")).json()

    assert shown.get("a") == made
    assert ("a" in shown) == (made is not None)


@pytest.mark.parametrize(
    ("before", "operation"),
    [
        ("x", {"$inc": 1}),
        (1, {"$inc": "x"}),
        (1, {"$push": 1}),
        (1, {"$set": {"a": 1}}),
        ({"a": 1}, {"$set": {"a": 1}, "$unset": {"a": 1}}),
        ([1], {"$pullAll": 1}),
        (1, {"$inc": 1, "$mul": 2}),
    ],
)
async def test_an_operator_on_what_does_not_fit_is_refused(
    v2: V2, before: object, operation: object
) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": before}})

    says(await v2.patch("/v2/entities/E/attrs", {"a": {"value": operation}}), 400, "BadRequest")
    assert (await v2.attribute("E", "a"))["value"] == before
