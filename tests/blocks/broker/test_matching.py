"""Whom a change concerns: what the index finds is what every subscription, asked one by one, says."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AllTypes,
    AnyType,
    AttributeKind,
    Change,
    Compare,
    Comparison,
    Effect,
    EffectKind,
    Endpoint,
    Entity,
    EntitySelector,
    Filter,
    Instance,
    OneType,
    Operation,
    Outcome,
    Path,
    ScopeQuery,
    Subscription,
    SubscriptionId,
    SubscriptionKind,
    Trigger,
)
from mieone.blocks.broker.model.filter import decode_filter, encode_filter
from mieone.blocks.broker.rules.matching import SubscriptionIndex, decide_due, is_due

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAMES = [f"https://example.jp/{letter}" for letter in "abc"]
TYPES = [f"https://example.jp/{letter}" for letter in "XYZ"]
IDS = [f"urn:x:{number}" for number in range(4)]

one_type = st.sampled_from(TYPES).map(OneType)
type_selections = st.recursive(
    one_type,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AnyType(tuple(found))),
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AllTypes(tuple(found))),
    ),
    max_leaves=4,
)
selectors = st.builds(
    EntitySelector,
    ids=st.none() | st.lists(st.sampled_from(IDS), min_size=1, max_size=2).map(tuple),
    id_pattern=st.none() | st.sampled_from(["urn:x:[12]", "3$", "nothing"]),
    types=st.none() | type_selections,
)
conditions = st.builds(
    lambda name, value: Compare(
        path=Path(names=(name,), short=(name[-1],)),
        operator=Comparison.GREATER,
        values=(value,),
    ),
    st.sampled_from(NAMES),
    st.integers(0, 5),
)


@st.composite
def subscriptions(draw: st.DrawFn) -> list[Subscription]:
    return [
        Subscription(
            id=SubscriptionId(f"urn:s:{number}"),
            endpoint=Endpoint(uri="http://localhost/"),
            kind=draw(
                st.sampled_from([SubscriptionKind.ENTITIES] * 9 + [SubscriptionKind.SOURCES])
            ),
            selectors=tuple(draw(st.lists(selectors, max_size=2))),
            watched=tuple(draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))),
            triggers=tuple(draw(st.lists(st.sampled_from(list(Trigger)), max_size=3, unique=True))),
            filter=draw(st.none() | conditions.map(Filter)),
            scope=draw(st.none() | st.just(ScopeQuery(alternatives=(("/Mie/#",),)))),
            datasets=draw(st.none() | st.just((DEFAULT_INSTANCE,)) | st.just(("urn:d:1",))),
            only_real_changes=draw(st.booleans()),
            is_active=draw(st.sampled_from([None, True, True, False])),
            expires_at=draw(st.sampled_from([None, None, NOW, NOW + timedelta(seconds=1)])),
            interval_s=draw(st.sampled_from([None, None, None, 5.0])),
        )
        for number in range(draw(st.integers(1, 12)))
    ]


instances = st.builds(Instance, kind=st.just(AttributeKind.PROPERTY), value=st.integers(0, 5))
attributes = st.dictionaries(
    st.sampled_from(NAMES),
    st.dictionaries(st.sampled_from([DEFAULT_INSTANCE, "urn:d:1"]), instances, min_size=1),
)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    entity_id = draw(st.sampled_from(IDS))
    types = tuple(draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True)))
    scopes = draw(st.sampled_from([(), ("/Mie/Kihoku",), ("/Nara",)]))
    before, after = draw(st.none() | attributes), draw(st.none() | attributes)
    if before is None and after is None:
        after = {}
    effects = []
    for name in NAMES:
        for dataset in (DEFAULT_INSTANCE, "urn:d:1"):
            old = (before or {}).get(name, {}).get(dataset)
            new = (after or {}).get(name, {}).get(dataset)
            if old is None and new is None:
                continue
            kind = EffectKind.UPDATED
            kind = EffectKind.CREATED if old is None else kind
            kind = EffectKind.DELETED if new is None else kind
            effects.append(Effect(name=name, dataset=dataset, kind=kind, before=old, after=new))

    def entity(found: object) -> Entity | None:
        if found is None:
            return None
        return Entity(id=entity_id, types=types, scopes=scopes, attributes=found)

    return Outcome(
        change=Change(
            operation=Operation.UPDATE, entity_id=entity_id, is_forced=draw(st.booleans())
        ),
        before=entity(before),
        after=entity(after),
        effects=tuple(effects),
    )


@settings(max_examples=300)
@for_all(subscriptions(), outcomes())
def test_the_index_finds_exactly_those_who_are_due(
    every: list[Subscription], outcome: Outcome
) -> None:
    state = outcome.after or outcome.before
    assert state is not None

    found = decide_due(SubscriptionIndex(every), outcome, NOW)

    assert sorted(found) == sorted(
        one.id
        for one in every
        if one.kind is SubscriptionKind.ENTITIES
        and one.interval_s is None
        and is_due(one, outcome, state, NOW)
    )


@for_all(outcomes())
def test_without_a_word_additions_and_updates_of_attributes_are_told(outcome: Outcome) -> None:
    plain = Subscription(id=SubscriptionId("urn:s:1"), endpoint=Endpoint(uri="http://localhost/"))

    found = decide_due(SubscriptionIndex([plain]), outcome, NOW)

    expected = any(effect.kind is not EffectKind.DELETED for effect in outcome.effects)
    assert bool(found) == expected


@for_all(subscriptions())
def test_a_subscription_is_kept_as_it_is(every: list[Subscription]) -> None:
    for one in every:
        stored = msgspec.json.encode(one, enc_hook=encode_filter)
        assert msgspec.json.decode(stored, type=Subscription, dec_hook=decode_filter) == one
