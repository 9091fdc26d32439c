"""What is personal is found under any spelling, at any depth, and no value of it is ever told."""

from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Entity,
    Fragment,
    Instance,
    JsonValue,
    Overlay,
    Remembered,
)
from mieone.blocks.broker.problems import PersonalAttribute
from mieone.blocks.broker.rules.my_number import holds_my_number, mask
from mieone.blocks.broker.rules.personal import PersonalGroup, PersonalTerms
from mieone.core.my_number import has_right_check_digit

FILE = Path(__file__).parents[3] / "regions" / "mie" / "broker" / "personal.yaml"
GROUPS = msgspec.yaml.decode(FILE.read_bytes(), type=list[PersonalGroup])
TERMS = PersonalTerms(GROUPS)
ID = "urn:ngsi-ld:Shelter:1"
SHELTER = "https://example.org/Shelter"
# The example of the published rule, no number of anybody.
NUMBER = "123456789018"
SECRET = "secret-value"


def prop(value: JsonValue, **more: object) -> Instance:
    return Instance(kind=AttributeKind.PROPERTY, value=value, **more)  # type: ignore[arg-type]


def fragment(name: str, instance: Instance) -> Fragment:
    return Fragment(types=(SHELTER,), attributes={name: {DEFAULT_INSTANCE: instance}})


def test_the_regions_file_says_where_each_word_comes_from() -> None:
    assert GROUPS
    assert all(group.source and group.since <= date(2026, 11, 22) for group in GROUPS)


@pytest.mark.parametrize(
    "name",
    [
        "https://schema.org/birthDate",
        "https://uri.etsi.org/ngsi-ld/default-context/birth_date",
        "urn:x:Birth-Date",
        "https://example.org/terms#生年月日",
        "https://example.org/氏名",
    ],
)
def test_a_name_counts_in_any_vocabulary_and_spelling(name: str) -> None:
    with pytest.raises(PersonalAttribute) as refused:
        TERMS.check_open(ID, fragment(name, prop(SECRET)))

    assert SECRET not in refused.value.reason
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "instance",
    [
        prop(SECRET, subs={"urn:x:isPersonal": {DEFAULT_INSTANCE: prop(True)}}),
        prop(SECRET, subs={"urn:x:classification": {DEFAULT_INSTANCE: prop("PII")}}),
        prop(SECRET, subs={"urn:x:by": {DEFAULT_INSTANCE: prop({"a": [{"familyName": 1}]})}}),
        prop(SECRET, subs={"urn:x:givenName": {DEFAULT_INSTANCE: prop("x")}}),
        prop(
            SECRET,
            remembered=Remembered(metadata={"personal": {"type": "Boolean", "value": True}}),
        ),
    ],
)
def test_a_mark_or_a_member_makes_the_attribute_personal(instance: Instance) -> None:
    with pytest.raises(PersonalAttribute) as refused:
        TERMS.check_open(ID, fragment("urn:x:contact", instance))

    assert SECRET not in refused.value.reason


@pytest.mark.parametrize("depth", [1, 12, 13, 60])
def test_no_depth_hides_a_member(depth: int) -> None:
    value: JsonValue = {"birthDate": SECRET}
    for _ in range(depth):
        value = {"a": [value]}

    with pytest.raises(PersonalAttribute):
        TERMS.check_open(ID, fragment("urn:x:contact", prop(value)))


def test_a_list_of_numbers_hides_none_of_a_person() -> None:
    with pytest.raises(PersonalAttribute):
        TERMS.check_open(ID, fragment("urn:x:citizenId", prop([int(NUMBER)])))


def test_a_mark_that_says_no_is_none() -> None:
    open_one = prop(1, subs={"urn:x:isPersonal": {DEFAULT_INSTANCE: prop(False)}})

    TERMS.check_open(ID, fragment("urn:x:level", open_one))
    TERMS.check_open(ID, fragment("urn:x:telephone", prop("0598-00-0000")))
    TERMS.check_open(ID, fragment("urn:x:name", prop("A shelter")))


def test_some_names_are_personal_on_some_types_only() -> None:
    driver = fragment("urn:x:driverName", prop(SECRET))

    TERMS.check_open(ID, driver)
    with pytest.raises(PersonalAttribute):
        TERMS.check_open(ID, driver, ("https://example.org/Bus",))


def test_an_overlay_is_looked_through_as_well() -> None:
    mark = Overlay(members={"value": True})
    marked = Overlay(members={"value": SECRET}, subs={"urn:x:personal": {DEFAULT_INSTANCE: mark}})

    with pytest.raises(PersonalAttribute):
        TERMS.check_open(ID, Fragment(overlays={"urn:x:a": {DEFAULT_INSTANCE: marked}}))


def test_what_others_answer_is_cut_and_the_names_are_told() -> None:
    entity = Entity(
        id=ID,
        types=(SHELTER,),
        attributes={
            "urn:x:level": {DEFAULT_INSTANCE: prop(1)},
            "urn:x:birthDate": {DEFAULT_INSTANCE: prop(SECRET)},
        },
    )
    person = msgspec.structs.replace(entity, types=("https://schema.org/Person",))

    cut, names = TERMS.cut_personal(entity)

    assert cut is not None
    assert (set(cut.attributes), names) == ({"urn:x:level"}, ("urn:x:birthDate",))
    assert TERMS.cut_personal(cut) == (cut, ())
    assert TERMS.cut_personal(person)[0] is None


@for_all(st.text("0123456789", min_size=11, max_size=11))
def test_one_check_digit_of_ten_is_right(base: str) -> None:
    right = [digit for digit in "0123456789" if has_right_check_digit(base + digit)]

    assert len(right) == 1
    assert holds_my_number(f"urn:x:{base}{right[0]}")
    assert base not in mask(f"urn:x:{base}{right[0]}")


@for_all(st.text(max_size=40))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert mask(text) == text or holds_my_number(text)


@pytest.mark.parametrize("value", [NUMBER, int(NUMBER), "１２３４５６７８９０１８", [NUMBER]])
def test_a_number_of_a_person_is_refused_where_identifiers_stand(value: JsonValue) -> None:
    for name in ("urn:x:residenceId", "urn:x:受付番号"):
        with pytest.raises(PersonalAttribute) as refused:
            TERMS.check_open(ID, fragment(name, prop(value)))

        assert NUMBER not in refused.value.reason
    TERMS.check_open(ID, fragment("urn:x:height", prop(value)))
    with pytest.raises(PersonalAttribute):
        TERMS.check_open(f"urn:ngsi-ld:Shelter:{NUMBER}", Fragment(types=(SHELTER,)))
