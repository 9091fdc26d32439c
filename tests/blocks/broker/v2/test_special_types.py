"""DateTime, places, relationships and what NGSI-LD has beyond v2; expiry; builtin names."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from .client import JSON, V2, says


@pytest.mark.parametrize("kind", ["DateTime", "ISO8601"])
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-11-22", "2026-11-22T00:00:00.000Z"),
        ("2026-11-22T12:34:56Z", "2026-11-22T12:34:56.000Z"),
        ("2026-11-22T12:34:56.789Z", "2026-11-22T12:34:56.789Z"),
        ("2026-11-22T12:34:56.7", "2026-11-22T12:34:56.700Z"),
        ("2026-11-22T12:34", "2026-11-22T12:34:00.000Z"),
        ("2026-11-22T12", "2026-11-22T12:00:00.000Z"),
        ("2026-11-22T123456Z", "2026-11-22T12:34:56.000Z"),
        ("2026-11-22T1234+0900", "2026-11-22T03:34:00.000Z"),
        ("2026-11-22T12:34:56+09:00", "2026-11-22T03:34:56.000Z"),
        ("2026-11-22T12:34:56-03", "2026-11-22T15:34:56.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
async def test_a_time_is_shown_in_one_form(v2: V2, kind: str, written: str, shown: str) -> None:
    marked = {"m": {"type": kind, "value": written}}
    await v2.create(
        {"id": "E", "type": "T", "a": {"type": kind, "value": written, "metadata": marked}}
    )

    assert await v2.attribute("E", "a") == {
        "type": kind,
        "value": shown,
        "metadata": {"m": {"type": kind, "value": shown}},
    }


async def test_a_time_may_be_none(v2: V2) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"type": "DateTime", "value": None}})

    assert await v2.attribute("E", "a") == {"type": "DateTime", "value": None, "metadata": {}}
    assert await v2.ids("/v2/entities?q=a>2020-01-01") == []


RING = ["34.0, 136.0", "34.0, 137.0", "35.0, 137.0", "34.0, 136.0"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("geo:point", "34.5, 136.5"),
        ("geo:point", "34.5,136.5"),
        ("geo:point", "-34, -136"),
        ("geo:line", ["34, 136", "35, 137"]),
        ("geo:box", ["34, 136", "35, 137"]),
        ("geo:polygon", RING),
        ("geo:json", {"type": "Point", "coordinates": [136.5, 34.5]}),
        ("geo:json", {"type": "Point", "coordinates": [136.5, 34.5, 10]}),
        ("geo:json", {"type": "LineString", "coordinates": [[136, 34], [137, 35]]}),
        (
            "geo:json",
            {"type": "Polygon", "coordinates": [[[136, 34], [137, 34], [137, 35], [136, 34]]]},
        ),
        ("geo:json", {"type": "MultiPoint", "coordinates": [[136, 34], [137, 35]]}),
    ],
)
async def test_a_place_comes_back_and_is_found(v2: V2, kind: str, value: object) -> None:
    await v2.create({"id": "E", "type": "T", "place": {"type": kind, "value": value}})

    assert await v2.attribute("E", "place") == {"type": kind, "value": value, "metadata": {}}
    box = "georel=coveredBy&geometry=box&coords=33.9,135.9;35.1,137.1"
    is_inside = not str(value).startswith("-")
    assert await v2.ids(f"/v2/entities?{box}") == (["E"] if is_inside else [])


async def test_of_a_feature_its_geometry_is_kept(v2: V2) -> None:
    point = {"type": "Point", "coordinates": [136.5, 34.5]}
    feature = {"type": "Feature", "geometry": point, "properties": {"a": 1}}
    collection = {"type": "FeatureCollection", "features": [feature]}
    await v2.create_all(
        {"id": "A", "type": "T", "place": {"type": "geo:json", "value": feature}},
        {"id": "B", "type": "T", "place": {"type": "geo:json", "value": collection}},
    )

    assert (await v2.attribute("A", "place"))["value"] == point
    assert (await v2.attribute("B", "place"))["value"] == point


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("geo:point", "x"),
        ("geo:point", "34"),
        ("geo:point", "34, 136, 1"),
        ("geo:point", "91, 136"),
        ("geo:point", "34, 181"),
        ("geo:point", "nan, 1"),
        ("geo:point", 5),
        ("geo:point", ["34, 136"]),
        ("geo:line", ["34, 136"]),
        ("geo:line", "34, 136"),
        ("geo:box", ["34, 136"]),
        ("geo:box", ["34, 136", "34, 136"]),
        ("geo:box", ["34, 136", "35, 137", "36, 138"]),
        ("geo:polygon", RING[:3]),
        ("geo:polygon", [*RING[:3], "36, 138"]),
        ("geo:json", "x"),
        ("geo:json", {}),
        ("geo:json", {"type": "Point"}),
        ("geo:json", {"type": "Point", "coordinates": ["a", "b"]}),
        ("geo:json", {"type": "Polygon", "coordinates": [[136, 34]]}),
        ("geo:json", {"type": "GeometryCollection", "geometries": []}),
        ("geo:json", {"type": "FeatureCollection", "features": []}),
    ],
)
async def test_what_is_no_place_is_refused(v2: V2, kind: str, value: object) -> None:
    body = {"id": "E", "type": "T", "place": {"type": kind, "value": value}}
    says(await v2.post("/v2/entities", body), 400, "BadRequest")


async def test_a_place_may_be_none_or_ignored(v2: V2) -> None:
    point = {"type": "Point", "coordinates": [136.5, 34.5]}
    ignored: JSON = {"ignoreType": {"type": "Boolean", "value": True}}
    await v2.create_all(
        {"id": "A", "type": "T", "place": {"type": "geo:json", "value": None}},
        {
            "id": "B",
            "type": "T",
            "place": {"type": "geo:json", "value": point, "metadata": ignored},
        },
    )

    assert (await v2.attribute("A", "place"))["value"] is None
    assert await v2.attribute("B", "place") == {
        "type": "geo:json",
        "value": point,
        "metadata": ignored,
    }
    assert (
        await v2.ids("/v2/entities?georel=near;maxDistance:1000&geometry=point&coords=34.5,136.5")
        == []
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Relationship", "urn:ngsi-ld:Room:1"),
        ("Relationship", ["urn:ngsi-ld:Room:1", "urn:ngsi-ld:Room:2"]),
        ("Relationship", "Room1"),
        ("Relationship", 5),
        ("LanguageProperty", {"ja": "多気", "en": "Taki"}),
        ("LanguageProperty", {"ja": ["多気", "明和"]}),
        ("LanguageProperty", {"ja": 5}),
        ("LanguageProperty", "x"),
        ("VocabProperty", "open"),
        ("VocabProperty", ["open", "closed"]),
        ("VocabProperty", 5),
        ("JsonProperty", {"a": None}),
        ("JsonProperty", 5),
        ("JsonProperty", "x"),
        ("ListProperty", [1, "x", {"a": 1}]),
        ("ListProperty", "x"),
        ("ListRelationship", ["urn:a:1", "urn:a:2"]),
        ("ListRelationship", ["x"]),
        ("ListRelationship", "urn:a:1"),
        ("StructuredValue", {"@value": 1, "@type": "Date"}),
    ],
)
async def test_types_of_the_other_api_come_back_as_they_were(
    v2: V2, kind: str, value: object
) -> None:
    marked = {"m": {"type": kind, "value": value}}
    attribute = {"type": kind, "value": value, "metadata": marked}
    await v2.create({"id": "E", "type": "T", "a": attribute})

    assert await v2.attribute("E", "a") == attribute


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("observedAt", "DateTime", "2026-11-22T00:00:00.000Z"),
        ("observedAt", "Text", "yesterday"),
        ("TimeInstant", "DateTime", "2026-11-22T00:00:00.000Z"),
        ("TimeInstant", "ISO8601", "2026-11-22T00:00:00.000Z"),
        ("TimeInstant", "Text", "x"),
        ("unitCode", "Text", "CEL"),
        ("unitCode", "Unit", "CEL"),
        ("unitCode", "Number", 5),
        ("accuracy", "Number", 0.5),
        ("flag", "Boolean", True),
        ("nothing", "None", None),
        ("structure", "StructuredValue", {"a": [None]}),
        ("place", "geo:point", "34, 136"),
        ("previousValue", "Number", 5),
        ("dateCreated", "Text", "x"),
        ("type", "Text", "x"),
        ("value", "Number", 1),
        ("object", "Text", "urn:a:b"),
        ("datasetId", "Text", "urn:a:b"),
        ("createdAt", "Text", "x"),
        ("a.b", "Number", 1),
        ("a:b", "Number", 1),
    ],
)
async def test_metadata_comes_back_as_it_was(v2: V2, name: str, kind: str, value: object) -> None:
    own = {name: {"type": kind, "value": value}}
    await v2.create({"id": "E", "type": "T", "a": {"value": 1, "metadata": own}})

    assert (await v2.attribute("E", "a"))["metadata"] == own


async def test_two_times_beside_a_value_stay_two(v2: V2) -> None:
    both = {
        "observedAt": {"type": "DateTime", "value": "2026-11-22T00:00:00.000Z"},
        "TimeInstant": {"type": "DateTime", "value": "2026-11-23T00:00:00.000Z"},
    }
    await v2.create({"id": "E", "type": "T", "a": {"value": 1, "metadata": both}})

    assert (await v2.attribute("E", "a"))["metadata"] == both


async def test_metadata_without_a_type_follows_its_value(v2: V2) -> None:
    sent = {
        "a": {"value": 1},
        "b": {"value": "x"},
        "c": {"value": True},
        "d": {},
        "e": {"value": []},
    }
    await v2.create({"id": "E", "type": "T", "a": {"value": 1, "metadata": sent}})

    shown = (await v2.attribute("E", "a"))["metadata"]

    assert {name: one["type"] for name, one in shown.items()} == {
        "a": "Number",
        "b": "Text",
        "c": "Boolean",
        "d": "None",
        "e": "StructuredValue",
    }


async def test_an_entity_ends_when_it_expires(v2: V2) -> None:
    late = datetime.now(UTC) + timedelta(hours=1)
    await v2.create(
        {"id": "E", "type": "T", "dateExpires": {"type": "DateTime", "value": late.isoformat()}}
    )

    before = await v2.ids("/v2/entities")
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    await v2.put(
        "/v2/entities/E/attrs/dateExpires", {"type": "DateTime", "value": soon.isoformat()}
    )
    await asyncio.sleep((soon - datetime.now(UTC)).total_seconds() + 0.1)

    assert before == ["E"]
    assert await v2.ids("/v2/entities") == []
    says(await v2.get("/v2/entities/E"), 404, "NotFound")


async def test_expiry_is_set_moved_and_taken_away(v2: V2) -> None:
    await v2.create({"id": "E", "type": "T", "a": {"value": 1}})
    path = "/v2/entities/E?attrs=dateExpires&options=keyValues"

    await v2.post(
        "/v2/entities/E/attrs", {"dateExpires": {"type": "DateTime", "value": "2040-01-01"}}
    )
    first = (await v2.get(path)).json()
    await v2.put("/v2/entities/E/attrs/dateExpires", {"type": "DateTime", "value": "2041-01-01"})
    second = (await v2.get(path)).json()
    plain = (await v2.get("/v2/entities/E?options=keyValues")).json()
    await v2.delete("/v2/entities/E/attrs/dateExpires")
    third = (await v2.get(path)).json()

    assert first["dateExpires"] == "2040-01-01T00:00:00.000Z"
    assert second["dateExpires"] == "2041-01-01T00:00:00.000Z"
    assert plain == {"id": "E", "type": "T", "a": 1}
    assert "dateExpires" not in third
