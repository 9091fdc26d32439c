"""Bodies of NGSI-LD: what is read out of them, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    NULL_URI,
    AttributeKind,
    Instance,
    JsonValue,
    Null,
    Overlay,
)
from mieone.blocks.broker.model.context import CORE_CONTEXT_URL
from mieone.blocks.broker.problems import BadRequestData, BrokerProblem, InvalidRequest
from mieone.blocks.broker.rules.json_reading import read_json
from mieone.blocks.broker.rules.reading import (
    check_geometry,
    check_uri,
    read_attribute,
    read_entity,
    read_foreign_entity,
    read_fragment,
    read_id,
    read_instant,
    read_overlays,
    read_partial,
    read_replacement,
    read_temporal_entity,
    read_temporal_fragment,
    read_temporal_instance,
)
from mieone.blocks.broker.rules.terms import ContextTerms, CoreTerms
from mieone.blocks.broker.store.contexts import read_core_documents

NOW = datetime(2026, 4, 1, tzinfo=UTC)
CORE_BODY = read_core_documents()[CORE_CONTEXT_URL].body
assert isinstance(CORE_BODY, dict)
CONTEXT: JsonValue = {
    "speed": "https://example.org/speed",
    "Car": "https://example.org/Car",
    "name": "https://example.org/name",
    "identifier": "@id",
    "ex": "https://example.org/",
}
TERMS = ContextTerms(
    CoreTerms(CORE_BODY["@context"]), CONTEXT, {}, urls=(), link="", inline=CONTEXT
)
SPEED = "https://example.org/speed"
CAR: dict[str, JsonValue] = {"id": "urn:ngsi-ld:Car:1", "type": "Car"}
POINT: JsonValue = {"type": "Point", "coordinates": [136.5, 34.5]}
SQUARE: JsonValue = [[0, 0], [0, 1], [1, 1], [0, 0]]


def instance_of(document: JsonValue) -> Instance:
    _, fragment = read_entity({**CAR, "speed": document}, TERMS, NOW)
    (only,) = fragment.attributes[SPEED].values()
    assert isinstance(only, Instance)
    return only


@pytest.mark.parametrize(
    ("document", "kind", "value"),
    [
        ({"type": "Property", "value": 5}, "Property", 5),
        ({"value": 5}, "Property", 5),
        (5, "Property", 5),
        ("fast", "Property", "fast"),
        (False, "Property", False),
        ([1, 2], "Property", [1, 2]),
        ({"value": {"a": {"b": 1}}}, "Property", {"a": {"b": 1}}),
        ({"type": "Property", "value": POINT}, "Property", POINT),
        ({"type": "https://uri.etsi.org/ngsi-ld/Property", "value": 5}, "Property", 5),
        ({"ngsi-ld:hasValue": 5}, "Property", 5),
        ({"type": "GeoProperty", "value": POINT}, "GeoProperty", POINT),
        ({"value": POINT}, "GeoProperty", POINT),
        (POINT, "GeoProperty", POINT),
        ({"type": "Relationship", "object": "urn:x:1"}, "Relationship", "urn:x:1"),
        ({"object": "urn:x:1"}, "Relationship", "urn:x:1"),
        ({"object": ["urn:x:1", "urn:x:2"]}, "Relationship", ["urn:x:1", "urn:x:2"]),
        ({"languageMap": {"ja": "速い"}}, "LanguageProperty", {"ja": "速い"}),
        ({"languageMap": {"@none": ["a", "b"]}}, "LanguageProperty", {"@none": ["a", "b"]}),
        ({"vocab": "name"}, "VocabProperty", "https://example.org/name"),
        ({"vocab": ["name"]}, "VocabProperty", ["https://example.org/name"]),
        ({"json": {"id": None, "type": 1}}, "JsonProperty", {"id": None, "type": 1}),
        ({"valueList": [1, "a"]}, "ListProperty", [1, "a"]),
        ({"objectList": ["urn:x:1"]}, "ListRelationship", [{"object": "urn:x:1"}]),
        ({"objectList": [{"object": "urn:x:1"}]}, "ListRelationship", [{"object": "urn:x:1"}]),
    ],
)
def test_every_kind_is_read_from_every_form(
    document: JsonValue, kind: str, value: JsonValue
) -> None:
    read = instance_of(document)

    assert (read.kind, read.value) == (AttributeKind(kind), value)


def test_members_of_an_instance_are_kept_and_system_ones_left_out() -> None:
    read = instance_of(
        {
            "value": 5,
            "observedAt": "2026-03-01T00:00:00.25Z",
            "unitCode": "KMH",
            "createdAt": "nonsense",
            "modifiedAt": "2020-01-01T00:00:00Z",
            "instanceId": "urn:x:i",
            "previousValue": 4,
            "name": {"value": "inner", "ex:depth": {"object": "urn:x:2"}},
        }
    )

    assert read.observed_at == datetime(2026, 3, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert read.unit_code == "KMH"
    assert (read.created_at, read.modified_at, read.instance_id) == (None, None, None)
    (inner,) = read.subs["https://example.org/name"].values()
    assert inner.subs.keys() == {"https://example.org/depth"}
    assert read.subs.keys() == {"https://example.org/name"}


def test_the_entitys_own_members_are_read() -> None:
    entity_id, fragment = read_entity(
        {
            "identifier": "urn:ngsi-ld:Car:1",
            "@type": ["Car", "Boat", "Car"],
            "scope": ["/A/B", "/C"],
            "expiresAt": "2026-04-02T00:00:00Z",
            "createdAt": "2020-01-01T00:00:00Z",
        },
        TERMS,
        NOW,
    )

    assert entity_id == "urn:ngsi-ld:Car:1"
    assert fragment.types == (
        "https://example.org/Car",
        "https://uri.etsi.org/ngsi-ld/default-context/Boat",
    )
    assert fragment.scopes == ("/A/B", "/C")
    assert fragment.expires_at == datetime(2026, 4, 2, tzinfo=UTC)
    assert fragment.attributes == {}


def test_several_instances_have_different_datasets() -> None:
    several: JsonValue = [{"value": 1}, {"value": 2, "datasetId": "urn:x:d"}]

    _, fragment = read_entity({**CAR, "speed": several}, TERMS, NOW)

    assert fragment.attributes[SPEED].keys() == {DEFAULT_INSTANCE, "urn:x:d"}


def test_one_name_in_two_spellings_is_one_attribute() -> None:
    document: JsonValue = {**CAR, "speed": 1, SPEED: {"value": 2, "datasetId": "urn:x:d"}}

    _, fragment = read_entity(document, TERMS, NOW)

    assert fragment.attributes[SPEED].keys() == {DEFAULT_INSTANCE, "urn:x:d"}
    with pytest.raises(BadRequestData):
        read_entity({**CAR, "speed": 1, SPEED: 2}, TERMS, NOW)


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"value": None},
        {"value": {"a": [None]}},
        {"type": "Property"},
        {"type": "Property", "object": "urn:x:1"},
        {"type": "Unknown", "value": 1},
        {"type": 5, "value": 1},
        {"type": "Relationship", "object": "not a uri"},
        {"type": "Relationship", "object": []},
        {"type": "Relationship", "value": "urn:x:1"},
        {"type": "GeoProperty", "value": 5},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [200, 0]}},
        {"type": "LanguageProperty", "languageMap": "text"},
        {"languageMap": {"no language": "x"}},
        {"languageMap": {"en": 5}},
        {"vocab": 5},
        {"valueList": 5},
        {"value": 1, "object": "urn:x:1"},
        {"value": 1, "observedAt": "yesterday"},
        {"value": 1, "observedAt": "2026-02-30T00:00:00Z"},
        {"value": 1, "unitCode": 5},
        {"value": 1, "datasetId": "no uri"},
        {"value": 1, "objectType": "Car"},
        {"value": 1, "@context": {}},
        {"value": 1, "expiresAt": "2020-01-01T00:00:00Z"},
        {"unknown": {"a": 1}},
        {},
        [{"value": 1}, {"value": 2}],
        {"value": NULL_URI},
        NULL_URI,
        {"value": 1, "a b": 2},
    ],
)
def test_what_is_no_attribute_is_refused(document: JsonValue) -> None:
    with pytest.raises(BadRequestData):
        instance_of(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"type": "Car"},
        {"id": "urn:x:1"},
        {"id": "no uri", "type": "Car"},
        {"id": "urn:x:1", "type": []},
        {"id": "urn:x:1", "type": "type"},
        {"id": "urn:x:1", "type": ""},
        {"id": "urn:x:1", "type": 5},
        {"id": "urn:x:1", "type": "Car", "@type": "Car"},
        {**CAR, "scope": "A"},
        {**CAR, "scope": "/A/#"},
        {**CAR, "scope": 5},
        {**CAR, "expiresAt": "2026-03-31T00:00:00Z"},
        {**CAR, "bad name": 1},
    ],
)
def test_what_is_no_entity_is_refused(document: JsonValue) -> None:
    with pytest.raises(BadRequestData):
        read_entity(document, TERMS, NOW)


@pytest.mark.parametrize("document", [5, [], "text", None])
def test_what_is_no_object_is_no_request(document: JsonValue) -> None:
    with pytest.raises(InvalidRequest):
        read_entity(document, TERMS, NOW)


@pytest.mark.parametrize(
    "null",
    [
        NULL_URI,
        {"value": NULL_URI},
        {"object": NULL_URI},
        {"json": NULL_URI},
        {"vocab": NULL_URI},
        {"languageMap": {"@none": NULL_URI}},
        {"type": "Property", "value": NULL_URI},
    ],
)
def test_nulls_delete_where_something_can_be_deleted(null: JsonValue) -> None:
    updated = read_fragment({"speed": null}, TERMS, NOW, takes_nulls=True)
    merged = read_overlays({"speed": null}, TERMS, NOW)

    assert updated.attributes == {SPEED: {DEFAULT_INSTANCE: Null()}}
    assert merged.overlays == {SPEED: {DEFAULT_INSTANCE: Null()}}
    with pytest.raises(BadRequestData):
        read_fragment({"speed": null}, TERMS, NOW)


def test_an_overlay_has_only_what_was_sent() -> None:
    fragment = read_partial(
        SPEED,
        {
            "value": 7,
            "unitCode": NULL_URI,
            "datasetId": "urn:x:d",
            "name": {"observedAt": "2026-03-01T00:00:00Z"},
            "ex:gone": NULL_URI,
        },
        TERMS,
        NOW,
    )

    overlay = fragment.overlays[SPEED]["urn:x:d"]
    assert isinstance(overlay, Overlay)
    assert overlay.kind == "Property"
    assert overlay.members == {"value": 7, "unitCode": NULL_URI, "datasetId": "urn:x:d"}
    assert overlay.subs["https://example.org/gone"] == {DEFAULT_INSTANCE: Null()}
    inner = overlay.subs["https://example.org/name"][DEFAULT_INSTANCE]
    assert isinstance(inner, Overlay)
    assert inner.kind is None
    assert inner.members == {"observedAt": datetime(2026, 3, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (5, Overlay(members={"value": 5})),
        ({"city": "x"}, Overlay(members={"value": {"city": "x"}})),
        (POINT, Overlay(members={"value": POINT}, kind="GeoProperty")),
        (
            {"languageMap": {"en": "x"}},
            Overlay(members={"value": {"en": "x"}}, kind="LanguageProperty"),
        ),
        (NULL_URI, Null()),
    ],
)
def test_simplified_members_are_plain_values(document: JsonValue, expected: Overlay | Null) -> None:
    fragment = read_overlays({"speed": document}, TERMS, NOW, is_simplified=True)

    assert fragment.overlays == {SPEED: {DEFAULT_INSTANCE: expected}}


def test_put_reads_one_attribute_and_an_entity_without_its_id() -> None:
    attribute = read_attribute(SPEED, {"value": 1}, TERMS, NOW)
    whole = read_replacement("urn:x:1", {"speed": 1}, TERMS, NOW)

    assert attribute.attributes == whole.attributes
    assert whole.types is None
    with pytest.raises(BadRequestData):
        read_replacement("urn:x:1", {"id": "urn:x:2", "speed": 1}, TERMS, NOW)


def test_a_history_keeps_the_order_and_the_instance_ids() -> None:
    document: JsonValue = {
        **CAR,
        "speed": [
            {"value": 1, "observedAt": "2026-03-01T00:00:00Z", "instanceId": "urn:x:i"},
            {"value": 2, "observedAt": "2026-03-02T00:00:00Z"},
        ],
    }

    read = read_temporal_entity(document, TERMS, NOW)

    assert [instance.value for _, instance in read.attributes[SPEED]] == [1, 2]
    assert read.attributes[SPEED][0][1].instance_id == "urn:x:i"
    assert read_temporal_instance(SPEED, {"speed": [{"value": 3}]}, TERMS, NOW)[1].value == 3
    assert read_temporal_instance(SPEED, {"value": 3}, TERMS, NOW)[1].value == 3


def test_what_another_broker_answers_keeps_its_times() -> None:
    entity = read_foreign_entity(
        {
            **CAR,
            "createdAt": "2026-01-01T00:00:00Z",
            "speed": {"value": 1, "modifiedAt": "2026-01-02T00:00:00Z"},
            "broken": {"type": "Property"},
        },
        TERMS,
    )

    assert entity.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert entity.attributes.keys() == {SPEED}
    assert entity.attributes[SPEED][DEFAULT_INSTANCE].modified_at is not None


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [136.5, 34.5, 10.0]},
        {"type": "MultiPoint", "coordinates": [[0, 0]]},
        {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
        {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [SQUARE, SQUARE]},
        {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
        {"type": "GeometryCollection", "geometries": [POINT]},
    ],
)
def test_all_geometries_are_taken(geometry: JsonValue) -> None:
    assert check_geometry(geometry) == geometry


@pytest.mark.parametrize(
    "geometry",
    [
        5,
        {},
        {"type": "Point"},
        {"type": "Circle", "coordinates": [0, 0]},
        {"type": ["Point"], "coordinates": [0, 0]},
        {"type": "Point", "coordinates": [0]},
        {"type": "Point", "coordinates": ["0", "0"]},
        {"type": "Point", "coordinates": [True, 0]},
        {"type": "Point", "coordinates": [0, 91]},
        {"type": "Point", "coordinates": [-181, 0]},
        {"type": "LineString", "coordinates": [[0, 0]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [0, 0]]]},
        {"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection"}]},
    ],
)
def test_what_is_no_geometry_is_refused(geometry: JsonValue) -> None:
    with pytest.raises(BadRequestData):
        check_geometry(geometry)


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00,5Z"],
)
def test_instants_are_in_utc(text: str) -> None:
    assert read_instant(text, "t").tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        5,
        None,
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T24:01:00Z",
        "2026-01-01T00:00:00+09:00",
        "２０２６-01-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused(text: JsonValue) -> None:
    with pytest.raises(BadRequestData):
        read_instant(text, "t")


@pytest.mark.parametrize("text", ["urn:x", "https://example.org/é", "urn:ngsi-ld:型:1", "a:b"])
def test_uris(text: str) -> None:
    assert check_uri(text, "id") == text


@pytest.mark.parametrize("text", ["", "x", ":a", "urn:", "1a:b", "urn:a b", "urn:<a>", 5, None])
def test_what_is_no_uri_is_refused(text: JsonValue) -> None:
    with pytest.raises(BadRequestData):
        check_uri(text, "id")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500, b"[" * 70 + b"]" * 70]
)
def test_deep_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(BrokerProblem):
        read_json(body)


def test_the_deepest_body_that_is_taken_is_read() -> None:
    inner: JsonValue = {"value": 1}
    for _ in range(60):
        inner = {"value": 1, "name": inner}

    assert read_entity(read_json(msgspec.json.encode({**CAR, "speed": inner})), TERMS, NOW)


member = st.sampled_from(
    [
        "id",
        "type",
        "@id",
        "@type",
        "@context",
        "@value",
        "@none",
        "scope",
        "expiresAt",
        "value",
        "object",
        "languageMap",
        "vocab",
        "json",
        "valueList",
        "objectList",
        "objectType",
        "datasetId",
        "observedAt",
        "unitCode",
        "coordinates",
        "geometries",
        "speed",
        "identifier",
        "dataset",
        SPEED,
    ]
) | st.text(max_size=5)
scalar = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(
        [
            NULL_URI,
            "urn:x:1",
            "Property",
            "GeoProperty",
            "Relationship",
            "Point",
            "Polygon",
            "2026-01-01T00:00:00Z",
            "/A",
            "Car",
        ]
    )
)
json = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(member, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=600)
@for_all(document=json)
@example(document={"speed": {"type": ["Property"], "value": 1}})
@example(document={"speed": [[], {"value": 1}]})
def test_nothing_that_is_sent_breaks_us(document: JsonValue) -> None:
    body: Any = {**CAR, **document} if isinstance(document, dict) else document
    for read in (
        lambda: read_entity(body, TERMS, NOW),
        lambda: read_replacement("urn:x:1", document, TERMS, NOW),
        lambda: read_fragment(document, TERMS, NOW, takes_nulls=True),
        lambda: read_attribute(SPEED, document, TERMS, NOW),
        lambda: read_overlays(document, TERMS, NOW),
        lambda: read_overlays(document, TERMS, NOW, is_simplified=True),
        lambda: read_partial(SPEED, document, TERMS, NOW),
        lambda: read_temporal_entity(body, TERMS, NOW),
        lambda: read_temporal_fragment(document, TERMS, NOW),
        lambda: read_temporal_instance(SPEED, document, TERMS, NOW),
        lambda: read_foreign_entity(body, TERMS),
        lambda: read_id(document),
    ):
        try:
            read()
        except BrokerProblem:
            continue


@pytest.mark.parametrize(
    "document",
    [
        {"speed": {"type": "JsonProperty", "json": 5}},
        {"speed": {"type": "JsonProperty", "json": {}, "unitCode": "MTR"}},
        {"speed": {"type": "Relationship", "object": "urn:x:1", "unitCode": "MTR"}},
        {"speed": {"type": "Property", "value": {"a": [{"b": NULL_URI}]}}},
        {"speed": {"a": NULL_URI, "type": "Property", "value": {"b": NULL_URI}}},
        {
            "speed": {
                "type": "GeoProperty",
                "value": {"type": "GeometryCollection", "geometries": []},
            }
        },
        {"speed": {"type": "GeoProperty", "value": "a point"}},
        {"datasetId": {"type": "Property", "value": "urn:x:1"}},
        {"observedAt": "2026-01-01T00:00:00Z"},
        {"id": "urn:ngsi-ld:Car:A\u202eB"},
        {"id": "urn:ngsi-ld:Car:A\u200bB"},
        {"id": "urn:ngsi-ld:Car:A\u00a0B"},
    ],
)
def test_what_the_standard_never_has_is_refused(document: dict[str, JsonValue]) -> None:
    with pytest.raises(BadRequestData):
        read_entity({**CAR, **document}, TERMS, NOW)


def test_a_geometry_may_come_as_a_text() -> None:
    text = msgspec.json.encode(POINT).decode()

    assert instance_of({"type": "GeoProperty", "value": text}).value == POINT


def test_a_deletion_inside_a_value_is_for_merges() -> None:
    inside: JsonValue = {"type": "Property", "value": {"a": NULL_URI}}

    assert read_overlays({"speed": inside}, TERMS, NOW).overlays[SPEED]


def test_an_id_of_kanji_stays_an_id() -> None:
    assert check_uri("urn:ngsi-ld:Shelter:葛\U000e0100城", "id")
