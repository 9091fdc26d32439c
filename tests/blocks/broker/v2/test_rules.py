"""The mapping between v2 and the model, for values nobody thought of."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.model import Entity, Identity, Instance
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.rules.v2.bodies import BodyForm, read_entity
from mieone.blocks.broker.rules.v2.names import (
    Names,
    NoTerms,
    fits_path,
    list_candidate_ids,
    read_made_id,
)
from mieone.blocks.broker.rules.v2.operators import operate
from mieone.blocks.broker.rules.v2.paths import read_paths
from mieone.blocks.broker.rules.v2.querying import parse_geo, parse_order, parse_q
from mieone.blocks.broker.rules.v2.showing import Shape, entity_document
from mieone.blocks.broker.rules.v2.templates import fill_json, fill_text
from mieone.blocks.broker.rules.v2.times import find_time, write_time

NAMES = Names(NoTerms())
names = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<>\"'=;()&?/#"),
    min_size=1,
    max_size=12,
)
attribute_names = names.filter(lambda name: name not in ("id", "type", "*", "dateExpires"))
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(
    st.characters(exclude_characters="<>\"'=;()\x00", exclude_categories=["Cs"]), max_size=12
)
plain = st.none() | st.booleans() | numbers | texts
values: st.SearchStrategy[Any] = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
kinds = names.filter(lambda name: name not in ("DateTime", "ISO8601") and ":" not in name) | (
    st.sampled_from(["Relationship", "LanguageProperty", "VocabProperty", "JsonProperty"])
    | st.sampled_from(["ListProperty", "ListRelationship", "None", "Text", "Number"])
)


def no_operator(value: object) -> bool:
    return not (isinstance(value, dict) and any(str(key).startswith("$") for key in value))


typed = st.fixed_dictionaries({"type": kinds, "value": values.filter(no_operator)})
attributes = st.builds(
    lambda one, metadata: {**one, "metadata": metadata},
    typed,
    st.dictionaries(names.filter(lambda name: name != "*"), typed, max_size=3),
)
entities = st.builds(
    lambda head, parts: {**parts, "id": head[0], "type": head[1]},
    st.tuples(names, names),
    st.dictionaries(attribute_names, attributes, max_size=3),
)


def kept(document: Any) -> Entity:
    body = read_entity(document, NAMES, BodyForm.NORMALIZED)
    assert body.type is not None
    identity = Identity(id=body.id, type=body.type)
    return Entity(
        id=list_candidate_ids(identity)[0],
        types=(NAMES.type_iri(body.type),),
        attributes={
            name: {key: one for key, one in instances.items() if isinstance(one, Instance)}
            for name, instances in body.content.fragment().attributes.items()
        },
        identity=identity,
    )


@for_all(document=entities)
def test_an_entity_comes_back_from_the_model_as_it_went_in(document: Any) -> None:
    assert entity_document(kept(document), NAMES, Shape()) == document


@for_all(name=names)
def test_names_are_told_as_they_were_read(name: str) -> None:
    assert NAMES.attribute_name(NAMES.attribute_iri(name)) == name
    assert NAMES.type_name(NAMES.type_iri(name)) == name


@for_all(one=names, other=names)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (NAMES.attribute_iri(one) == NAMES.attribute_iri(other)) == (one == other)


@for_all(name=names, kind=names)
def test_a_made_id_says_what_it_was_made_of(name: str, kind: str) -> None:
    made = list_candidate_ids(Identity(id=name, type=kind, path="/a"))

    assert read_made_id(made[-1]) == (kind, name)
    assert len(set(made)) == len(made)


@for_all(at=st.datetimes())
def test_a_time_is_read_as_it_is_written(at: Any) -> None:
    found = find_time(at.isoformat())

    assert found is not None
    assert find_time(write_time(found)) == found.replace(
        microsecond=found.microsecond // 1000 * 1000
    )


@for_all(text=st.text(max_size=40))
def test_no_text_breaks_a_query(text: str) -> None:
    for parse in (
        lambda: parse_q(text, NAMES),
        lambda: parse_q(text, NAMES, is_metadata=True),
        lambda: parse_geo(text, text, text),
        lambda: parse_geo("near;maxDistance:1", "polygon", text),
        lambda: parse_order(text, NAMES),
        lambda: read_paths(text, is_write=False),
        lambda: read_paths(text, is_write=True),
    ):
        with suppress(BrokerProblem):
            parse()


@for_all(
    text=st.text(alphabet="ab.'=!<>~:;,0159-TZ ", max_size=30),
)
def test_no_odd_query_breaks_the_parser(text: str) -> None:
    with suppress(BrokerProblem):
        parse_q(text, NAMES)


@for_all(document=values | st.dictionaries(names, values, max_size=4))
def test_no_body_breaks_the_reader(document: Any) -> None:
    for form in BodyForm:
        with suppress(BrokerProblem):
            read_entity(document, NAMES, form)


OPERATORS = "$inc $mul $min $max $push $addToSet $pull $pullAll $set $unset"


@for_all(
    name=st.sampled_from(OPERATORS.split()), operand=values, before=values, is_time=st.booleans()
)
def test_no_operand_breaks_an_operator(name: str, operand: Any, before: Any, is_time: bool) -> None:
    with suppress(BrokerProblem):
        operate({name: operand}, before, is_time=is_time)


@for_all(template=st.text(max_size=30), value=values)
def test_no_template_breaks_the_filling(template: str, value: Any) -> None:
    fill_text(template, {"a": value})
    fill_json([template, {"x": template}], {"a": value})


@for_all(value=values)
def test_a_macro_alone_is_the_value_itself(value: Any) -> None:
    assert fill_json("${ a }", {"a": value}) == value


@pytest.mark.parametrize(
    ("wanted", "path", "fits"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/#", "/", True),
        ("/#", "/a/b", True),
        ("/a", "/a", True),
        ("/a", "/a/b", False),
        ("/a/#", "/a", True),
        ("/a/#", "/a/b/c", True),
        ("/a/#", "/ab", False),
        ("/a/#", "/", False),
    ],
)
def test_a_tree_holds_its_root_and_what_is_below(wanted: str, path: str, fits: bool) -> None:
    assert fits_path(wanted, path) is fits
