"""Entities as documents: every form, and what is read back from it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import mieone.blocks.broker.store as store
from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    DEFAULT_VOCABULARY,
    AttributeKind,
    Attributes,
    Change,
    Effect,
    EffectKind,
    Entity,
    Instance,
    JsonValue,
    Operation,
    Outcome,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.forms import (
    Form,
    Format,
    Joining,
    csv_text,
    entity_document,
    flat_documents,
    geo_collection,
    geo_document,
    notification_document,
    read_languages,
    read_picked,
    render_time,
)
from mieone.blocks.broker.rules.reading import read_entity
from mieone.blocks.broker.rules.terms import ContextTerms, CoreTerms

CORE_DOCUMENT = json.loads(
    next((Path(store.__file__).parent / "core_contexts").glob("*v1.9.jsonld")).read_text()
)
TERMS = ContextTerms(
    CoreTerms(CORE_DOCUMENT["@context"]), None, {}, urls=(), link="core", inline="core"
)
NORMALIZED = Form()
AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
V = DEFAULT_VOCABULARY
CORE = "https://uri.etsi.org/ngsi-ld/"
POINT: JsonValue = {"type": "Point", "coordinates": [136.5, 34.5]}


def prop(value: JsonValue, **more: object) -> Instance:
    return msgspec.structs.replace(Instance(kind=AttributeKind.PROPERTY, value=value), **more)


def of_kind(kind: AttributeKind, value: JsonValue) -> Instance:
    return Instance(kind=kind, value=value)


def entity(attributes: dict[str, Instance | dict[str, Instance]], id: str = "urn:e:1") -> Entity:
    return Entity(
        id=id,
        types=(f"{V}Shelter",),
        attributes={
            name if ":" in name else f"{V}{name}": (
                {DEFAULT_INSTANCE: one} if isinstance(one, Instance) else one
            )
            for name, one in attributes.items()
        },
        created_at=AT,
        modified_at=LATER,
    )


SHELTER = entity(
    {
        "name": of_kind(AttributeKind.LANGUAGE_PROPERTY, {"ja": "小学校", "en": "School"}),
        "capacity": prop(120, observed_at=AT, unit_code="C62"),
        f"{CORE}location": of_kind(AttributeKind.GEO_PROPERTY, POINT),
        "in": of_kind(AttributeKind.RELATIONSHIP, "urn:e:2"),
        "near": of_kind(AttributeKind.LIST_RELATIONSHIP, [{"object": "urn:e:2"}]),
        "kind": of_kind(AttributeKind.VOCAB_PROPERTY, f"{V}school"),
        "raw": of_kind(AttributeKind.JSON_PROPERTY, {"a": None}),
        "steps": of_kind(AttributeKind.LIST_PROPERTY, [1, 2]),
    }
)


def test_normalized_says_everything() -> None:
    document = entity_document(SHELTER, Form(), TERMS)

    assert document == {
        "id": "urn:e:1",
        "type": "Shelter",
        "name": {"type": "LanguageProperty", "languageMap": {"ja": "小学校", "en": "School"}},
        "capacity": {
            "type": "Property",
            "value": 120,
            "observedAt": "2026-11-22T03:00:00Z",
            "unitCode": "C62",
        },
        "location": {"type": "GeoProperty", "value": POINT},
        "in": {"type": "Relationship", "object": "urn:e:2"},
        "near": {"type": "ListRelationship", "objectList": [{"object": "urn:e:2"}]},
        "kind": {"type": "VocabProperty", "vocab": "school"},
        "raw": {"type": "JsonProperty", "json": {"a": None}},
        "steps": {"type": "ListProperty", "valueList": [1, 2]},
    }


def test_simplified_keeps_values_and_what_tells_them_apart() -> None:
    document = entity_document(SHELTER, Form(format=Format.SIMPLIFIED), TERMS)

    assert document == {
        "id": "urn:e:1",
        "type": "Shelter",
        "name": {"languageMap": {"ja": "小学校", "en": "School"}},
        "capacity": 120,
        "location": POINT,
        "in": "urn:e:2",
        "near": {"objectList": ["urn:e:2"]},
        "kind": {"vocab": "school"},
        "raw": {"json": {"a": None}},
        "steps": {"valueList": [1, 2]},
    }


def test_system_attributes_only_when_asked_for() -> None:
    small = entity({"a": prop(1, created_at=AT, modified_at=LATER)})

    document = entity_document(small, Form(sys_attrs=True), TERMS)

    assert document == {
        "id": "urn:e:1",
        "type": "Shelter",
        "createdAt": "2026-11-22T03:00:00Z",
        "modifiedAt": "2026-11-22T04:00:00Z",
        "a": {
            "type": "Property",
            "value": 1,
            "createdAt": "2026-11-22T03:00:00Z",
            "modifiedAt": "2026-11-22T04:00:00Z",
        },
    }


@pytest.mark.parametrize(
    ("lang", "tag"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("fr,en;q=0.5", "en"),
        ("en;q=0.2,ja", "ja"),
        ("fr", "ja"),
        ("*", "ja"),
        ("EN", "en"),
    ],
)
def test_a_reader_gets_one_language(lang: str, tag: str) -> None:
    form = Form(languages=read_languages(lang))

    document = entity_document(SHELTER, form, TERMS)

    texts = {"ja": "小学校", "en": "School"}
    assert document is not None
    assert document["name"] == {"type": "Property", "value": texts[tag], "lang": tag}


@pytest.mark.parametrize("lang", ["", "en;q=2", "日本語", "en,,ja", "en;", ",".join(["ja"] * 60)])
def test_what_is_no_list_of_languages_is_refused(lang: str) -> None:
    with pytest.raises(BadRequestData):
        read_languages(lang)


MANY = entity({"a": {DEFAULT_INSTANCE: prop(1), "urn:d:1": prop(2), "urn:d:2": prop(3)}})


def test_several_instances_stand_side_by_side() -> None:
    normalized = entity_document(MANY, Form(), TERMS)
    simplified = entity_document(MANY, Form(format=Format.SIMPLIFIED), TERMS)
    filtered = entity_document(MANY, Form(datasets=("urn:d:1",)), TERMS)
    nothing = entity_document(MANY, Form(datasets=("urn:d:9",)), TERMS)

    assert normalized is not None
    assert simplified is not None
    assert filtered is not None
    assert normalized["a"] == [
        {"type": "Property", "value": 1},
        {"type": "Property", "value": 2, "datasetId": "urn:d:1"},
        {"type": "Property", "value": 3, "datasetId": "urn:d:2"},
    ]
    assert simplified["a"] == {"dataset": {"@none": 1, "urn:d:1": 2, "urn:d:2": 3}}
    assert filtered["a"] == {"type": "Property", "value": 2, "datasetId": "urn:d:1"}
    assert nothing == {"id": "urn:e:1", "type": "Shelter"}


def test_pick_and_omit_leave_what_they_name() -> None:
    def document(**lists: str) -> object:
        form = Form(**{name: read_picked(text, TERMS) for name, text in lists.items()})
        return entity_document(MANY, form, TERMS)

    assert document(pick="id") == {"id": "urn:e:1"}
    assert document(pick="nothing") is None
    assert document(omit="id,type,a") is None
    assert document(omit="a") == {"id": "urn:e:1", "type": "Shelter"}
    assert document(omit="a{b}") == entity_document(MANY, Form(), TERMS)


@pytest.mark.parametrize(
    "text",
    ["id;name", "a{b", "a{{b}", "id,,b", "a{,b}", "a{}", ",a", "a,", "", "a}b", "id{a}", "a|b"],
)
def test_what_is_no_list_of_members_is_refused(text: str) -> None:
    with pytest.raises(BadRequestData):
        read_picked(text, TERMS)


@for_all(st.text(alphabet="ab{},;|: \x00é", max_size=12))
def test_no_text_of_a_pick_does_worse_than_be_refused(text: str) -> None:
    try:
        read_picked(text, TERMS)
    except BadRequestData:
        return


def test_geojson_takes_the_geometry_out_and_keeps_the_rest() -> None:
    feature = geo_document(SHELTER, Form(format=Format.SIMPLIFIED), TERMS)
    elsewhere = geo_document(SHELTER, Form(geometry_property=f"{V}nowhere"), TERMS)

    assert feature is not None
    assert elsewhere is not None
    assert list(feature) == ["id", "type", "geometry", "properties"]
    assert feature["geometry"] == POINT
    assert isinstance(feature["properties"], dict)
    assert feature["properties"]["type"] == "Shelter"
    assert feature["properties"]["location"] == POINT
    assert elsewhere["geometry"] is None
    assert geo_collection([], Form(), TERMS) == {"type": "FeatureCollection", "features": []}


def test_a_table_has_one_row_an_entity() -> None:
    text = csv_text([SHELTER, MANY], Form(), TERMS)

    header, first, second = text.splitlines()
    assert header.startswith("id,type,name@ja,name@en,capacity,capacity.observedAt,location.lat")
    assert first.startswith("urn:e:1,Shelter,小学校,School,120,2026-11-22T03:00:00Z,34.5,136.5")
    assert second.endswith(",1,2,3")


TOWN = entity({"in": of_kind(AttributeKind.RELATIONSHIP, "urn:e:1"), "x": prop(1)}, id="urn:e:2")


def test_linked_entities_stand_inside_or_beside() -> None:
    linked = {"urn:e:1": SHELTER, "urn:e:2": TOWN}
    pick = read_picked("id,in{id,in}", TERMS)
    inline = Form(joining=Joining.INLINE, join_level=3, pick=pick)
    flat = Form(joining=Joining.FLAT, join_level=3, pick=pick, format=Format.SIMPLIFIED)

    # The loop back to urn:e:1 ends there.
    inside = {"id": "urn:e:2", "in": {"type": "Relationship", "object": "urn:e:1"}}
    assert entity_document(SHELTER, inline, TERMS, linked) == {
        "id": "urn:e:1",
        "in": {"type": "Relationship", "object": "urn:e:2", "entity": inside},
    }
    assert flat_documents([SHELTER], flat, TERMS, linked) == [
        {"id": "urn:e:1", "in": "urn:e:2"},
        {"id": "urn:e:2", "in": "urn:e:1"},
    ]


def effect(kind: EffectKind, before: Instance | None, after: Instance | None) -> Effect:
    return Effect(name=f"{V}a", dataset=DEFAULT_INSTANCE, kind=kind, before=before, after=after)


def test_notifications_tell_what_was_before_and_what_is_gone() -> None:
    change = Change(operation=Operation.MERGE, entity_id="urn:e:1")
    one, two, none = entity({"a": prop(1)}), entity({"a": prop(2)}), entity({})
    updated = Outcome(
        change=change,
        before=one,
        after=two,
        effects=(effect(EffectKind.UPDATED, prop(1), prop(2)),),
    )
    deleted = Outcome(
        change=change, before=one, after=none, effects=(effect(EffectKind.DELETED, prop(1), None),)
    )
    gone = Outcome(change=change, before=one, after=None)
    own: dict[str, JsonValue] = {"id": "urn:e:1", "type": "Shelter"}
    null = "urn:ngsi-ld:null"

    def told(outcome: Outcome, form: Form = NORMALIZED, **more: object) -> object:
        return notification_document(outcome, form, TERMS, at=LATER, **more)  # type: ignore[arg-type]

    changed = {"type": "Property", "value": 2, "previousValue": 1}
    assert told(updated) == {**own, "a": {"type": "Property", "value": 2}}
    assert told(updated, shows_changes=True) == {**own, "a": changed}
    assert told(deleted) == {**own, "a": {"type": "Property", "value": null}}
    assert told(deleted, Form(format=Format.SIMPLIFIED)) == {**own, "a": null}
    assert told(gone) == {**own, "deletedAt": "2026-11-22T04:00:00Z"}
    assert told(gone, shows_changes=True) == {
        **own,
        "deletedAt": "2026-11-22T04:00:00Z",
        "a": {"type": "Property", "value": null, "previousValue": 1},
    }


def test_times_have_a_fraction_only_when_there_is_one() -> None:
    assert render_time(AT) == "2026-11-22T03:00:00Z"
    assert render_time(AT.replace(microsecond=120_000)) == "2026-11-22T03:00:00.120Z"
    assert render_time(AT.replace(microsecond=7)) == "2026-11-22T03:00:00.000007Z"


names = st.sampled_from(["alpha", "beta", "gamma"])
scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.text("abcé{", min_size=1, max_size=6),
    st.floats(-1e6, 1e6),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["k", "type", "value", "Point"]), inner, max_size=2),
    ),
    max_leaves=6,
)
geometries = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(
    lambda c: {"type": "Point", "coordinates": [*c]}
)
uris = st.sampled_from(["urn:x:1", "urn:x:2"])
bare = st.one_of(
    st.builds(of_kind, st.just(AttributeKind.PROPERTY), st.one_of(values, geometries)),
    st.builds(of_kind, st.just(AttributeKind.GEO_PROPERTY), geometries),
    st.builds(of_kind, st.just(AttributeKind.RELATIONSHIP), uris),
    st.builds(
        of_kind,
        st.just(AttributeKind.LANGUAGE_PROPERTY),
        st.dictionaries(st.sampled_from(["ja", "en"]), st.text(max_size=4), min_size=1),
    ),
    st.builds(of_kind, st.just(AttributeKind.VOCAB_PROPERTY), uris),
    st.builds(of_kind, st.just(AttributeKind.JSON_PROPERTY), st.lists(values, max_size=3)),
    st.builds(of_kind, st.just(AttributeKind.LIST_PROPERTY), st.lists(scalars, max_size=3)),
    st.builds(
        of_kind,
        st.just(AttributeKind.LIST_RELATIONSHIP),
        st.lists(uris.map(lambda uri: {"object": uri}), max_size=2),
    ),
)


UNITLESS = (
    AttributeKind.RELATIONSHIP,
    AttributeKind.LIST_RELATIONSHIP,
    AttributeKind.JSON_PROPERTY,
)


def dressed(instance: Instance, unit: str | None, at: bool, sub: Instance | None) -> Instance:
    return msgspec.structs.replace(
        instance,
        unit_code=None if instance.kind in UNITLESS else unit,
        observed_at=AT if at else None,
        subs={f"{V}sub": {DEFAULT_INSTANCE: sub}} if sub else {},
    )


instances = st.builds(
    dressed, bare, st.sampled_from([None, "CEL"]), st.booleans(), st.one_of(st.none(), bare)
)
datasets = st.dictionaries(
    st.sampled_from([DEFAULT_INSTANCE, "urn:d:1", "urn:d:2"]), instances, min_size=1
)
attributes = st.dictionaries(names.map(lambda name: f"{V}{name}"), datasets, max_size=3)


def read_back(document: dict[str, JsonValue] | None) -> Attributes:
    _, fragment = read_entity(msgspec.json.decode(msgspec.json.encode(document)), TERMS, AT)
    return fragment.attributes  # type: ignore[return-value]


@for_all(attributes)
@hypothesis_settings(max_examples=300)
def test_concise_and_normalized_are_read_back_the_same(found: Attributes) -> None:
    whole = Entity(id="urn:e:1", types=(f"{V}T",), attributes=found)

    normalized = read_back(entity_document(whole, Form(), TERMS))
    concise = read_back(entity_document(whole, Form(format=Format.CONCISE), TERMS))

    assert normalized == found
    assert concise == found


@for_all(datasets)
def test_simplified_never_loses_the_default_instance(found: dict[str, Instance]) -> None:
    whole = Entity(id="urn:e:1", types=(f"{V}T",), attributes={f"{V}a": found})

    document = entity_document(whole, Form(format=Format.SIMPLIFIED), TERMS)

    assert document is not None
    shown = document["a"]
    if len(found) > 1 or DEFAULT_INSTANCE not in found:
        assert isinstance(shown, dict)
        assert shown["dataset"].keys() == found.keys()  # type: ignore[union-attr]
    elif found[DEFAULT_INSTANCE].kind is AttributeKind.PROPERTY:
        assert shown == found[DEFAULT_INSTANCE].value


@for_all(attributes)
def test_omitting_everything_leaves_nothing(found: Attributes) -> None:
    whole = Entity(id="urn:e:1", types=(f"{V}T",), attributes=found)
    everything = ",".join(["id", "type", *(TERMS.compact_name(name) for name in found)])

    assert entity_document(whole, Form(omit=read_picked(everything, TERMS)), TERMS) is None
    assert entity_document(whole, Form(pick=read_picked("other", TERMS)), TERMS) is None


def test_an_entity_of_ten_attributes_is_shown_fast() -> None:
    ten = entity({f"attribute{n}": prop(n, observed_at=AT) for n in range(10)})
    form, rounds = Form(), 300
    best_s = 1.0
    for _ in range(5):
        started = perf_counter()
        for _ in range(rounds):
            entity_document(ten, form, TERMS)
        best_s = min(best_s, (perf_counter() - started) / rounds)

    # 60 µs is the aim; a busy machine gets room.
    assert best_s < 0.000_3
