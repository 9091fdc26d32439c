"""Whatever fits a scope query or a service path stands under its key."""

import json
from pathlib import Path

import msgspec
from hypothesis import example
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks import broker
from mieone.blocks.broker.model import Entity, EntitySelector, Identity, OneType, Query, ScopeQuery
from mieone.blocks.broker.rules.conditions import fits_scope
from mieone.blocks.broker.rules.narrowing import ByScopes, make_plan
from mieone.blocks.broker.rules.scope_keys import ANY, find_key, list_keys
from mieone.blocks.broker.rules.v2.names import fits_paths
from mieone.blocks.broker.store.entities import add_entities
from mieone.blocks.broker.store.querying import QUERIES
from mieone.core.database import Conn

from .given_stored import TENANT, entity

MIGRATION = Path(broker.__file__).parent / "migrations" / "0013_indexes.sql"

levels = st.sampled_from(("a", "b", "c", "x" * 300, "市" * 90))
scopes = st.lists(levels, min_size=1, max_size=10).map(lambda found: "/" + "/".join(found))
wanted = st.lists(levels | st.just("+"), max_size=10).flatmap(
    lambda found: st.sampled_from(("", "/#")).map(lambda end: "/" + "/".join(found) + end)
)


def scoped(*held: str) -> Entity:
    return msgspec.structs.replace(entity(1, ("Gauge",), {}), scopes=held)


@for_all(held=st.lists(scopes, max_size=3), pattern=wanted)
@example(held=["/"], pattern="/#")
@example(held=["/a/"], pattern="/a")
def test_what_fits_a_scope_query_stands_under_its_key(held: list[str], pattern: str) -> None:
    one = scoped(*held)

    fits = fits_scope(one, ScopeQuery(alternatives=((pattern.replace("//", "/"),),)))

    assert not fits or find_key(pattern) in list_keys(one)


@for_all(held=st.lists(scopes, max_size=2), own=scopes | st.just("/"), path=scopes)
@example(held=[], own="/", path="/")
def test_what_fits_a_service_path_stands_under_its_key(
    held: list[str], own: str, path: str
) -> None:
    identity = Identity(id="one", type="Gauge", path=own)
    one = msgspec.structs.replace(scoped(*held), identity=identity)

    for asked in (path, f"{path.rstrip('/')}/#", own):
        key = find_key(asked)
        assert not fits_paths([asked], one) or key == ANY or key in list_keys(one)


def test_scopes_and_service_paths_narrow_together_with_types() -> None:
    kinds = (EntitySelector(types=OneType("Gauge")),)
    scope = ScopeQuery(alternatives=(("/a/#", "/b"), ("/c/+/d",)))

    of_scopes = make_plan(Query(entities=kinds, scope=scope))
    of_paths = make_plan(Query(entities=kinds, paths=("/a/#", "/b")))
    of_all = make_plan(Query(entities=kinds, paths=("/#",)))

    assert len(of_scopes.parts) == 2
    assert ByScopes(keys=("/a/#", "/b")) in of_paths.parts
    assert len(of_all.parts) == 1


async def test_ten_thousand_scopes_are_asked_through_an_index(conn: Conn) -> None:
    await conn.execute(
        "INSERT INTO broker.entity_scope (tenant, key, sequence)"
        " SELECT $1, '/mie/' || made % 100, made FROM generate_series(1, 10000) AS made",
        TENANT.name,
    )

    plan = await conn.fetchval(
        f"EXPLAIN (FORMAT JSON) {QUERIES['walk_scopes']}", TENANT.name, 0, 64, ["/mie/7"]
    )

    text = json.dumps(plan)
    assert '"Index Name": "entity_scope_pkey"' in text
    assert "Seq Scan" not in text


FILLED = (
    (),
    ("/",),
    ("/a/b/", "/c"),
    ("/" + "/".join("abcdefghij"),),
    ("/a/" + "x" * 600,),
    ("/" + "x" * 511,),
    ("/" + "x" * 512,),
    ("/市/" + "市" * 168 + "/町",),
)


async def test_the_migration_fills_the_keys_that_the_writer_would(conn: Conn) -> None:
    held = [
        msgspec.structs.replace(scoped(*scopes), id=f"urn:x:{number}")
        for number, scopes in enumerate(FILLED)
    ]
    held += [
        msgspec.structs.replace(
            scoped(), id=f"urn:v2:{path}", identity=Identity(id=path, type="Gauge", path=path)
        )
        for path in ("/", "/a", "/a/b")
    ]
    sequences = await add_entities(conn, TENANT.name, held)
    written = MIGRATION.read_text(encoding="utf-8")
    filling = written[written.index("WITH path AS") : written.index("DROP INDEX")]
    await conn.execute(filling)

    rows = await conn.fetch(
        "SELECT sequence, array_agg(key) AS keys FROM broker.entity_scope"
        " WHERE tenant = $1 GROUP BY sequence",
        TENANT.name,
    )

    filled = {row["sequence"]: frozenset(row["keys"]) for row in rows}
    assert filled == {sequences[one.id]: list_keys(one) for one in held}
