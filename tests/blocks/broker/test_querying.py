"""Queries through the indexes answer what the evaluator says of every entity, one by one."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from mieone.blocks.broker.actions.reading import find_entity, list_entities, query
from mieone.blocks.broker.actions.searching import Limits
from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    Absent,
    AllOf,
    AllTypes,
    AnyOf,
    AnyType,
    AttributeKind,
    Attributes,
    Compare,
    Comparison,
    Condition,
    Entity,
    EntitySelector,
    Exists,
    GeoQuery,
    GeoRelation,
    JsonValue,
    OneType,
    Order,
    Path,
    Query,
    Scalar,
    ScopeQuery,
    Span,
    TypeSelection,
)
from mieone.blocks.broker.problems import TooComplexQuery, TooManyResults
from mieone.blocks.broker.rules.conditions import fits_query
from mieone.blocks.broker.rules.narrowing import ByValues, make_plan
from mieone.core.database import Conn

from .given_stored import TENANT, attributes, entity, instance, place, stored

HASTY = Limits(rare=5, long_walk=40, many=30)
"""So small that a few hundred entities take every way through the search."""
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
VALUES: tuple[Callable[[random.Random], JsonValue], ...] = (
    lambda chance: chance.randrange(8),
    lambda chance: chance.randrange(16) / 2,
    lambda chance: chance.choice(("a", "b", "true", "urn:x:1", "x" * 600)),
    lambda chance: chance.choice((True, False)),
    lambda chance: [chance.randrange(8) for _ in range(chance.choice((0, 2, 20)))],
    lambda chance: (NOON + timedelta(hours=chance.randrange(4))).isoformat(),
    lambda chance: {"@type": "DateTime", "@value": NOON.isoformat()},
    lambda chance: {"deep": {"level": chance.randrange(4)}},
    lambda chance: 2**53 + chance.randrange(3),
    lambda chance: None,
)
SCALARS: tuple[Callable[[random.Random], Scalar | Span], ...] = (
    lambda chance: chance.randrange(8),
    lambda chance: chance.randrange(16) / 2,
    lambda chance: 2**53 + chance.randrange(3),
    lambda chance: chance.choice(("a", "b", "true", "urn:x:1", "x" * 600, "default/a")),
    lambda chance: chance.choice((True, False)),
    lambda chance: NOON + timedelta(hours=chance.randrange(4)),
    lambda chance: Span(chance.randrange(4), 4 + chance.randrange(4)),
    lambda chance: Span(NOON, NOON + timedelta(hours=chance.randrange(3))),
    lambda chance: Span("a", "b"),
)
NAMES = ("one", "two", "three", "rare")


def some_attributes(chance: random.Random) -> Attributes:
    held: Attributes = {}
    for name in NAMES:
        if chance.random() > (0.05 if name == "rare" else 0.7):
            continue
        value = chance.choice(VALUES)(chance)
        held[name] = {DEFAULT_INSTANCE: instance(value)}
        match chance.randrange(8):
            case 0:
                held[name]["urn:d:1"] = instance(chance.randrange(8))
            case 1:
                texts: JsonValue = {"en": "a", "ja": chance.choice(("b", ["a", "c"]))}
                held[name] = {DEFAULT_INSTANCE: instance(texts, AttributeKind.LANGUAGE_PROPERTY)}
            case 2:
                vocabulary: JsonValue = chance.choice(("default/a", ["default/b", "default/c"]))
                held[name] = {DEFAULT_INSTANCE: instance(vocabulary, AttributeKind.VOCAB_PROPERTY)}
    return held


def some_condition(chance: random.Random, depth: int = 0) -> Condition:
    shape = chance.randrange(10)
    if depth < 2 and shape < 4:
        parts = tuple(some_condition(chance, depth + 1) for _ in range(chance.choice((2, 3))))
        return AllOf(parts) if shape < 2 else AnyOf(parts)
    members = chance.choice(((), (), (), ("deep", "level"), ("en",)))
    name = chance.choice(NAMES)
    path = Path(names=(name,), short=(name,), members=members)
    if shape == 4:
        return Exists(path)
    if shape == 5:
        return Absent(path)
    if shape == 6:
        return some_range(chance, path)
    operator = chance.choice(list(Comparison))
    values = tuple(chance.choice(SCALARS)(chance) for _ in range(chance.choice((1, 1, 2))))
    if operator in (Comparison.MATCH, Comparison.NO_MATCH):
        values = (chance.choice(("^a", "x+", "[bc]")),)
    expanded = tuple(f"default/{value}" for value in values if isinstance(value, str))
    return Compare(path=path, operator=operator, values=values, expanded=expanded)


def some_range(chance: random.Random, path: Path) -> Condition:
    """Both ends of one attribute, sometimes of different sorts or the wrong way round."""
    low, high = (
        chance.choice((chance.randrange(8), NOON + timedelta(hours=chance.randrange(4))))
        for _ in range(2)
    )
    above = chance.choice((Comparison.GREATER, Comparison.GREATER_EQUAL))
    below = chance.choice((Comparison.LESS, Comparison.LESS_EQUAL))
    return AllOf(
        (
            Compare(path=path, operator=above, values=(low,)),
            Compare(path=path, operator=below, values=(high,)),
        )
    )


def some_types(chance: random.Random) -> TypeSelection:
    one, other = OneType(chance.choice("ABC")), OneType(chance.choice("ABCD"))
    return chance.choice((one, AllTypes((one, other)), AnyType((one, other))))


def some_scopes(chance: random.Random) -> ScopeQuery:
    patterns = ("/a", "/a/#", "/+/b", "/#", "/c/+", "/d")
    return ScopeQuery(
        alternatives=tuple(
            tuple(chance.sample(patterns, chance.choice((1, 1, 2))))
            for _ in range(chance.choice((1, 2)))
        )
    )


def some_place(chance: random.Random) -> GeoQuery:
    """Round the antimeridian and the pole, where boxes are in pieces; with a hole around the middle."""
    point = [chance.choice((179.9, -179.9, 0.0)), chance.choice((0.0, 89.9))]
    least = chance.choice((None, 20_000.0))
    most = 100_000.0 if least is None else chance.choice((None, 200_000.0))
    return GeoQuery(
        relation=GeoRelation.NEAR,
        geometry={"type": "Point", "coordinates": list[JsonValue](point)},
        property="location",
        max_distance_m=most,
        min_distance_m=least,
    )


def some_location(chance: random.Random) -> Attributes:
    longitude = chance.choice((-180, -179.9, -0.1, 0, 0.1, 179.5, 180))
    return place({"type": "Point", "coordinates": [longitude, chance.choice((0, 0.3, 89.5, 90))]})


def some_query(chance: random.Random, ids: list[str]) -> Query:
    selectors: list[EntitySelector] = []
    if chance.random() < 0.5:
        selectors.append(EntitySelector(types=some_types(chance)))
    if chance.random() < 0.2:
        selectors.append(EntitySelector(ids=tuple(chance.sample(ids, 5))))
    if chance.random() < 0.1:
        selectors = [EntitySelector(id_pattern=r"[13579]$", types=some_types(chance))]
    return Query(
        entities=tuple(selectors),
        attributes=tuple(chance.sample(NAMES, 2)) if chance.random() < 0.3 else (),
        condition=some_condition(chance) if chance.random() < 0.8 else None,
        datasets=(DEFAULT_INSTANCE,) if chance.random() < 0.2 else None,
        scope=some_scopes(chance) if chance.random() < 0.2 else None,
        paths=chance.choice((("/a",), ("/a/#", "/c"), ("/#",), ("/",)))
        if chance.random() < 0.15
        else (),
        geo=some_place(chance) if chance.random() < 0.2 else None,
        limit=chance.choice((0, 1, 7, 20, 400)),
        offset=chance.choice((0, 0, 3, 50)),
        wants_count=chance.random() < 0.3,
    )


@pytest.mark.parametrize("limits", [Limits(), HASTY], ids=["usual", "hasty"])
async def test_queries_answer_what_the_evaluator_says(conn: Conn, limits: Limits) -> None:
    chance = random.Random(7)
    everything = [
        entity(
            number,
            tuple(sorted(chance.sample("ABC", chance.choice((1, 2))))),
            some_attributes(chance) | (some_location(chance) if number % 3 else {}),
        )
        for number in range(400)
    ]
    everything = [
        msgspec.structs.replace(
            one, scopes=chance.choice(((), ("/a",), ("/a/b",), ("/c/b/x", "/a"), ("/c/b",)))
        )
        for one in everything
    ]
    sequences = await stored(conn, everything)
    everything.sort(key=lambda one: sequences[one.id])
    ids = [one.id for one in everything]

    for _ in range(600):
        asked = some_query(chance, ids)
        found = await query(conn, TENANT, asked, limits)

        fitting = [one for one in everything if fits_query(one, asked)]
        end = asked.offset + asked.limit
        assert [one.id for one in found.entities] == [
            one.id for one in fitting[asked.offset : end]
        ], asked
        if asked.limit:
            assert found.has_more == (len(fitting) > end)
        assert found.count == (len(fitting) if asked.wants_count else None), asked


async def test_both_ends_of_a_range_may_be_met_by_different_values(conn: Conn) -> None:
    lists: list[JsonValue] = [[1, 9], [1, 2], 5, 1, 9]
    things = [entity(at, ("A",), attributes(one=value)) for at, value in enumerate(lists)]
    things[4].attributes["one"]["urn:d:1"] = instance(1)
    await stored(conn, things)
    path = Path(names=("one",), short=("one",))
    ends = AllOf(
        (
            Compare(path=path, operator=Comparison.GREATER_EQUAL, values=(4,)),
            Compare(path=path, operator=Comparison.LESS, values=(6,)),
        )
    )

    [joined] = make_plan(Query(condition=ends)).parts
    found = await query(conn, TENANT, Query(condition=ends, limit=20, wants_count=True))

    assert isinstance(joined, ByValues)
    assert joined.is_joined
    assert {one.id for one in found.entities} == {things[at].id for at in (0, 2, 4)}
    assert found.count == 3


async def test_pages_by_cursor_join_without_seam_while_others_write(conn: Conn) -> None:
    chance = random.Random(3)
    firm = [entity(number, ("A",), attributes(one=number % 3)) for number in range(120)]
    await stored(conn, firm)
    asked = Query(
        entities=(EntitySelector(types=OneType("A")),),
        condition=Compare(
            path=Path(names=("one",), short=("one",)), operator=Comparison.LESS, values=(2,)
        ),
        limit=7,
    )
    gone = {one.id for one in chance.sample(firm, 30)}

    seen: list[str] = []
    made = 1000
    while True:
        found = await query(conn, TENANT, asked, HASTY)
        seen.extend(one.id for one in found.entities)
        if not found.has_more:
            break
        asked = msgspec.structs.replace(asked, after=found.sequences[-1])
        if made < 1010:
            await stored(conn, [entity(made, ("A",), attributes(one=1))])
            made += 1
        await conn.execute(
            "DELETE FROM broker.entity WHERE tenant = $1 AND id = ANY($2::text[])",
            TENANT.name,
            [gone.pop() for _ in range(min(3, len(gone)))],
        )

    assert len(seen) == len(set(seen))
    kept = [one.id for one in firm if await find_entity(conn, TENANT, one.id) is not None]
    expected = {one for one in kept if int(one[-6:]) % 3 < 2}
    assert expected <= set(seen)


async def test_the_expired_are_not_found(conn: Conn) -> None:
    over = datetime(2020, 1, 1, tzinfo=UTC)
    some = [entity(number, ("A",), attributes(one=1)) for number in range(6)]
    some[2] = msgspec.structs.replace(some[2], expires_at=over)
    await stored(conn, some)
    by_type = (EntitySelector(types=OneType("A")),)

    found = await query(conn, TENANT, Query(entities=by_type, wants_count=True, limit=3))

    assert await find_entity(conn, TENANT, some[2].id) is None
    assert len(await list_entities(conn, TENANT, [one.id for one in some])) == 5
    assert found.count == 5
    assert [one.id for one in found.entities] == [some[n].id for n in (0, 1, 3)]


async def test_what_would_cost_too_much_is_refused(conn: Conn) -> None:
    await stored(conn, [entity(number, ("A",), attributes(one=number)) for number in range(80)])
    pattern = Query(entities=(EntitySelector(id_pattern="nothing"),))
    without = Query(condition=Absent(Path(names=("one",), short=("one",))))
    everything = Query(
        entities=(EntitySelector(types=OneType("A")),), order=(Order(path=None, member="id"),)
    )

    with pytest.raises(TooComplexQuery):
        await query(conn, TENANT, without, Limits(documents=20))
    with pytest.raises(TooComplexQuery):
        await query(conn, TENANT, pattern, Limits(longest_walk=20))
    with pytest.raises(TooManyResults):
        await query(conn, TENANT, everything, Limits(sorted=20))


def _ids(entities: tuple[Entity, ...]) -> list[int]:
    return [int(one.id[-6:]) for one in entities]


async def test_orders(conn: Conn) -> None:
    values: tuple[JsonValue, ...] = (3, 1, "b", None, 2, "a")
    some = [
        entity(number, ("B" if number % 2 else "A",), attributes(one=value))
        for number, value in enumerate(values)
    ]
    some[4] = msgspec.structs.replace(some[4], attributes={})
    await stored(conn, some)
    path = Path(names=("one",), short=("one",))

    async def ordered(*orders: Order) -> list[int]:
        selector = EntitySelector(types=AnyType((OneType("A"), OneType("B"))))
        return _ids((await query(conn, TENANT, Query(entities=(selector,), order=orders))).entities)

    assert await ordered(Order(path=path)) == [1, 0, 5, 2, 3, 4]
    assert await ordered(Order(path=path, is_descending=True)) == [2, 5, 0, 1, 3, 4]
    assert await ordered(Order(path=None, member="type"), Order(path=path)) == [0, 2, 4, 1, 5, 3]
    assert await ordered(Order(path=None, member="id", is_descending=True)) == [5, 4, 3, 2, 1, 0]
