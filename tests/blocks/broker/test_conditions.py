"""What fits: each kind of attribute, its sub-attributes and members, scopes."""

from datetime import UTC, datetime

import msgspec
import pytest

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    DEFAULT_VOCABULARY,
    AttributeKind,
    Entity,
    Instance,
    Iri,
    JsonValue,
)
from mieone.blocks.broker.rules.conditions import fits, fits_scope
from mieone.blocks.broker.rules.q import parse_q, parse_scope_q

from .test_q import TERMS

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


def name(short: str) -> Iri:
    return TERMS.expand_name(short)


def held(value: JsonValue, kind: AttributeKind = AttributeKind.PROPERTY) -> dict[str, Instance]:
    return {DEFAULT_INSTANCE: Instance(kind=kind, value=value, created_at=AT, modified_at=AT)}


LEVEL = Instance(
    kind=AttributeKind.PROPERTY,
    value=5,
    observed_at=AT,
    unit_code="MTR",
    created_at=AT,
    subs={name("accuracy"): held(0.5)},
)
THING = Entity(
    id="urn:ngsi-ld:Thing:1",
    types=(name("Thing"),),
    scopes=("/a/b/c", "/d"),
    created_at=AT,
    modified_at=AT,
    attributes={
        name("level"): {
            DEFAULT_INSTANCE: LEVEL,
            "urn:d:1": msgspec.structs.replace(LEVEL, value=50, observed_at=None, subs={}),
        },
        name("open"): held(True),
        name("list"): held([1, "x", 7.5]),
        name("day"): held("2026-04-01T21:00:00+09:00"),
        name("typed"): held({"@type": "DateTime", "@value": "2026-04-01T12:00:00Z"}),
        name("tree"): held({"a": {"b": [{"c": 1}, {"c": 2}]}, "n": None}),
        name("json"): held({"x": {"y": "z"}}, AttributeKind.JSON_PROPERTY),
        name("isIn"): held("urn:ngsi-ld:Town:1", AttributeKind.RELATIONSHIP),
        name("routes"): held(["urn:r:1", {"object": "urn:r:2"}], AttributeKind.LIST_RELATIONSHIP),
        name("label"): held(
            {"ja": "港", "en": ["port", "harbour"]}, AttributeKind.LANGUAGE_PROPERTY
        ),
        name("sort"): held(f"{DEFAULT_VOCABULARY}public", AttributeKind.VOCAB_PROPERTY),
    },
)


@pytest.mark.parametrize(
    "q",
    [
        "level==5",
        "level==5.0",
        "level>5",
        "level!=5",
        "level==4..6",
        "level.accuracy<1",
        "level.observedAt==2026-04-01T12:00:00Z",
        'level.unitCode=="MTR"',
        "level.datasetId==urn:d:1",
        "createdAt>=2026-04-01",
        'type=="https://uri.etsi.org/ngsi-ld/default-context/Thing"',
        "open==true",
        "open!=false",
        "list==7.5",
        'list=="x",9',
        "list!=2",
        "day==2026-04-01T12:00:00Z",
        "day>2026-04-01",
        "typed<=2026-04-01T12:00:00Z",
        "tree[a.b.c]==2",
        "tree[n]",
        'json[x.y]=="z"',
        "isIn==urn:ngsi-ld:Town:1",
        'isIn~="Town:[0-9]$"',
        "routes==urn:r:2",
        'label=="port"',
        'label[en]=="harbour"',
        'label[JA]=="港"',
        'label[*]=="港"',
        'sort=="public"',
        f"sort=={DEFAULT_VOCABULARY}public",
        "!nothing",
        "!level.nothing",
        'isIn!~="Village"',
    ],
)
def test_fits(q: str) -> None:
    assert fits(THING, parse_q(q, TERMS))


@pytest.mark.parametrize(
    "q",
    [
        "level==6",
        'level=="5"',
        "level>50",
        "level.accuracy>1",
        "level.nothing",
        "open==1",
        'open=="true"',
        "open>0",
        "list!=1",
        "nothing==1",
        "nothing!=1",
        'nothing!~="x"',
        "day<2026-04-01",
        "tree==1",
        "tree[a.c]",
        'label[ja]=="port"',
        'label[fr]!="x"',
        'sort=="private"',
        "!level",
        'day>"z"',
        "isIn>5",
    ],
)
def test_fits_not(q: str) -> None:
    assert not fits(THING, parse_q(q, TERMS))


def test_only_the_chosen_instances_are_looked_at() -> None:
    assert not fits(THING, parse_q("level==5", TERMS), ("urn:d:1",))
    assert fits(THING, parse_q("level==50", TERMS), ("urn:d:1",))


def test_a_reserved_name_of_another_vocabulary_is_an_attribute() -> None:
    own = msgspec.structs.replace(THING, attributes={f"{CORE_VOCABULARY}observedAt": held(1)})

    assert fits(own, parse_q("observedAt==1", TERMS))


@pytest.mark.parametrize(
    ("scope_q", "expected"),
    [
        ("/a/b/c", True),
        ("/a/b", False),
        ("/a/#", True),
        ("/a/b/c/#", True),
        ("/a/b/c/d/#", False),
        ("/a/+/c", True),
        ("/+/+", False),
        ("/#", True),
        ("/d;/a/#", True),
        ("/d;/e", False),
        ("/e,/d", True),
    ],
)
def test_scopes(scope_q: str, expected: bool) -> None:
    assert fits_scope(THING, parse_scope_q(scope_q)) is expected


def test_an_entity_without_scopes_is_in_none() -> None:
    assert not fits_scope(msgspec.structs.replace(THING, scopes=()), parse_scope_q("/#"))
