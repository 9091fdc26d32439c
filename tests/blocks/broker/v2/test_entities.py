"""/v2/entities and /v2/entities/{id}[/attrs]: made, read, changed, replaced, removed."""

import pytest

from .client import JSON, V2, says

ROOM: JSON = {
    "id": "Room1",
    "type": "Room",
    "temperature": {"value": 21.5, "type": "Number"},
    "name": {"value": "会議室", "type": "Text"},
}
SHOWN: JSON = {
    "id": "Room1",
    "type": "Room",
    "temperature": {"value": 21.5, "type": "Number", "metadata": {}},
    "name": {"value": "会議室", "type": "Text", "metadata": {}},
}


async def test_an_entity_is_made_where_its_location_says(v2: V2) -> None:
    answer = await v2.post("/v2/entities", ROOM)

    assert answer.status_code == 201
    assert answer.content == b""
    assert answer.headers["location"] == "/v2/entities/Room1?type=Room"
    again = await v2.get(answer.headers["location"])
    assert again.json() == SHOWN


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text", "Text"),
        ("", "Text"),
        (1, "Number"),
        (-2.5, "Number"),
        (0, "Number"),
        (True, "Boolean"),
        (False, "Boolean"),
        (None, "None"),
        ({"a": 1}, "StructuredValue"),
        ({}, "StructuredValue"),
        ([1, 2], "StructuredValue"),
        ([], "StructuredValue"),
        ({"a": None, "b": [None, {"c": None}]}, "StructuredValue"),
        ([[1], ["x"]], "StructuredValue"),
        ("2026-11-22T00:00:00Z", "Text"),
        ({"@type": "DateTime", "@value": "2026-11-22T00:00:00.000Z"}, "StructuredValue"),
        ({"type": "Point", "coordinates": [136, 34]}, "StructuredValue"),
    ],
)
@pytest.mark.parametrize("options", ["", "?options=keyValues"])
async def test_a_type_that_is_left_out_follows_from_the_value(
    v2: V2, value: object, kind: str, options: str
) -> None:
    attribute = value if options else {"value": value}
    answer = await v2.post(f"/v2/entities{options}", {"id": "E", "type": "T", "a": attribute})
    assert answer.status_code == 201, answer.text

    assert await v2.attribute("E", "a") == {"type": kind, "value": value, "metadata": {}}


@pytest.mark.parametrize("value", ["x", 1, 1.5, True, None, {"a": [1]}, ["b"]])
@pytest.mark.parametrize("kind", ["Celsius", "my:type", "Relationship_", "None", "a-b.c", "Date"])
async def test_a_type_of_ones_own_is_kept_with_any_value(v2: V2, value: object, kind: str) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"type": kind, "value": value}})

    assert await v2.attribute("E", "a") == {"type": kind, "value": value, "metadata": {}}


async def test_an_entity_without_a_type_is_a_thing(v2: V2) -> None:
    answer = await v2.post("/v2/entities", {"id": "E"})

    assert answer.headers["location"] == "/v2/entities/E?type=Thing"
    assert (await v2.get("/v2/entities/E")).json() == {"id": "E", "type": "Thing"}


async def test_an_attribute_without_a_value_has_none(v2: V2) -> None:
    await v2.create({"id": "E", "type": "T", "a": {}})

    assert await v2.attribute("E", "a") == {"type": "None", "value": None, "metadata": {}}


@pytest.mark.parametrize(
    "name",
    [
        "E",
        "Room:1",
        "urn:ngsi-ld:Room:1",
        "http:x",
        "a%b",
        "a^b",
        "{x}",
        "a,b",
        "x@y",
        "[1]",
        "~",
        "%41",
    ],
)
async def test_an_id_comes_back_as_it_was(v2: V2, name: str) -> None:
    await v2.create({"id": name, "type": "T"})

    listed = await v2.get("/v2/entities")
    assert listed.json() == [{"id": name, "type": "T"}]
    quoted = name.replace("%", "%25").replace("^", "%5E")
    assert (await v2.get(f"/v2/entities/{quoted}")).json() == {"id": name, "type": "T"}
    assert (await v2.delete(f"/v2/entities/{quoted}")).status_code == 204
    assert await v2.ids("/v2/entities") == []


NAMES = (
    "a a.b a:b a-b scope createdAt a%20b {x} @context @id value location title dateModified $x "
    "a,b observedAt geo:json Type _ 1"
)


@pytest.mark.parametrize("name", NAMES.split())
async def test_an_attribute_comes_back_under_its_name(v2: V2, name: str) -> None:
    await v2.create({"id": "E", "type": "T", name: {"value": 1}})

    assert (await v2.get("/v2/entities/E")).json()[name] == {
        "type": "Number",
        "value": 1,
        "metadata": {},
    }
    quoted = name.replace("%", "%25")
    assert (await v2.get(f"/v2/entities/E/attrs/{quoted}/value")).text == "1"


async def test_an_entity_is_not_made_twice(v2: V2) -> None:
    await v2.create(ROOM)

    says(await v2.post("/v2/entities", ROOM), 422, "Unprocessable")
    assert (await v2.get("/v2/entities/Room1")).json() == SHOWN


@pytest.mark.parametrize("name", ["E", "urn:ngsi-ld:T:E", "urn:x:E"])
async def test_type_and_id_together_make_an_entity_another(v2: V2, name: str) -> None:
    await v2.create_all(
        {"id": name, "type": "A", "x": {"value": 1}}, {"id": name, "type": "B", "x": {"value": 2}}
    )

    says(await v2.get(f"/v2/entities/{name}"), 409, "TooManyResults")
    says(await v2.delete(f"/v2/entities/{name}"), 409, "TooManyResults")
    says(await v2.patch(f"/v2/entities/{name}/attrs", {"x": {"value": 3}}), 409, "TooManyResults")
    assert (await v2.get(f"/v2/entities/{name}?type=B&options=keyValues")).json()["x"] == 2
    assert (await v2.delete(f"/v2/entities/{name}?type=A")).status_code == 204
    assert (await v2.get(f"/v2/entities/{name}?options=keyValues")).json()["x"] == 2


async def test_upsert_makes_and_then_updates(v2: V2) -> None:
    first = await v2.post("/v2/entities?options=upsert", ROOM)
    second = await v2.post(
        "/v2/entities?options=upsert,keyValues", {"id": "Room1", "type": "Room", "humidity": 70}
    )

    assert (first.status_code, second.status_code) == (204, 204)
    assert second.headers["location"] == "/v2/entities/Room1?type=Room"
    shown = (await v2.get("/v2/entities/Room1?options=keyValues")).json()
    assert (shown["temperature"], shown["humidity"]) == (21.5, 70)


@pytest.mark.parametrize("path", ["", "/attrs", "/attrs/a", "/attrs/a/value"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
async def test_an_entity_that_is_not_there_is_not_found(v2: V2, path: str, method: str) -> None:
    allowed = {
        "": ("GET", "DELETE"),
        "/attrs": ("GET", "POST", "PATCH", "PUT"),
        "/attrs/a": ("GET", "PUT", "DELETE"),
        "/attrs/a/value": ("GET", "PUT"),
    }
    body: object = None
    if method in ("POST", "PATCH", "PUT"):
        whole = {"a": {"value": 1}}
        body = {"/attrs": whole, "/attrs/a": whole["a"], "/attrs/a/value": {"x": 1}}.get(
            path, whole
        )

    answer = await v2.ask(method, f"/v2/entities/Nobody{path}", body)

    if method in allowed[path]:
        says(answer, 404, "NotFound")
    else:
        says(answer, 405, "MethodNotAlowed")


async def test_a_wrong_type_is_not_found(v2: V2) -> None:
    await v2.create(ROOM)

    says(await v2.get("/v2/entities/Room1?type=Car"), 404, "NotFound")
    says(await v2.delete("/v2/entities/Room1?type=Car"), 404, "NotFound")
    assert (await v2.get("/v2/entities/Room1?type=Room")).status_code == 200


async def test_a_wrong_type_of_an_entity_named_by_a_uri_is_not_found(v2: V2) -> None:
    """A name like those of NGSI-LD, and one as it was written there."""
    await v2.create({**ROOM, "id": "urn:ngsi-ld:Room:1"})
    body = {"id": "urn:ngsi-ld:Room:2", "type": "Room"}
    assert (await v2.ld("POST", "/entities", body)).status_code == 201

    for number in (1, 2):
        path = f"/v2/entities/urn:ngsi-ld:Room:{number}"
        for part in ("", "/attrs"):
            says(await v2.get(f"{path}{part}?type=Car"), 404, "NotFound")
            assert (await v2.get(f"{path}{part}?type=Room")).status_code == 200


async def test_a_removed_entity_is_gone(v2: V2) -> None:
    await v2.create(ROOM)

    assert (await v2.delete("/v2/entities/Room1")).status_code == 204
    says(await v2.get("/v2/entities/Room1"), 404, "NotFound")
    says(await v2.delete("/v2/entities/Room1"), 404, "NotFound")


async def test_attributes_come_without_id_and_type(v2: V2) -> None:
    await v2.create(ROOM)

    shown = (await v2.get("/v2/entities/Room1/attrs")).json()
    plain = (await v2.get("/v2/entities/Room1/attrs?options=keyValues")).json()

    assert shown == {name: one for name, one in SHOWN.items() if name not in ("id", "type")}
    assert plain == {"temperature": 21.5, "name": "会議室"}


async def test_append_adds_and_updates(v2: V2) -> None:
    await v2.create(ROOM)

    answer = await v2.post(
        "/v2/entities/Room1/attrs", {"temperature": {"value": 22}, "humidity": {"value": 70}}
    )

    assert answer.status_code == 204
    shown = (await v2.get("/v2/entities/Room1?options=keyValues")).json()
    assert (shown["temperature"], shown["humidity"], shown["name"]) == (22, 70, "会議室")


async def test_strict_append_adds_only(v2: V2) -> None:
    await v2.create(ROOM)
    both = {"temperature": {"value": 22}, "humidity": {"value": 70}}

    refused = await v2.post("/v2/entities/Room1/attrs?options=append", both)
    taken = await v2.post("/v2/entities/Room1/attrs?options=append", {"light": {"value": 1}})

    says(refused, 422, "Unprocessable")
    assert "temperature" in refused.json()["description"]
    assert taken.status_code == 204
    shown = (await v2.get("/v2/entities/Room1?options=keyValues")).json()
    assert shown["temperature"] == 21.5
    assert shown["humidity"] == 70
    assert shown["light"] == 1


async def test_an_update_touches_only_what_is_there(v2: V2) -> None:
    await v2.create(ROOM)

    done = await v2.patch("/v2/entities/Room1/attrs", {"temperature": {"value": 30}})
    refused = await v2.patch("/v2/entities/Room1/attrs", {"humidity": {"value": 30}})

    assert done.status_code == 204
    says(refused, 422, "Unprocessable")
    assert "humidity" in refused.json()["description"]
    shown = (await v2.get("/v2/entities/Room1?options=keyValues")).json()
    assert shown == {"id": "Room1", "type": "Room", "temperature": 30, "name": "会議室"}


async def test_replace_leaves_only_what_was_sent(v2: V2) -> None:
    await v2.create(ROOM, Fiware_ServicePath="/a/b")

    answer = await v2.put(
        "/v2/entities/Room1/attrs", {"light": {"value": 1}}, Fiware_ServicePath="/a/b"
    )

    assert answer.status_code == 204
    shown = (await v2.get("/v2/entities/Room1?options=keyValues&attrs=*,servicePath")).json()
    assert shown == {"id": "Room1", "type": "Room", "light": 1, "servicePath": "/a/b"}


async def test_key_values_update_the_values(v2: V2) -> None:
    await v2.create(ROOM)

    answer = await v2.patch("/v2/entities/Room1/attrs?options=keyValues", {"temperature": "warm"})

    assert answer.status_code == 204
    assert await v2.attribute("Room1", "temperature") == {
        "type": "Text",
        "value": "warm",
        "metadata": {},
    }


BAD_ENTITIES: list[object] = [
    {},
    [],
    "x",
    {"type": "T"},
    {"id": ""},
    {"id": 1},
    {"id": None},
    {"id": "a b"},
    {"id": "a&b"},
    {"id": "a?b"},
    {"id": "a/b"},
    {"id": "a#b"},
    {"id": "a<b"},
    {"id": "a>b"},
    {"id": 'a"b'},
    {"id": "a'b"},
    {"id": "a=b"},
    {"id": "a;b"},
    {"id": "a(b"},
    {"id": "a)b"},
    {"id": "é"},
    {"id": "部屋"},
    {"id": "a\tb"},
    {"id": "a\u007fb"},
    {"id": "x" * 257},
    {"id": "E", "type": ""},
    {"id": "E", "type": 1},
    {"id": "E", "type": None},
    {"id": "E", "type": "a b"},
    {"id": "E", "type": "a<b"},
    {"id": "E", "type": "x" * 257},
    {"id": "E", "type": "部屋"},
    {"id": "E", "a": 1},
    {"id": "E", "a": "x"},
    {"id": "E", "a": []},
    {"id": "E", "a": None},
    {"id": "E", "a": {"value": 1, "foo": 1}},
    {"id": "E", "a": {"value": 1, "type": ""}},
    {"id": "E", "a": {"value": 1, "type": 1}},
    {"id": "E", "a": {"value": 1, "type": "a b"}},
    {"id": "E", "a": {"value": 1, "type": "a;b"}},
    {"id": "E", "a": {"value": 1, "type": "x" * 257}},
    {"id": "E", "": {"value": 1}},
    {"id": "E", "a b": {"value": 1}},
    {"id": "E", "a/b": {"value": 1}},
    {"id": "E", "a=b": {"value": 1}},
    {"id": "E", "名前": {"value": 1}},
    {"id": "E", "x" * 257: {"value": 1}},
    {"id": "E", "geo:distance": {"value": 1}},
    {"id": "E", "*": {"value": 1}},
    {"id": "E", "a": {"value": "<script>"}},
    {"id": "E", "a": {"value": "it's"}},
    {"id": "E", "a": {"value": 'say "x"'}},
    {"id": "E", "a": {"value": "a=b"}},
    {"id": "E", "a": {"value": "a;b"}},
    {"id": "E", "a": {"value": "(a)"}},
    {"id": "E", "a": {"value": {"deep": ["<"]}}},
    {"id": "E", "a": {"value": ["ok", "no;"]}},
    {"id": "E", "a": {"value": "x", "metadata": 1}},
    {"id": "E", "a": {"value": "x", "metadata": {"m": 1}}},
    {"id": "E", "a": {"value": "x", "metadata": {"m": {"value": 1, "foo": 2}}}},
    {"id": "E", "a": {"value": "x", "metadata": {"m": {"value": 1, "type": ""}}}},
    {"id": "E", "a": {"value": "x", "metadata": {"m": {"value": 1, "type": 3}}}},
    {"id": "E", "a": {"value": "x", "metadata": {"m": {"value": "<"}}}},
    {"id": "E", "a": {"value": "x", "metadata": {"m m": {"value": 1}}}},
    {"id": "E", "a": {"value": "x", "metadata": {"*": {"value": 1}}}},
    {"id": "E", "a": {"value": "x", "metadata": {"": {"value": 1}}}},
    {"id": "E", "a": {"value": "x", "metadata": {"m": {"type": "DateTime", "value": "soon"}}}},
    {"id": "E", "a": {"value": "not a date", "type": "DateTime"}},
    {"id": "E", "a": {"value": 5, "type": "DateTime"}},
    {"id": "E", "a": {"value": "2026-13-01", "type": "DateTime"}},
    {"id": "E", "a": {"value": "2026-11-22Z", "type": "DateTime"}},
    {"id": "E", "a": {"value": "22:00", "type": "ISO8601"}},
    {"id": "E", "dateExpires": {"value": "soon", "type": "DateTime"}},
    {"id": "E", "dateExpires": {"value": 5, "type": "Number"}},
]


@pytest.mark.parametrize("body", BAD_ENTITIES, ids=lambda body: ascii(body)[:60])
async def test_what_is_no_entity_is_refused(v2: V2, body: object) -> None:
    sent = f'"{body}"' if isinstance(body, str) else body
    says(await v2.post("/v2/entities", sent, Content_Type="application/json"), 400, "BadRequest")
    assert await v2.ids("/v2/entities") == []


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
@pytest.mark.parametrize(
    "body",
    [
        {"id": "E", "a": {"value": 1}},
        {"type": "T", "a": {"value": 1}},
        {"a": 1},
        {"a": {"value": "<"}},
        {"a b": {"value": 1}},
        [],
    ],
    ids=ascii,
)
async def test_what_are_no_attributes_is_refused(v2: V2, method: str, body: object) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": 0}})

    says(await v2.ask(method, "/v2/entities/E/attrs", body), 400, "BadRequest")
    assert (await v2.attribute("E", "a"))["value"] == 0


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_an_update_of_nothing_is_refused(v2: V2, method: str) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": 0}})

    says(await v2.ask(method, "/v2/entities/E/attrs", {}), 400, "BadRequest")


async def test_a_replacement_by_nothing_leaves_an_empty_entity(v2: V2) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": 0}})

    assert (await v2.put("/v2/entities/E/attrs", {})).status_code == 204
    assert (await v2.get("/v2/entities/E")).json() == {"id": "E", "type": "T"}


async def test_unrestricted_text_may_hold_anything(v2: V2) -> None:
    text = '<it\'s> "free"; (a=b)'
    marked = {"value": text, "metadata": {"TextUnrestricted": {"value": True, "type": "Boolean"}}}
    await v2.create(
        {"id": "E", "type": "T", "a": {"type": "TextUnrestricted", "value": text}, "b": marked}
    )

    assert (await v2.attribute("E", "a"))["value"] == text
    assert (await v2.attribute("E", "b"))["value"] == text
    answer = await v2.put("/v2/entities/E/attrs/a/value", f'"{text}"')
    assert answer.status_code == 204


async def test_a_personal_attribute_is_refused_on_every_way_in(v2: V2) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": 0}})
    number = {"value": "123456789018", "type": "Text"}
    personal = {"id": "P", "type": "T", "individualNumber": number}
    ways = [
        ("POST", "/v2/entities", personal),
        ("POST", "/v2/entities?options=upsert", personal),
        ("POST", "/v2/entities/E/attrs", {"individualNumber": number}),
        ("PUT", "/v2/entities/E/attrs", {"individualNumber": number}),
        ("POST", "/v2/op/update", {"actionType": "append", "entities": [personal]}),
        ("POST", "/v2/op/notify", {"subscriptionId": "x", "data": [personal]}),
        ("PATCH", "/v2/entities/E/attrs", {"individualNumber": number}),
    ]

    for method, path, body in ways:
        answer = await v2.ask(method, path, body)
        says(answer, 400, "BadRequest")
        assert "123456789018" not in answer.text, path

    assert await v2.ids("/v2/entities") == ["E"]
    assert (await v2.attribute("E", "a"))["value"] == 0
