"""Whatever is written in whatever order: nothing that is personal on the types of the end is kept."""

import itertools
from typing import Any

import httpx
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.core.house import House

LD = "/ngsi-ld/v1"
NUMBER = itertools.count(1)
# What the region's list says, told once more and on its own.
PERSONAL_ON = {
    "Bus": {"drivername", "passenger"},
    "Building": {"ownername", "occupant"},
    "Bench": set[str](),
}
NAMES = ("driverName", "passenger", "ownerName", "speed", "info")

types = st.lists(st.sampled_from(sorted(PERSONAL_ON)), min_size=1, max_size=2, unique=True)
names = st.sampled_from(NAMES)
nested = st.sampled_from(["driver_name", "owner-name", "level"]).map(lambda name: [{name: "x"}])
plain = st.just(5)
attributes = st.one_of(
    st.builds(lambda value: {"type": "Property", "value": value}, plain | nested),
    st.builds(lambda value: {"type": "JsonProperty", "json": {"in": value}}, nested),
    st.builds(lambda value: {"type": "ListProperty", "valueList": value}, nested),
    st.builds(lambda word: {"type": "VocabProperty", "vocab": word}, st.sampled_from(["a", "b"])),
    st.just({"type": "LanguageProperty", "languageMap": {"ja": "x"}}),
    st.builds(lambda sub: {"type": "Property", "value": 1, sub: {"value": "x"}}, names),
)
bodies = st.dictionaries(names, attributes, min_size=1, max_size=2)
steps = st.one_of(
    st.tuples(
        st.sampled_from(
            ["create", "upsert", "update", "append", "merge", "replace", "v2", "past", "together"]
        ),
        types,
        bodies,
    ),
    st.tuples(st.sampled_from(["partial", "drop", "past_patch"]), names, attributes),
    st.tuples(st.sampled_from(["delete", "forget"]), st.none(), st.none()),
)
thorough = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@thorough
@for_all(st.lists(steps, min_size=2, max_size=9))
async def test_nothing_personal_is_kept_after_any_writes(
    broker_client: httpx.AsyncClient, broker_house: House, plan: list[Any]
) -> None:
    entity_id = f"urn:ngsi-ld:Thing:{next(NUMBER)}"
    done = []
    for step in plan:
        answer = await write(broker_client, entity_id, *step)
        done.append((step, answer.status_code, answer.text))
        assert answer.status_code < 500, done[-1]

        now, past, types_of_past = await kept(broker_house, entity_id)
        if now is not None:
            check_open(now["types"], now.get("attributes", {}), done)
        for name, document in past:
            check_open(types_of_past, {name: document}, done)


async def write(
    client: httpx.AsyncClient, entity_id: str, how: str, what: Any, body: Any
) -> httpx.Response:
    path = f"{LD}/entities/{entity_id}"
    whole = {"id": entity_id, "type": what, **(body or {})}
    match how:
        case "create":
            return await client.post(f"{LD}/entities", json=whole)
        case "upsert" | "update":
            query = "?options=update" if how == "update" else ""
            return await client.post(f"{LD}/entityOperations/upsert{query}", json=[whole])
        case "together":
            # The same entity three times in one transaction: what stood between is history as well.
            bare = {"id": entity_id, "type": ["Bench"]}
            batch = [{**bare, **body}, {**bare, "speed": {"value": 1}}, {**bare, "type": what}]
            return await client.post(f"{LD}/entityOperations/upsert", json=batch)
        case "append":
            return await client.post(f"{path}/attrs", json={"type": what, **body})
        case "merge":
            return await client.patch(path, json={"type": what, **body})
        case "replace":
            return await client.put(path, json=whole)
        case "v2":
            told = {
                name: {
                    "type": "StructuredValue",
                    "value": one.get("value"),
                    "metadata": {
                        key: {"value": [part]} for key, part in one.items() if key in NAMES
                    },
                }
                for name, one in body.items()
            }
            sent = {"id": entity_id, "type": what[0], **told}
            return await client.post("/v2/entities?options=upsert", json=sent)
        case "past":
            return await client.post(f"{LD}/temporal/entities", json=whole)
        case "partial":
            return await client.patch(f"{path}/attrs/{what}", json=body)
        case "drop":
            return await client.delete(f"{path}/attrs/{what}?deleteAll=true")
        case "past_patch":
            return await correct(client, entity_id, what, body)
        case "delete":
            return await client.delete(path)
        case _:
            return await client.delete(f"{LD}/temporal/entities/{entity_id}")


async def correct(
    client: httpx.AsyncClient, entity_id: str, name: str, body: Any
) -> httpx.Response:
    path = f"{LD}/temporal/entities/{entity_id}"
    found = await client.get(f"{path}?attrs={name}&options=sysAttrs")
    if found.status_code != 200:
        return found
    instances = found.json()[name]
    one = instances if isinstance(instances, dict) else instances[-1]
    return await client.patch(f"{path}/attrs/{name}/{one['instanceId']}", json={name: body})


async def kept(house: House, entity_id: str) -> tuple[Any, list[tuple[str, Any]], list[str]]:
    """What the tables hold, read without the code that is tested."""
    async with house.database.transaction() as conn:
        now = await conn.fetchval("SELECT document FROM broker.entity WHERE id = $1", entity_id)
        rows = await conn.fetch(
            "SELECT s.name, h.document FROM broker.series AS s "
            "JOIN broker.history AS h ON h.tenant = s.tenant AND h.series = s.key "
            "WHERE s.entity_id = $1 AND NOT h.is_deletion",
            entity_id,
        )
        names_of_types = await conn.fetchval(
            "SELECT types FROM broker.temporal_entity WHERE id = $1", entity_id
        )
    return (
        now and msgspec.json.decode(now),
        [(row["name"], msgspec.json.decode(row["document"])) for row in rows],
        names_of_types or [],
    )


def check_open(names_of_types: list[str], held: dict[str, Any], done: list[Any]) -> None:
    refused = set().union(*(PERSONAL_ON[name.rpartition("/")[2]] for name in names_of_types))
    found = {plainly(name) for name in all_names(held)} & refused
    assert not found, (names_of_types, held, done)


def all_names(value: Any) -> Any:
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from all_names(part)
    elif isinstance(value, list):
        for part in value:
            yield from all_names(part)


def plainly(name: str) -> str:
    return name.rpartition("/")[2].replace("-", "").replace("_", "").lower()


async def test_a_history_without_an_entity_of_now_gets_no_type_that_makes_it_personal(
    broker_client: httpx.AsyncClient,
) -> None:
    body = {
        "id": "urn:ngsi-ld:Thing:a",
        "type": "Bench",
        "driverName": [{"type": "Property", "value": "x", "observedAt": "2026-01-01T00:00:00Z"}],
    }
    first = await broker_client.post(f"{LD}/temporal/entities", json=body)
    del body["driverName"]
    retyped = await broker_client.post(f"{LD}/temporal/entities", json={**body, "type": "Bus"})
    created = await broker_client.post(f"{LD}/entities", json={**body, "type": "Bus"})
    await broker_client.delete(f"{LD}/temporal/entities/{body['id']}")
    afterwards = await broker_client.post(f"{LD}/entities", json={**body, "type": "Bus"})

    assert first.status_code == 201
    assert retyped.status_code == 400
    assert created.status_code == 400
    assert "delete the history first" in created.text
    assert afterwards.status_code == 201
