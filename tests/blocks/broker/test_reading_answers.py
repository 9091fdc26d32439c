"""What is shown can be read again, in the reader's own words, and is the same."""

from datetime import UTC, datetime

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    DEFAULT_VOCABULARY,
    AttributeKind,
    Entity,
    Instance,
    JsonValue,
)
from mieone.blocks.broker.model.context import CORE_CONTEXT_URL
from mieone.blocks.broker.rules.forms.entities import entity_document
from mieone.blocks.broker.rules.forms.model import Form, Format
from mieone.blocks.broker.rules.reading import read_foreign_entity
from mieone.blocks.broker.rules.terms import ContextTerms, CoreTerms
from mieone.blocks.broker.store.contexts import read_core_documents

CORE_BODY = read_core_documents()[CORE_CONTEXT_URL].body
assert isinstance(CORE_BODY, dict)
CORE = CoreTerms(CORE_BODY["@context"])
READERS: tuple[JsonValue, ...] = (
    {},
    {"a": "https://example.org/a", "b": "https://example.org/b"},
    {"a": "https://example.org/b", "ex": "https://example.org/", "b": "https://example.org/a"},
    {"x": "https://example.org/value", "kind": "@type", "value": "https://example.org/c"},
)
names = st.sampled_from(
    [
        "https://example.org/a",
        "https://example.org/b",
        "https://example.org/value",
        f"{DEFAULT_VOCABULARY}a",
        f"{DEFAULT_VOCABULARY}value",
        f"{DEFAULT_VOCABULARY}type",
        "https://uri.etsi.org/ngsi-ld/location",
        "urn:example:name",
    ]
)
uris = st.sampled_from(["urn:x:1", "urn:x:2", "https://example.org/a#1"])
times = st.integers(0, 4_000_000_000_000).map(
    lambda at_ms: datetime.fromtimestamp(at_ms / 1000, UTC)
)
plain = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "value", "k", "object"]), inner, max_size=2)
    ),
    max_leaves=4,
)
VALUES: dict[AttributeKind, st.SearchStrategy[JsonValue]] = {
    AttributeKind.PROPERTY: plain,
    AttributeKind.GEO_PROPERTY: st.just({"type": "Point", "coordinates": [136.5, 34.5]}),
    AttributeKind.RELATIONSHIP: uris | st.lists(uris, min_size=1, max_size=2),
    AttributeKind.LANGUAGE_PROPERTY: st.dictionaries(
        st.sampled_from(["ja", "en-GB", "@none"]), st.text(max_size=3), min_size=1
    ),
    AttributeKind.VOCAB_PROPERTY: names | st.lists(names, min_size=1, max_size=2),
    AttributeKind.JSON_PROPERTY: plain | st.none(),
    AttributeKind.LIST_PROPERTY: st.lists(plain, max_size=2),
    AttributeKind.LIST_RELATIONSHIP: st.lists(
        uris.map(lambda uri: {"object": uri}), min_size=1, max_size=2
    ),
}


@st.composite
def instances(draw: st.DrawFn, depth: int = 0) -> Instance:
    kind = draw(st.sampled_from(AttributeKind))
    has_types = kind in (AttributeKind.RELATIONSHIP, AttributeKind.LIST_RELATIONSHIP)
    inner = (
        draw(st.dictionaries(names, st.builds(alone, instances(depth + 1)), max_size=2))
        if depth < 2
        else {}
    )
    return Instance(
        kind=kind,
        value=draw(VALUES[kind]),
        object_types=tuple(draw(st.lists(names, unique=True, max_size=2))) if has_types else (),
        observed_at=draw(st.none() | times),
        unit_code=draw(st.none() | st.just("CEL")),
        created_at=draw(times) if depth == 0 else None,
        modified_at=draw(times) if depth == 0 else None,
        subs=inner,
    )


def alone(instance: Instance) -> dict[str, Instance]:
    return {DEFAULT_INSTANCE: instance}


entities = st.builds(
    Entity,
    id=uris,
    types=st.lists(names, min_size=1, max_size=2, unique=True).map(tuple),
    scopes=st.lists(st.sampled_from(["/A", "/A/B"]), max_size=2, unique=True).map(tuple),
    attributes=st.dictionaries(
        names,
        st.dictionaries(
            st.sampled_from([DEFAULT_INSTANCE, "urn:x:d"]), instances(), min_size=1, max_size=2
        ),
        max_size=3,
    ),
    created_at=times,
    modified_at=times,
)


@settings(max_examples=300)
@for_all(
    entity=entities,
    context=st.sampled_from(READERS),
    shape=st.sampled_from([Format.NORMALIZED, Format.CONCISE]),
)
def test_what_is_shown_is_read_as_the_same(
    entity: Entity, context: JsonValue, shape: Format
) -> None:
    terms = ContextTerms(CORE, context, {}, urls=(), link="", inline=context)

    document = entity_document(entity, Form(format=shape, sys_attrs=True), terms)

    assert read_foreign_entity(document, terms) == entity
