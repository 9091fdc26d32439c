"""Terms: expansion as JSON-LD has it, compaction as its mirror."""

import msgspec
import pytest
from hypothesis import assume, example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from pyld import jsonld

from mieone.blocks.broker.model import DEFAULT_VOCABULARY, JsonValue
from mieone.blocks.broker.model.context import CORE_CONTEXT_URL
from mieone.blocks.broker.problems import BadRequestData, BrokerProblem
from mieone.blocks.broker.rules.terms import ContextTerms, CoreTerms, is_name
from mieone.blocks.broker.store.contexts import read_core_documents

CORE_BODY = read_core_documents()[CORE_CONTEXT_URL].body
assert isinstance(CORE_BODY, dict)
CORE_CONTEXT = CORE_BODY["@context"]
CORE = CoreTerms(CORE_CONTEXT)
assert isinstance(CORE_CONTEXT, dict)
# Enough of it for the names drawn below; the whole makes PyLD slow.
SMALL_CORE = {
    term: CORE_CONTEXT[term]
    for term in ("ngsi-ld", "geojson", "id", "type", "value", "location", "vocab", "@vocab")
}


def terms_of(context: JsonValue, documents: dict[str, JsonValue] | None = None) -> ContextTerms:
    return ContextTerms(CORE, context, documents or {}, urls=(), link="", inline=context)


short = st.sampled_from(["a", "b", "ab", "name", "value", "ex", "eg", "color", "型", "location"])
absolute = st.sampled_from(
    [
        "https://example.org/a",
        "https://example.org/",
        "https://example.org/x#",
        "https://example.org/ab",
        "urn:example:name",
        "https://uri.etsi.org/ngsi-ld/default-context/b",
        "https://uri.etsi.org/ngsi-ld/hasValue",
    ]
)
targets = absolute | st.sampled_from(["ex:a", "eg:color", "ngsi-ld:foo", "@id", "@type"])
definitions = (
    targets
    | st.none()
    | st.fixed_dictionaries(
        {"@id": targets}, optional={"@type": st.sampled_from(["@id", "@vocab", "ex:T", "@json"])}
    )
)
contexts = st.dictionaries(short, definitions, max_size=6)
several = contexts | st.lists(contexts, max_size=3)
names = (
    short
    | absolute
    | st.sampled_from(["ex:a", "ex:color", "eg:x/y", "ngsi-ld:foo", "tel:1", "unknown", "a.b"])
)
words = st.text(min_size=1, max_size=12).filter(is_name)


def expanded_by_pyld(context: JsonValue, name: str) -> str | None:
    """What PyLD makes of a name, or None when it drops it."""
    listed = context if isinstance(context, list) else [context]
    # Ours knows the core's prefixes from the start, and applies it last.
    document = {"@context": [SMALL_CORE, *listed, SMALL_CORE], name: {"https://x.example/v": 1}}
    expanded = jsonld.expand(document)
    found = [key for node in expanded for key in node]
    return found[0] if found else None


@settings(max_examples=300)
@for_all(context=several, name=names)
def test_names_expand_as_a_json_ld_processor_expands_them(context: JsonValue, name: str) -> None:
    try:
        core = CoreTerms(SMALL_CORE)
        terms = ContextTerms(core, context, {}, urls=(), link="", inline=None)
        ours = terms.expand_name(name)
    except BadRequestData:
        assume(False)
    try:
        theirs = expanded_by_pyld(context, name)
    except jsonld.JsonLdError:
        # It refuses more than we need to: terms that clash with the core's prefixes, for one.
        assume(False)

    assume(theirs is not None and not theirs.startswith("@"))

    assert ours == theirs


@settings(max_examples=300)
@for_all(context=several, name=names | words)
def test_whatever_is_expanded_is_found_again(context: JsonValue, name: str) -> None:
    try:
        terms = terms_of(context)
        iri = terms.expand_name(name)
    except BadRequestData:
        assume(False)

    assert terms.expand_name(terms.compact_name(iri)) == iri


@settings(max_examples=200)
@for_all(writer=contexts, reader=contexts, name=names | words)
def test_a_reader_names_what_a_writer_meant(
    writer: dict[str, JsonValue], reader: dict[str, JsonValue], name: str
) -> None:
    try:
        iri = terms_of(writer).expand_name(name)
        other = terms_of(reader)
    except BadRequestData:
        assume(False)
    scheme = iri.partition(":")[0]
    # An IRI whose scheme the reader takes for a prefix cannot be said in his context at all.
    assume(scheme not in reader)

    assert other.expand_name(other.compact_name(iri)) == iri


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | targets | short,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            short
            | st.sampled_from(
                ["@id", "@type", "@vocab", "@context", "@import", "@base", "@protected"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400)
@for_all(context=json, name=st.text(max_size=10))
@example(context={"@vocab": 5}, name="a")
@example(context={"a": "b:c", "b": "a:c"}, name="a")
@example(context={"a": {"@id": "a"}}, name="a")
def test_no_context_breaks_us(context: JsonValue, name: str) -> None:
    try:
        terms = terms_of(context)
        terms.compact_name(terms.expand_name(name))
        terms.member(name)
    except BrokerProblem:
        pass


def test_the_core_is_never_overridden() -> None:
    terms = terms_of(
        {"value": "https://example.org/value", "@vocab": "https://example.org/", "id": None}
    )

    assert terms.expand_name("value") == "https://uri.etsi.org/ngsi-ld/hasValue"
    assert terms.expand_name("unknown") == f"{DEFAULT_VOCABULARY}unknown"
    assert terms.member("id") == "id"


def test_terms_take_the_vocabulary_that_held_when_they_were_defined() -> None:
    context: JsonValue = {"@vocab": "https://example.org/", "name": {"@type": "@vocab"}}

    assert terms_of(context).expand_name("name") == "https://example.org/name"


def test_the_shortest_term_wins_and_then_the_first() -> None:
    iri = "https://example.org/temperature"

    assert terms_of({"temp": iri, "t2": iri, "t1": iri}).compact_name(iri) == "t1"
    assert terms_of({"ex": "https://example.org/"}).compact_name(iri) == "ex:temperature"
    assert terms_of({}).compact_name(iri) == iri


def test_a_name_that_the_core_uses_otherwise_is_never_compacted_to_it() -> None:
    iri = f"{DEFAULT_VOCABULARY}value"

    compact = terms_of({}).compact_name(iri)

    assert compact != "value"
    assert terms_of({}).expand_name(compact) == iri


def test_aliases_of_keywords_are_members() -> None:
    terms = terms_of({"identifier": "@id", "kind": "@type", "at": "ngsi-ld:observedAt"})

    assert [terms.member(each) for each in ("identifier", "kind", "at", "@id", "other")] == [
        "id",
        "type",
        "observedAt",
        "id",
        None,
    ]


def test_remote_contexts_are_taken_in_their_order() -> None:
    documents: dict[str, JsonValue] = {
        "https://c.example/1": ["https://c.example/2", {"a": "https://example.org/1"}],
        "https://c.example/2": {"a": "https://example.org/2", "b": "https://example.org/b"},
    }

    terms = terms_of("https://c.example/1", documents)

    assert terms.expand_name("a") == "https://example.org/1"
    assert terms.expand_name("b") == "https://example.org/b"


@pytest.mark.parametrize(
    "context",
    [
        5,
        [[{"a": "https://example.org/a"}]],
        {"a": 5},
        {"a": "b", "b": "a"},
        {"": "https://example.org/"},
        {"@version": 1.0},
        {"a": {"@id": "@context"}},
        [{"@protected": True, "a": "https://example.org/a"}, {"a": "https://example.org/b"}],
    ],
)
def test_what_is_no_context_is_refused(context: JsonValue) -> None:
    with pytest.raises(BadRequestData):
        terms_of(context)


def test_contexts_that_include_each_other_without_end_are_refused() -> None:
    circle: dict[str, JsonValue] = {"https://c.example/1": "https://c.example/1"}
    doubling: dict[str, JsonValue] = {
        f"https://c.example/{n}": [f"https://c.example/{n + 1}"] * 2 for n in range(30)
    }

    for documents in (circle, doubling):
        with pytest.raises(BadRequestData):
            terms_of(next(iter(documents)), documents)


@pytest.mark.parametrize("name", ["", "a b", "<a>", 'a"', "@foo", "a\0b", "x" * 3000, "a(b)"])
def test_forbidden_characters_make_no_name(name: str) -> None:
    with pytest.raises(BadRequestData):
        terms_of({}).expand_name(name)


def test_vocabulary_values_come_back() -> None:
    terms = terms_of({"red": "https://example.org/red"})
    value: JsonValue = ["red", "unknown"]

    expanded = terms.expand_value("https://example.org/color", value)

    assert expanded == ["https://example.org/red", f"{DEFAULT_VOCABULARY}unknown"]
    assert terms.compact_value("https://example.org/color", expanded) == value


def test_core_documents_are_json_ld_and_known_by_url() -> None:
    documents = read_core_documents()

    assert len(documents) == 9
    for document in documents.values():
        assert isinstance(document.body, dict)
        assert msgspec.json.encode(document.body["@context"])
