"""One entity seen by both APIs: every field that both have a word for agrees."""

import pytest

from .client import JSON, V2

CASES: list[tuple[JSON, JSON]] = [
    ({"type": "Text", "value": "x"}, {"type": "Property", "value": "x"}),
    ({"type": "Number", "value": 1.5}, {"type": "Property", "value": 1.5}),
    ({"type": "Boolean", "value": True}, {"type": "Property", "value": True}),
    ({"type": "StructuredValue", "value": {"a": [1]}}, {"type": "Property", "value": {"a": [1]}}),
    ({"type": "StructuredValue", "value": [1, "x"]}, {"type": "Property", "value": [1, "x"]}),
    (
        {"type": "DateTime", "value": "2026-11-22T00:00:00.000Z"},
        {
            "type": "Property",
            "value": {"@type": "DateTime", "@value": "2026-11-22T00:00:00.000Z"},
        },
    ),
    (
        {"type": "geo:json", "value": {"type": "Point", "coordinates": [136.5, 34.5]}},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [136.5, 34.5]}},
    ),
    (
        {"type": "Relationship", "value": "urn:ngsi-ld:Room:1"},
        {"type": "Relationship", "object": "urn:ngsi-ld:Room:1"},
    ),
    (
        {"type": "LanguageProperty", "value": {"ja": "多気", "en": "Taki"}},
        {"type": "LanguageProperty", "languageMap": {"ja": "多気", "en": "Taki"}},
    ),
    ({"type": "VocabProperty", "value": "open"}, {"type": "VocabProperty", "vocab": "open"}),
    (
        {"type": "JsonProperty", "value": {"a": None}},
        {"type": "JsonProperty", "json": {"a": None}},
    ),
    (
        {"type": "ListProperty", "value": [1, "x"]},
        {"type": "ListProperty", "valueList": [1, "x"]},
    ),
    (
        {"type": "ListRelationship", "value": ["urn:a:1", "urn:a:2"]},
        {"type": "ListRelationship", "objectList": [{"object": "urn:a:1"}, {"object": "urn:a:2"}]},
    ),
]
ONE_WAY: list[tuple[JSON, JSON]] = [
    ({"type": "Celsius", "value": 5}, {"type": "Property", "value": 5}),
    ({"type": "None", "value": None}, {"type": "JsonProperty", "json": None}),
    (
        {"type": "StructuredValue", "value": {"a": None}},
        {"type": "JsonProperty", "json": {"a": None}},
    ),
    ({"type": "Relationship", "value": "Room1"}, {"type": "Property", "value": "Room1"}),
    (
        {"type": "geo:point", "value": "34.5, 136.5"},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [136.5, 34.5]}},
    ),
    (
        {"type": "geo:line", "value": ["34, 136", "35, 137"]},
        {
            "type": "GeoProperty",
            "value": {"type": "LineString", "coordinates": [[136, 34], [137, 35]]},
        },
    ),
    (
        {"type": "geo:box", "value": ["34, 136", "35, 137"]},
        {
            "type": "GeoProperty",
            "value": {
                "type": "Polygon",
                "coordinates": [[[136, 34], [137, 34], [137, 35], [136, 35], [136, 34]]],
            },
        },
    ),
]
ID = "urn:ngsi-ld:Thing:1"


async def seen(v2: V2, entity_id: str = ID) -> JSON:
    answer = await v2.ld("GET", f"/entities/{entity_id}")
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


@pytest.mark.parametrize(("theirs", "ours"), [*CASES, *ONE_WAY], ids=range(len(CASES + ONE_WAY)))
async def test_what_v2_writes_the_other_reads(v2: V2, theirs: JSON, ours: JSON) -> None:
    await v2.create({"id": ID, "type": "Thing", "a": theirs})

    assert await seen(v2) == {"id": ID, "type": "Thing", "a": ours}


@pytest.mark.parametrize(("theirs", "ours"), CASES, ids=range(len(CASES)))
async def test_what_the_other_writes_v2_reads(v2: V2, theirs: JSON, ours: JSON) -> None:
    made = await v2.ld("POST", "/entities", {"id": ID, "type": "Thing", "a": ours})
    assert made.status_code == 201, made.text

    assert await v2.attribute(ID, "a") == {**theirs, "metadata": {}}
    assert await v2.ids("/v2/entities?type=Thing") == [ID]


@pytest.mark.parametrize(("theirs", "ours"), CASES, ids=range(len(CASES)))
async def test_metadata_are_sub_attributes(v2: V2, theirs: JSON, ours: JSON) -> None:
    await v2.create({"id": ID, "type": "Thing", "a": {"value": 1, "metadata": {"m": theirs}}})
    again = {"type": "Property", "value": 1, "m": ours}

    assert (await seen(v2))["a"] == again
    await v2.delete(f"/v2/entities/{ID}")
    await v2.ld("POST", "/entities", {"id": ID, "type": "Thing", "a": again})
    assert (await v2.attribute(ID, "a"))["metadata"] == {"m": theirs}


async def test_units_and_times_of_observation_agree(v2: V2) -> None:
    metadata: JSON = {
        "observedAt": {"type": "DateTime", "value": "2026-11-22T00:00:00.000Z"},
        "unitCode": {"type": "Text", "value": "CEL"},
    }
    await v2.create({"id": ID, "type": "Thing", "a": {"value": 1, "metadata": metadata}})

    linked = (await seen(v2))["a"]
    assert linked["unitCode"] == "CEL"
    assert linked["observedAt"].startswith("2026-11-22T00:00:00")
    await v2.ld(
        "PATCH",
        f"/entities/{ID}/attrs/a",
        {"observedAt": "2027-01-01T00:00:00Z", "unitCode": "KEL"},
    )
    shown = (await v2.attribute(ID, "a"))["metadata"]
    assert shown["observedAt"]["value"] == "2027-01-01T00:00:00.000Z"
    assert shown["unitCode"]["value"] == "KEL"


async def test_the_time_of_agents_is_a_time_of_observation(v2: V2) -> None:
    metadata: JSON = {"TimeInstant": {"type": "DateTime", "value": "2026-11-22T00:00:00.000Z"}}
    await v2.create({"id": ID, "type": "Thing", "a": {"value": 1, "metadata": metadata}})

    assert (await seen(v2))["a"]["observedAt"].startswith("2026-11-22T00:00:00")
    assert (await v2.attribute(ID, "a"))["metadata"] == metadata


@pytest.mark.parametrize(
    ("name", "kind", "entity_id"),
    [
        ("Room1", "Room", "urn:ngsi-ld:Room:Room1"),
        ("a^b", "Room", "urn:ngsi-ld:Room:a%5Eb"),
        ("{x}", "T,a", "urn:ngsi-ld:T%2Ca:%7Bx%7D"),
        ("urn:ngsi-ld:Room:7", "Room", "urn:ngsi-ld:Room:7"),
        ("urn:x:7", "Room", "urn:x:7"),
    ],
)
async def test_an_id_that_is_no_uri_becomes_one(
    v2: V2, name: str, kind: str, entity_id: str
) -> None:
    await v2.create({"id": name, "type": kind, "a": {"value": 1}})

    listed = (await v2.ld("GET", "/entities?attrs=a")).json()

    assert [one["id"] for one in listed] == [entity_id]
    assert await v2.ids("/v2/entities") == [name]


async def test_service_paths_are_scopes(v2: V2) -> None:
    await v2.create({"id": ID, "type": "Thing", "a": {"value": 1}}, Fiware_ServicePath="/a/b")
    await v2.ld(
        "POST",
        "/entities",
        {"id": "urn:x:2", "type": "Thing", "scope": "/a/c", "a": {"type": "Property", "value": 1}},
    )

    assert (await seen(v2))["scope"] == "/a/b"
    found = (await v2.ld("GET", "/entities?type=Thing&scopeQ=/a/%23")).json()
    assert {one["id"] for one in found} == {ID, "urn:x:2"}
    assert await v2.ids("/v2/entities", Fiware_ServicePath="/a/#") == [ID, "urn:x:2"]
    assert await v2.ids("/v2/entities", Fiware_ServicePath="/a/c") == ["urn:x:2"]


async def test_ends_agree(v2: V2) -> None:
    expiry = {"type": "DateTime", "value": "2040-01-01T00:00:00.000Z"}
    await v2.create({"id": ID, "type": "Thing", "dateExpires": expiry})

    linked = (await v2.ld("GET", f"/entities/{ID}?options=sysAttrs")).json()
    assert linked["expiresAt"].startswith("2040-01-01T00:00:00")
    shown = (await v2.get(f"/v2/entities/{ID}?attrs=dateCreated,dateModified,dateExpires")).json()
    assert shown["dateExpires"]["value"] == expiry["value"]
    assert linked["createdAt"][:23] == shown["dateCreated"]["value"][:23]


async def test_what_one_changes_the_other_sees(v2: V2) -> None:
    place = {"type": "geo:point", "value": "34.5, 136.5"}
    await v2.create(
        {"id": "Room1", "type": "Room", "t": {"type": "Celsius", "value": 1}, "place": place}
    )
    path = "/entities/urn:ngsi-ld:Room:Room1/attrs"
    point = {"type": "Point", "coordinates": [137.0, 35.0]}

    await v2.ld("PATCH", f"{path}/t", {"value": 2})
    await v2.ld("PATCH", path, {"place": {"type": "GeoProperty", "value": point}})
    await v2.ld("POST", path, {"new": {"type": "Property", "value": "x"}})

    shown = (await v2.get("/v2/entities/Room1")).json()
    assert shown["t"]["value"] == 2
    assert shown["place"] == {"type": "geo:json", "value": point, "metadata": {}}
    assert shown["new"]["value"] == "x"
    assert await v2.ids("/v2/entities?georel=near;maxDistance:1&geometry=point&coords=35,137")
    await v2.ld("DELETE", f"{path}/new")
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 3}})
    linked = (await v2.ld("GET", "/entities/urn:ngsi-ld:Room:Room1?options=keyValues")).json()
    assert linked == {
        "id": "urn:ngsi-ld:Room:Room1",
        "type": "Room",
        "t": 3,
        "place": point,
    }
    await v2.delete("/v2/entities/Room1")
    assert (await v2.ld("GET", "/entities/urn:ngsi-ld:Room:Room1")).status_code == 404


async def test_both_find_the_same(v2: V2) -> None:
    await v2.create_all(
        *(
            {"id": f"urn:x:{n}", "type": "T", "n": {"value": n}, "w": {"value": "ab"[n % 2]}}
            for n in range(6)
        )
    )

    for theirs, ours in [
        ("q=n>2", "q=n>2"),
        ("q=n==2..4", "q=n==2..4"),
        ("q=w==a", 'q=w=="a"'),
        ("q=w~=^b", "q=w~=^b"),
        ("q=n!=3", "q=n!=3"),
        ("q=n==1,5", "q=n==1,5"),
        ("idPattern=[12]$", "idPattern=[12]$"),
    ]:
        linked = (await v2.ld("GET", f"/entities?type=T&{ours}")).json()
        assert await v2.ids(f"/v2/entities?type=T&{theirs}") == [one["id"] for one in linked]


async def test_of_several_instances_v2_shows_the_default(v2: V2) -> None:
    several = [
        {"type": "Property", "value": 1},
        {"type": "Property", "value": 2, "datasetId": "urn:d:2"},
    ]
    await v2.ld("POST", "/entities", {"id": ID, "type": "Thing", "a": several})

    assert (await v2.attribute(ID, "a"))["value"] == 1
    await v2.patch(f"/v2/entities/{ID}/attrs", {"a": {"value": 9}})
    linked = (await seen(v2))["a"]
    assert sorted(one["value"] for one in linked) == [2, 9]


async def test_of_several_types_v2_shows_the_first_and_finds_all(v2: V2) -> None:
    await v2.ld("POST", "/entities", {"id": ID, "type": ["Thing", "Other"]})

    shown = (await v2.get(f"/v2/entities/{ID}")).json()["type"]
    assert shown in ("Thing", "Other")
    assert await v2.ids("/v2/entities?type=Other") == [ID]
    assert await v2.ids("/v2/entities?type=Thing") == [ID]


async def test_v2_writes_leave_a_history(v2: V2) -> None:
    await v2.create({"id": ID, "type": "Thing", "a": {"value": 1}})
    await v2.patch(f"/v2/entities/{ID}/attrs", {"a": {"value": 2}})
    await v2.put(f"/v2/entities/{ID}/attrs/a/value", "3")

    answer = await v2.ld("GET", f"/temporal/entities/{ID}?options=temporalValues")

    assert answer.status_code == 200, answer.text
    assert sorted(value for value, _ in answer.json()["a"]["values"]) == [1, 2, 3]
