"""Which part of a change goes where: nothing is lost, and nothing is kept twice that must not be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Change,
    Entity,
    EntityInfo,
    Fragment,
    Instance,
    Operation,
    Registration,
    RegistrationInfo,
    SourceMode,
)
from mieone.blocks.broker.rules.registrations import expand_operations
from mieone.blocks.broker.rules.registrations.joining import Part, join_parts
from mieone.blocks.broker.rules.registrations.splitting import Source, split_change

NAMES = ("a", "b", "c", "d")
ID = "urn:x:1"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
MODES = [SourceMode.EXCLUSIVE, SourceMode.REDIRECT, SourceMode.INCLUSIVE, SourceMode.AUXILIARY]

names = st.lists(st.sampled_from(NAMES), unique=True, max_size=4)


@st.composite
def sources(draw: st.DrawFn) -> Source:
    mode = draw(st.sampled_from(MODES))
    held = draw(names.filter(bool) if mode is SourceMode.EXCLUSIVE else names)
    return Source(
        registration=Registration(
            id=f"urn:r:{draw(st.integers(0, 10**6))}",
            endpoint="http://source.example",
            mode=mode,
            information=(
                RegistrationInfo(
                    entities=(EntityInfo(types=("T",), id=ID),), properties=tuple(held)
                ),
            ),
        ),
        operations=expand_operations(["redirectionOps"]),
    )


def fragment(of: list[str]) -> Fragment:
    one = Instance(kind=AttributeKind.PROPERTY, value=1)
    return Fragment(types=("T",), attributes={name: {DEFAULT_INSTANCE: one} for name in of})


@for_all(of=names.filter(bool), asked=st.lists(sources(), max_size=5))
def test_every_attribute_goes_somewhere_and_an_exclusive_one_to_one_place(
    of: list[str], asked: list[Source]
) -> None:
    change = Change(operation=Operation.APPEND, entity_id=ID, fragment=fragment(of))

    split = split_change(change, asked, ("T",), is_batch=False)

    ours = set() if split.local is None else set(split.local.fragment.attributes)
    theirs = {name for share in split.shares for name in share.change.fragment.attributes}
    assert ours | theirs == set(of)
    for share in split.shares:
        sent = set(share.change.fragment.attributes)
        assert share.source.mode is not SourceMode.AUXILIARY
        if share.source.mode is not SourceMode.INCLUSIVE:
            assert ours.isdisjoint(sent)
        if share.source.mode is SourceMode.EXCLUSIVE:
            others = [one for one in split.shares if one is not share]
            assert all(sent.isdisjoint(one.change.fragment.attributes) for one in others)


@for_all(of=names.filter(bool))
def test_without_sources_a_change_stays_whole(of: list[str]) -> None:
    change = Change(operation=Operation.CREATE, entity_id=ID, fragment=fragment(of))

    split = split_change(change, (), ("T",), is_batch=False)

    assert split.local == change
    assert split.shares == ()


@for_all(parts=st.lists(names, min_size=1, max_size=5))
def test_a_joined_entity_has_what_any_part_has(parts: list[list[str]]) -> None:
    entities = [
        Entity(
            id=ID,
            types=("T",),
            attributes={
                name: {DEFAULT_INSTANCE: Instance(kind=AttributeKind.PROPERTY, value=place)}
                for name in held
            },
        )
        for place, held in enumerate(parts)
    ]

    joined = join_parts([Part(entity=entity) for entity in entities], NOW)

    assert joined is not None
    assert set(joined.attributes) == {name for held in parts for name in held}


def _part(name: str, ends: datetime | None, instance_ends: datetime | None = None) -> Part:
    one = Instance(kind=AttributeKind.PROPERTY, value=1, expires_at=instance_ends)
    entity = Entity(
        id=ID, types=("T",), attributes={name: {DEFAULT_INSTANCE: one}}, expires_at=ends
    )
    return Part(entity=entity)


def test_what_has_expired_joins_nothing() -> None:
    parts = [_part("a", None), _part("b", NOW), _part("c", None, NOW), _part("d", None, SOON)]

    joined = join_parts(parts, NOW)

    assert joined is not None
    assert set(joined.attributes) == {"a", "d"}
    assert join_parts([_part("b", NOW)], NOW) is None


def test_an_entity_that_all_see_ending_ends_with_the_last() -> None:
    joined = join_parts([_part("a", LATER), _part("b", SOON)], NOW)

    assert joined is not None
    assert joined.expires_at == LATER
    assert joined.attributes["a"][DEFAULT_INSTANCE].expires_at is None


def test_an_entity_that_one_alone_sees_ending_loses_what_he_told() -> None:
    joined = join_parts([_part("a", SOON), _part("b", None), _part("c", LATER, SOON)], NOW)

    assert joined is not None
    assert joined.expires_at is None
    ends = {name: held[DEFAULT_INSTANCE].expires_at for name, held in joined.attributes.items()}
    assert ends == {"a": SOON, "b": None, "c": SOON}
