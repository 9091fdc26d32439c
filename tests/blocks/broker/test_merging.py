"""What becomes of an entity when something is written: the table of the reference, and properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    NULL_URI,
    AttributeKind,
    Change,
    EffectKind,
    Entity,
    Fragment,
    Instance,
    JsonValue,
    Null,
    Operation,
    Outcome,
    Overlay,
)
from mieone.blocks.broker.problems import AlreadyExists, BadRequestData, ResourceNotFound
from mieone.blocks.broker.rules.merging import SCOPE, decide, decide_all, find_end, list_ends

T0 = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
T1 = T0 + timedelta(seconds=5)
ID = "urn:ngsi-ld:Shelter:1"
TYPE = "https://example.org/Shelter"
OTHER = "urn:ngsi-ld:Dataset:2"

names = st.sampled_from(["urn:a", "urn:b", "urn:c"])
datasets = st.sampled_from([DEFAULT_INSTANCE, OTHER])
scalars = st.one_of(st.integers(-9, 9), st.sampled_from(["x", "y"]), st.booleans())
values = st.one_of(scalars, st.dictionaries(st.sampled_from("pqr"), scalars, max_size=3))


def prop(value: JsonValue, **more: object) -> Instance:
    return Instance(kind=AttributeKind.PROPERTY, value=value, **more)  # type: ignore[arg-type]


instances = values.map(prop)
attributes = st.dictionaries(names, st.dictionaries(datasets, instances, min_size=1))
overlays = st.dictionaries(
    names,
    st.dictionaries(
        datasets,
        st.one_of(st.just(Null()), values.map(lambda value: Overlay(members={"value": value}))),
        min_size=1,
    ),
)


def shelter(attributes: dict[str, dict[str, Instance]], **more: object) -> Entity:
    made = decide(
        None,
        change(Operation.CREATE, types=(TYPE,), attributes=attributes, **more),
        T0,
    ).after
    assert made is not None
    return made


def change(operation: Operation, **fragment: object) -> Change:
    return Change(
        operation=operation,
        entity_id=ID,
        fragment=Fragment(**fragment),  # type: ignore[arg-type]
    )


def plain(entity: Entity | None) -> dict[str, dict[str, JsonValue]]:
    assert entity is not None
    return {
        name: {dataset: one.value for dataset, one in parts.items()}
        for name, parts in entity.attributes.items()
    }


def after(outcome: Outcome) -> Entity:
    assert outcome.problem is None
    assert outcome.after is not None
    return outcome.after


@for_all(attributes, overlays)
def test_a_merge_twice_is_a_merge_once(
    before: dict[str, dict[str, Instance]], patch: dict[str, dict[str, Overlay | Null]]
) -> None:
    merge = change(Operation.MERGE, overlays=patch)

    once = after(decide(shelter(before), merge, T1))
    twice = after(decide(once, merge, T1 + timedelta(seconds=1)))

    assert plain(once) == plain(twice)


@for_all(attributes, names, datasets)
def test_what_is_nulled_is_not_there(
    before: dict[str, dict[str, Instance]], name: str, dataset: str
) -> None:
    for operation, fragment in (
        (Operation.MERGE, {"overlays": {name: {dataset: Null()}}}),
        (Operation.UPDATE, {"attributes": {name: {dataset: Null()}}}),
    ):
        left = after(decide(shelter(before), change(operation, **fragment), T1))

        assert dataset not in left.attributes.get(name, {})
        assert name not in left.attributes or left.attributes[name]


@for_all(attributes, attributes)
def test_a_replaced_entity_is_what_was_sent(
    before: dict[str, dict[str, Instance]], sent: dict[str, dict[str, Instance]]
) -> None:
    for operation in (Operation.REPLACE, Operation.UPSERT_REPLACE):
        replaced = change(operation, types=(TYPE,), attributes=sent)

        outcome = decide(shelter(before), replaced, T1)

        assert plain(after(outcome)) == {
            name: {dataset: one.value for dataset, one in parts.items()}
            for name, parts in sent.items()
        }
        touched = {(effect.name, effect.dataset) for effect in outcome.effects}
        assert touched == {
            (name, dataset) for one in (before, sent) for name in one for dataset in one[name]
        }


@for_all(attributes, st.lists(st.tuples(st.sampled_from(list(Operation)), attributes), max_size=6))
def test_times_only_go_forward(
    start: dict[str, dict[str, Instance]],
    steps: list[tuple[Operation, dict[str, dict[str, Instance]]]],
) -> None:
    """createdAt of a kept entity never changes; modifiedAt never goes back, whatever the clock says."""
    entity = shelter(start)
    changes = [
        Change(
            operation=operation,
            entity_id=ID,
            fragment=Fragment(types=(TYPE,), attributes=dict(sent)),
            name=next(iter(sent), None),
        )
        for operation, sent in steps
    ]

    outcomes = decide_all({ID: entity}, changes, T0 - timedelta(hours=1))

    last: Entity | None = entity
    for outcome in outcomes:
        if outcome.problem is not None:
            continue
        if last is not None and outcome.after is not None:
            assert outcome.after.created_at == last.created_at
            assert last.modified_at is not None
            assert outcome.after.modified_at is not None
            assert outcome.after.modified_at > last.modified_at
        last = outcome.after


@for_all(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Operation)))))
def test_every_change_has_its_outcome_and_effects_tell_the_difference(
    steps: list[tuple[str, Operation]],
) -> None:
    changes = [
        Change(
            operation=operation,
            entity_id=key,
            fragment=Fragment(types=(TYPE,), attributes={"urn:a": {DEFAULT_INSTANCE: prop(1)}}),
            name="urn:a",
        )
        for key, operation in steps
    ]

    outcomes = decide_all({}, changes, T0)

    assert [one.change for one in outcomes] == changes
    current: dict[str, Entity | None] = {}
    for outcome in outcomes:
        key = outcome.change.entity_id
        assert outcome.before == current.get(key)
        if outcome.problem is None:
            current[key] = outcome.after
        else:
            assert outcome.after is None
            assert outcome.effects == ()


def test_creating_twice_is_refused_the_second_time() -> None:
    create = change(Operation.CREATE, types=(TYPE,))

    first, second = decide_all({}, [create, create], T0)

    assert first.was_created
    assert isinstance(second.problem, AlreadyExists)


def test_upserting_twice_creates_once() -> None:
    upsert = change(Operation.UPSERT_REPLACE, types=(TYPE,))

    first, second = decide_all({}, [upsert, upsert], T0)

    assert (first.was_created, second.was_created) == (True, False)
    assert second.problem is None


def test_deleting_twice_finds_nothing_the_second_time() -> None:
    delete = change(Operation.DELETE)

    first, second = decide_all({ID: shelter({})}, [delete, delete], T1)

    assert first.was_deleted
    assert isinstance(second.problem, ResourceNotFound)


@pytest.mark.parametrize(
    ("operation", "is_kept"),
    [
        (Operation.APPEND, False),
        (Operation.UPDATE, True),
        (Operation.UPSERT_UPDATE, True),
        (Operation.REPLACE_ATTRIBUTE, True),
        (Operation.REPLACE, False),
    ],
)
def test_created_at_of_a_replaced_instance(operation: Operation, is_kept: bool) -> None:
    entity = shelter({"urn:a": {DEFAULT_INSTANCE: prop(1)}})
    asked = Change(
        operation=operation,
        entity_id=ID,
        name="urn:a",
        fragment=Fragment(attributes={"urn:a": {DEFAULT_INSTANCE: prop(2)}}),
    )

    instance = after(decide(entity, asked, T1)).attributes["urn:a"][DEFAULT_INSTANCE]

    assert instance.value == 2
    assert instance.created_at == (T0 if is_kept else T1)
    assert instance.modified_at == T1


def test_an_append_without_overwriting_keeps_what_is_there() -> None:
    entity = shelter({"urn:a": {DEFAULT_INSTANCE: prop(1)}})
    asked = Change(
        operation=Operation.APPEND,
        entity_id=ID,
        keep_existing=True,
        fragment=Fragment(
            attributes={
                "urn:a": {DEFAULT_INSTANCE: prop(2), OTHER: prop(3)},
                "urn:b": {DEFAULT_INSTANCE: prop(4)},
            }
        ),
    )

    outcome = decide(entity, asked, T1)

    assert plain(outcome.after) == {
        "urn:a": {DEFAULT_INSTANCE: 1, OTHER: 3},
        "urn:b": {DEFAULT_INSTANCE: 4},
    }
    assert [one.name for one in outcome.not_updated] == ["urn:a"]


def test_scopes_are_replaced_added_or_not_brought() -> None:
    scoped = shelter({}, scopes=("/A",))
    asked = change(Operation.APPEND, scopes=("/B",))
    kept = Change(
        operation=Operation.APPEND, entity_id=ID, keep_existing=True, fragment=asked.fragment
    )

    assert after(decide(scoped, asked, T1)).scopes == ("/B",)
    assert after(decide(scoped, kept, T1)).scopes == ("/A", "/B")
    assert after(decide(scoped, change(Operation.UPDATE, scopes=("/B",)), T1)).scopes == ("/B",)
    without = decide(shelter({}), change(Operation.UPDATE, scopes=("/B",)), T1)
    assert after(without).scopes == ()
    assert [one.name for one in without.not_updated] == [SCOPE]


def test_types_are_added_and_never_taken() -> None:
    for operation in (
        Operation.UPDATE,
        Operation.APPEND,
        Operation.MERGE,
        Operation.UPSERT_UPDATE,
        Operation.UPSERT_REPLACE,
    ):
        left = after(decide(shelter({}), change(operation, types=("urn:T",)), T1))

        assert left.types == (TYPE, "urn:T")


def test_a_merge_goes_into_objects_and_languages() -> None:
    entity = shelter(
        {
            "urn:a": {DEFAULT_INSTANCE: prop({"p": 1, "q": {"r": 2, "s": 3}}, unit_code="CEL")},
            "urn:l": {
                DEFAULT_INSTANCE: Instance(
                    kind=AttributeKind.LANGUAGE_PROPERTY, value={"ja": "駅", "en": "station"}
                )
            },
        }
    )
    value: JsonValue = {"q": {"r": NULL_URI, "t": 4}, "u": {"v": NULL_URI, "w": 5}}
    asked = Change(
        operation=Operation.MERGE,
        entity_id=ID,
        language="en",
        fragment=Fragment(
            overlays={
                "urn:a": {DEFAULT_INSTANCE: Overlay(members={"value": value})},
                "urn:l": {DEFAULT_INSTANCE: Overlay(members={"value": "stop"})},
            }
        ),
    )

    left = after(decide(entity, asked, T1)).attributes

    assert left["urn:a"][DEFAULT_INSTANCE].value == {
        "p": 1,
        "q": {"s": 3, "t": 4},
        "u": {"w": 5},
    }
    assert left["urn:a"][DEFAULT_INSTANCE].unit_code == "CEL"
    assert left["urn:l"][DEFAULT_INSTANCE].value == {"ja": "駅", "en": "stop"}


def test_a_merge_moves_the_time_of_observation_where_there_was_one() -> None:
    entity = shelter(
        {"urn:a": {DEFAULT_INSTANCE: prop(1, observed_at=T0)}, "urn:b": {DEFAULT_INSTANCE: prop(1)}}
    )
    patch = Overlay(members={"value": 2})
    asked = Change(
        operation=Operation.MERGE,
        entity_id=ID,
        observed_at=T1,
        fragment=Fragment(
            overlays={"urn:a": {DEFAULT_INSTANCE: patch}, "urn:b": {DEFAULT_INSTANCE: patch}}
        ),
    )

    left = after(decide(entity, asked, T1)).attributes

    assert left["urn:a"][DEFAULT_INSTANCE].observed_at == T1
    assert left["urn:b"][DEFAULT_INSTANCE].observed_at is None


def test_a_partial_update_lays_members_over_and_keeps_the_kind() -> None:
    sub = {"urn:s": {DEFAULT_INSTANCE: prop("old")}}
    entity = shelter({"urn:a": {DEFAULT_INSTANCE: prop({"p": 1}, unit_code="CEL", subs=sub)}})

    def partial(overlay: Overlay | Null, dataset: str = DEFAULT_INSTANCE) -> Outcome:
        asked = Change(
            operation=Operation.PARTIAL,
            entity_id=ID,
            name="urn:a",
            fragment=Fragment(overlays={"urn:a": {dataset: overlay}}),
        )
        return decide(entity, asked, T1)

    changed = after(partial(Overlay(members={"value": {"q": 2}}))).attributes["urn:a"]
    assert changed[DEFAULT_INSTANCE].value == {"q": 2}
    assert changed[DEFAULT_INSTANCE].unit_code == "CEL"
    assert changed[DEFAULT_INSTANCE].subs["urn:s"][DEFAULT_INSTANCE].value == "old"
    assert changed[DEFAULT_INSTANCE].created_at == T0
    other = Overlay(members={"type": "Relationship", "value": "urn:x"}, kind="Relationship")
    assert isinstance(partial(other).problem, BadRequestData)
    assert isinstance(partial(Overlay(members={}), OTHER).problem, ResourceNotFound)
    assert after(partial(Null())).attributes == {}
    without = after(partial(Overlay(members={}, subs={"urn:s": {DEFAULT_INSTANCE: Null()}})))
    assert without.attributes["urn:a"][DEFAULT_INSTANCE].subs == {}


def test_an_attribute_is_deleted_by_instance_or_whole() -> None:
    entity = shelter({"urn:a": {DEFAULT_INSTANCE: prop(1), OTHER: prop(2)}}, scopes=("/A",))

    def delete(**how: object) -> Outcome:
        asked = Change(
            operation=Operation.DELETE_ATTRIBUTE,
            entity_id=ID,
            **{"name": "urn:a", **how},  # type: ignore[arg-type]
        )
        return decide(entity, asked, T1)

    assert plain(delete().after) == {"urn:a": {OTHER: 2}}
    assert plain(delete(dataset=OTHER).after) == {"urn:a": {DEFAULT_INSTANCE: 1}}
    assert plain(delete(every_dataset=True).after) == {}
    assert isinstance(delete(dataset="urn:ngsi-ld:Dataset:9").problem, ResourceNotFound)
    assert isinstance(delete(name="urn:z").problem, ResourceNotFound)
    assert after(delete(name=SCOPE)).scopes == ()


def test_what_is_over_ends_with_all_its_attributes() -> None:
    entity = shelter({"urn:a": {DEFAULT_INSTANCE: prop(1)}}, expires_at=T1)

    assert list_ends({ID: entity}, T0) == []
    (ended,) = decide_all({ID: entity}, list_ends({ID: entity}, T1), T1)

    assert ended.was_deleted
    assert [effect.kind for effect in ended.effects] == [EffectKind.DELETED]
    assert find_end(entity) == T1


def test_an_attribute_ends_by_itself() -> None:
    entity = shelter(
        {"urn:a": {DEFAULT_INSTANCE: prop(1, expires_at=T1), OTHER: prop(2)}},
        expires_at=T1 + timedelta(days=1),
    )

    (ended,) = decide_all({ID: entity}, list_ends({ID: entity}, T1), T1)

    assert find_end(entity) == T1
    assert plain(ended.after) == {"urn:a": {OTHER: 2}}
    assert [effect.kind for effect in ended.effects] == [EffectKind.DELETED]


def test_an_entity_of_another_type_is_not_the_one_that_is_meant() -> None:
    asked = Change(operation=Operation.DELETE, entity_id=ID, type_filter=("urn:T",))

    assert isinstance(decide(shelter({}), asked, T1).problem, ResourceNotFound)


@pytest.mark.parametrize(
    ("operation", "done", "left"),
    [(Operation.UPDATE_EXISTING, "urn:a", "urn:b"), (Operation.APPEND_STRICT, "urn:b", "urn:a")],
)
def test_v2_does_what_it_may_and_tells_the_rest(operation: Operation, done: str, left: str) -> None:
    entity = shelter({"urn:a": {DEFAULT_INSTANCE: prop(1)}})
    both = {"urn:a": {DEFAULT_INSTANCE: prop(2)}, "urn:b": {DEFAULT_INSTANCE: prop(2)}}

    outcome = decide(entity, change(operation, attributes=both), T1)
    nothing = decide(entity, change(operation, attributes={left: both[left]}), T1)

    assert outcome.problem is None
    assert outcome.updated == (done,)
    assert [kept.name for kept in outcome.not_updated] == [left]
    assert nothing.problem is not None
    assert nothing.effects == ()
