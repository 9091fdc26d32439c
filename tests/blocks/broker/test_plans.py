"""What a statement reads grows with its answer, not with the tenant: also under a plan that was made
while the tables were empty, as those are that servers keep from their first minute."""

import copy
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

import pytest

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.reading import find_entity, list_entities, query
from mieone.blocks.broker.model import (
    Change,
    Entity,
    EntitySelector,
    Fragment,
    GeoQuery,
    GeoRelation,
    JsonValue,
    OneType,
    Operation,
    Query,
    ScopeQuery,
)
from mieone.blocks.broker.rules.q import parse_q
from mieone.blocks.broker.rules.v2.names import NoTerms
from mieone.blocks.broker.store.v2 import list_named
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.roles import Connections
from tests.conftest import OneTransaction, cloned

from .given_stored import MADE_AT, TENANT, attributes, entity, place

HELD: Final = 3_000
MOST_READ: Final = 150
"""Rows of all tables and entries of all indexes, for an act on at most five entities."""
READS: Final = """
    SELECT kept.relname, pg_stat_get_xact_tuples_returned(kept.oid) AS rows_read
    FROM pg_class AS kept
    WHERE kept.relnamespace = 'broker'::regnamespace AND kept.relkind IN ('r', 'i')
"""

Act = Callable[[], Awaitable[object]]


def gauge(number: int) -> Entity:
    chance = random.Random(number)
    point: dict[str, JsonValue] = {
        "type": "Point",
        "coordinates": [136 + chance.random(), 34 + chance.random()],
    }
    held = attributes(level=chance.randrange(40), serial=number, word=f"word {number}")
    return entity(number, ("Gauge",), held | place(point))


def upsert(one: Entity, kind: str = "Gauge") -> Change:
    scopes = (f"/mie/{one.id[-6:].lstrip('0')}",)
    fragment = Fragment(types=(kind,), attributes=one.attributes, scopes=scopes)
    return Change(operation=Operation.UPSERT_REPLACE, entity_id=one.id, fragment=fragment)


def update(number: int, **values: JsonValue) -> Change:
    fragment = Fragment(attributes=attributes(**values))
    return Change(operation=Operation.UPDATE, entity_id=gauge(number).id, fragment=fragment)


def list_writes(broker: Broker, last: int) -> Mapping[str, Act]:
    few = [gauge(last - place) for place in range(5)]

    def write(*changes: Change) -> Act:
        return lambda: broker.writer.write(TENANT, changes)

    return {
        "one attribute": write(update(last, level=99)),
        "five entities": write(*(update(last - place, level=98) for place in range(5))),
        "a longer list": write(update(last, level=[1, 2, 3])),
        "a shorter list": write(update(last, level=[1])),
        "an upsert of five": write(*(upsert(one) for one in few)),
        "another type": write(upsert(few[0], "Other")),
        "a deletion": write(Change(operation=Operation.DELETE, entity_id=few[0].id)),
        "a creation": write(upsert(few[0])),
    }


def list_reads(conn: Conn, last: int) -> Mapping[str, Act]:
    ids = [gauge(last - place).id for place in range(5)]

    def ask(**asked: object) -> Act:
        kinds = (EntitySelector(types=OneType("Gauge")),)
        return lambda: query(conn, TENANT, Query(entities=kinds, limit=5, **asked))  # type: ignore[arg-type]

    def about(text: str) -> Act:
        return ask(condition=parse_q(text, Plain()))

    near = GeoQuery(
        relation=GeoRelation.NEAR,
        geometry={"type": "Point", "coordinates": [136.5, 34.5]},
        property="location",
        max_distance_m=500,
    )
    return {
        "one": lambda: find_entity(conn, TENANT, ids[0]),
        "some": lambda: list_entities(conn, TENANT, ids),
        "by v2 name": lambda: list_named(conn, TENANT.name, ids, ids, MADE_AT),
        "by id": lambda: query(
            conn, TENANT, Query(entities=(EntitySelector(ids=tuple(ids), is_v2=True),))
        ),
        "of a type": ask(),
        "equal number": about(f"serial=={last}"),
        "equal words": about(f'word=="word {last}"'),
        "range": about(f"serial>{last - 3};serial<={last}"),
        "near": ask(geo=near),
        "below a scope": ask(scope=ScopeQuery(alternatives=((f"/mie/{last}/#",),))),
        "under a service path": ask(paths=(f"/mie/{last}/#",)),
    }


class Plain(NoTerms):
    """Every name means itself."""

    def expand_name(self, term: str) -> str:
        return term


async def count_reads(conn: Conn, act: Act) -> dict[str, int]:
    before = dict(await conn.fetch(READS))
    await act()
    after = dict(await conn.fetch(READS))
    return {name: after[name] - before[name] for name in after if after[name] > before[name]}


@pytest.fixture(scope="module")
async def shared_clone(template: Connections) -> AsyncIterator[Connections]:
    """What others rolled back still takes room in a table, and the planner counts with it."""
    async with cloned(template) as made:
        yield made


@pytest.fixture
async def in_one(conn: Conn, broker_house: House) -> Broker:
    """Everything on one connection, which plans each statement once and never for its values."""
    await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    house = copy.copy(broker_house)
    house.database = OneTransaction(conn)
    return Broker(house)


async def test_what_an_act_reads_does_not_grow_with_the_tenant(conn: Conn, in_one: Broker) -> None:
    await run_all(conn, in_one, 10)
    for first in range(0, HELD, 500):
        await in_one.writer.write(
            TENANT, [upsert(gauge(number)) for number in range(first, first + 500)]
        )
    # If it is time to count for the quota, that happens now and not in between.
    await in_one.writer.write(TENANT, [upsert(gauge(HELD))])

    reads = await run_all(conn, in_one, HELD - 1)

    assert {name: read for name, read in reads.items() if sum(read.values()) > MOST_READ} == {}


async def run_all(conn: Conn, broker: Broker, last: int) -> dict[str, dict[str, int]]:
    acts: Sequence[Mapping[str, Act]] = (list_writes(broker, last), list_reads(conn, last))
    return {name: await count_reads(conn, act) for some in acts for name, act in some.items()}
