"""NGSI-LD's doors for writing, each asked over HTTP."""

from uuid import uuid4

import httpx
import pytest

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import DEFAULT_INSTANCE, DEFAULT_VOCABULARY, Entity
from mieone.blocks.broker.store.entities import lock_entities

BASE = "/ngsi-ld/v1/entities"
BATCH = "/ngsi-ld/v1/entityOperations"
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
# 123456789018: the example of the published rule, no number of anybody.
NUMBER = "123456789018"


def new_id() -> str:
    return f"urn:ngsi-ld:Shelter:{uuid4()}"


def shelter(entity_id: str, **members: object) -> dict[str, object]:
    return {
        "id": entity_id,
        "type": "Shelter",
        "places": {"type": "Property", "value": 40, "unitCode": "C62"},
        **members,
    }


async def stored(broker: Broker, entity_id: str) -> Entity | None:
    tenant = await broker.tenants.get(None)
    async with broker.house.database.transaction() as conn:
        found = await lock_entities(conn, tenant.name, [entity_id])
    return found[entity_id].entity if entity_id in found else None


async def value_of(broker: Broker, entity_id: str, name: str) -> object:
    entity = await stored(broker, entity_id)
    assert entity is not None
    instance = entity.attributes.get(f"{DEFAULT_VOCABULARY}{name}", {}).get(DEFAULT_INSTANCE)
    return None if instance is None else instance.value


@pytest.fixture
async def known(broker_client: httpx.AsyncClient) -> str:
    entity_id = new_id()
    made = await broker_client.post(BASE, json=shelter(entity_id))
    assert made.status_code == 201
    return entity_id


async def test_an_entity_is_created_once(broker_client: httpx.AsyncClient) -> None:
    entity_id = new_id()

    made = await broker_client.post(f"{BASE}/", json=shelter(entity_id))
    again = await broker_client.post(BASE, json=shelter(entity_id))

    assert (made.status_code, made.content) == (201, b"")
    assert made.headers["Location"] == f"{BASE}/{entity_id}"
    assert again.status_code == 409
    assert again.json()["type"] == f"{ERRORS}AlreadyExists"


async def test_an_entity_is_replaced_merged_and_deleted(
    broker_client: httpx.AsyncClient, broker: Broker, known: str
) -> None:
    path = f"{BASE}/{known}"

    replaced = await broker_client.put(path, json=shelter(known, name={"value": "A"}))
    merged = await broker_client.patch(
        path,
        json={"places": {"value": 41}, "name": "urn:ngsi-ld:null"},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    entity = await stored(broker, known)
    deleted = await broker_client.delete(path)
    gone = await broker_client.delete(path)

    assert [one.status_code for one in (replaced, merged, deleted, gone)] == [204, 204, 204, 404]
    assert [one.content for one in (replaced, merged, deleted)] == [b"", b"", b""]
    assert entity is not None
    (places,) = entity.attributes.values()
    assert (places[DEFAULT_INSTANCE].value, places[DEFAULT_INSTANCE].unit_code) == (41, "C62")
    assert gone.json()["type"] == f"{ERRORS}ResourceNotFound"


async def test_attributes_are_appended_and_updated(
    broker_client: httpx.AsyncClient, broker: Broker, known: str
) -> None:
    path = f"{BASE}/{known}/attrs"

    appended = await broker_client.post(f"{path}/", json={"isOpen": {"value": True}})
    kept = await broker_client.post(
        f"{path}?options=noOverwrite", json={"places": {"value": 1}, "rooms": {"value": 3}}
    )
    updated = await broker_client.patch(path, json={"places": {"value": 50}})

    assert (appended.status_code, kept.status_code, updated.status_code) == (204, 207, 204)
    assert kept.json()["updated"] == [f"{DEFAULT_VOCABULARY}rooms"]
    (refused,) = kept.json()["notUpdated"]
    assert refused["attributeName"] == f"{DEFAULT_VOCABULARY}places"
    assert refused["reason"]
    assert await value_of(broker, known, "places") == 50
    assert await value_of(broker, known, "isOpen") is True


async def test_one_attribute_is_updated_replaced_and_deleted(
    broker_client: httpx.AsyncClient, broker: Broker, known: str
) -> None:
    path = f"{BASE}/{known}/attrs/places"

    partial = await broker_client.patch(path, json={"value": 7})
    other_kind = await broker_client.patch(path, json={"type": "Relationship", "object": "urn:a:b"})
    seven = await value_of(broker, known, "places")
    replaced = await broker_client.put(path, json={"type": "Property", "value": 8})
    eight = await value_of(broker, known, "places")
    unknown = await broker_client.delete(f"{path}?datasetId=urn:ngsi-ld:Dataset:9")
    deleted = await broker_client.delete(path)
    again = await broker_client.put(path, json={"type": "Property", "value": 9})

    assert (partial.status_code, other_kind.status_code, replaced.status_code) == (204, 400, 204)
    assert (seven, eight) == (7, 8)
    assert (unknown.status_code, deleted.status_code, again.status_code) == (404, 204, 404)


async def test_scope_is_deleted_as_an_attribute_and_not_replaced_as_one(
    broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    entity_id = new_id()
    await broker_client.post(BASE, json=shelter(entity_id, scope="/Mie/Taki"))

    replaced = await broker_client.put(f"{BASE}/{entity_id}/attrs/scope", json={"scope": "/A"})
    deleted = await broker_client.delete(f"{BASE}/{entity_id}/attrs/scope")

    entity = await stored(broker, entity_id)
    assert (replaced.status_code, deleted.status_code) == (400, 204)
    assert entity is not None
    assert entity.scopes == ()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", f"{BASE}/"),
        ("PATCH", f"{BASE}/"),
        ("POST", f"{BASE}//attrs/"),
        ("PATCH", f"{BASE}//attrs"),
        ("PATCH", f"{BASE}//attrs/places"),
        ("DELETE", f"{BASE}//attrs/places"),
        ("PUT", f"{BASE}/nouri"),
        ("DELETE", f"{BASE}/nouri"),
        ("PATCH", f"{BASE}/nouri/attrs"),
        ("PUT", f"{BASE}/urn:a:b/attrs/@invalid"),
    ],
)
async def test_a_path_without_an_entity_or_a_name_is_bad_data(
    broker_client: httpx.AsyncClient, method: str, path: str
) -> None:
    refused = await broker_client.request(method, path, json={"places": {"value": 1}})

    assert refused.status_code == 400
    assert refused.json()["type"] == f"{ERRORS}BadRequestData"


async def test_a_path_without_the_attributes_name_takes_no_delete(
    broker_client: httpx.AsyncClient, known: str
) -> None:
    refused = await broker_client.delete(f"{BASE}/{known}/attrs/?deleteAll=false")

    assert refused.status_code == 405


async def test_a_batch_creates_what_is_new_and_names_what_is_not(
    broker_client: httpx.AsyncClient, known: str
) -> None:
    one, other = new_id(), new_id()

    all_new = await broker_client.post(f"{BATCH}/create", json=[shelter(one)])
    mixed = await broker_client.post(
        f"{BATCH}/create",
        json=[shelter(other), shelter(known), shelter(other), {"id": known}],
    )

    assert (all_new.status_code, all_new.json()) == (201, [one])
    assert mixed.status_code == 207
    assert mixed.json()["success"] == [other]
    failed = mixed.json()["errors"]
    assert [item["entityId"] for item in failed] == [known, other, known] or sorted(
        item["entityId"] for item in failed
    ) == sorted([known, other, known])
    assert {item["error"]["type"] for item in failed} == {
        f"{ERRORS}AlreadyExists",
        f"{ERRORS}BadRequestData",
    }


async def test_an_upsert_names_only_what_it_made(
    broker_client: httpx.AsyncClient, broker: Broker, known: str
) -> None:
    made = new_id()
    again = {"id": known, "type": "Shelter", "rooms": {"value": 2}}

    replaced = await broker_client.post(f"{BATCH}/upsert", json=[again])
    without = await value_of(broker, known, "places")
    mixed = await broker_client.post(
        f"{BATCH}/upsert?options=update", json=[shelter(made), shelter(known), shelter(made)]
    )

    assert (replaced.status_code, replaced.content) == (204, b"")
    assert without is None
    assert (mixed.status_code, mixed.json()) == (201, [made])
    assert await value_of(broker, known, "rooms") == 2
    assert await value_of(broker, known, "places") == 40


async def test_a_batch_updates_merges_and_deletes(
    broker_client: httpx.AsyncClient, broker: Broker, known: str
) -> None:
    unknown = new_id()
    part = {"type": "Shelter", "places": {"value": 9}}

    updated = await broker_client.post(f"{BATCH}/update", json=[{"id": known, **part}])
    kept = await broker_client.post(
        f"{BATCH}/update?options=noOverwrite", json=[{"id": known, **part}]
    )
    merged = await broker_client.post(
        f"{BATCH}/merge", json=[{"id": known, "places": 10}, {"id": unknown, **part}]
    )
    ten = await value_of(broker, known, "places")
    deleted = await broker_client.post(f"{BATCH}/delete", json=[known, unknown, known])

    assert (updated.status_code, kept.status_code, merged.status_code) == (204, 207, 207)
    assert merged.json()["success"] == [known]
    assert [item["entityId"] for item in merged.json()["errors"]] == [unknown]
    assert ten == 10
    assert deleted.status_code == 207
    assert deleted.json()["success"] == [known]
    assert {item["entityId"] for item in deleted.json()["errors"]} == {known, unknown}


@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge", "delete"])
async def test_an_empty_or_broken_batch_is_refused_whole(
    broker_client: httpx.AsyncClient, operation: str
) -> None:
    headers = {"Content-Type": "application/json"}

    empty = await broker_client.post(f"{BATCH}/{operation}", json=[])
    broken = await broker_client.post(f"{BATCH}/{operation}", content=b"[{,}]", headers=headers)
    large = await broker_client.post(f"{BATCH}/{operation}", json=["urn:a:b"] * 1001)
    nothing = await broker_client.post(f"{BATCH}/{operation}", json=["urn:a:b", None])

    assert nothing.status_code == 400
    assert (empty.status_code, broken.status_code, large.status_code) == (400, 400, 413)
    assert empty.json()["type"] == f"{ERRORS}BadRequestData"
    assert broken.json()["type"] == f"{ERRORS}InvalidRequest"


PERSONAL = (
    {"birthDate": {"type": "Property", "value": "1950-03-04"}},
    {"phone": {"type": "Property", "value": "1950-03-04", "isPersonal": {"value": True}}},
    {"contact": {"type": "Property", "value": {"familyName": "1950-03-04"}}},
    {"residenceCode": {"type": "Property", "value": NUMBER}},
)


@pytest.mark.parametrize("attribute", PERSONAL)
async def test_what_is_personal_is_refused_at_every_door(
    broker_client: httpx.AsyncClient,
    broker: Broker,
    known: str,
    attribute: dict[str, dict[str, object]],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = {"id": known, "type": "Shelter", **attribute}
    new = {"id": new_id(), "type": "Shelter", **attribute}
    path = f"{BASE}/{known}"
    before = await stored(broker, known)

    single = [
        await broker_client.post(BASE, json=new),
        await broker_client.put(path, json=whole),
        await broker_client.patch(path, json=attribute),
        await broker_client.post(f"{path}/attrs", json=attribute),
        await broker_client.patch(f"{path}/attrs", json=attribute),
    ]
    batches = [
        await broker_client.post(f"{BATCH}/create", json=[new]),
        await broker_client.post(f"{BATCH}/upsert", json=[whole]),
        await broker_client.post(f"{BATCH}/upsert?options=update", json=[whole]),
        await broker_client.post(f"{BATCH}/update", json=[whole]),
        await broker_client.post(f"{BATCH}/merge", json=[whole]),
    ]

    for answer in single:
        assert answer.status_code == 400
        assert answer.json()["type"] == f"{ERRORS}BadRequestData"
    for answer in batches:
        assert answer.status_code == 207
        (failed,) = answer.json()["errors"]
        assert failed["error"]["type"] == f"{ERRORS}BadRequestData"
    told = "".join(answer.text for answer in (*single, *batches)) + caplog.text
    printed = capsys.readouterr()
    for secret in ("1950-03-04", NUMBER):
        assert secret not in told + printed.out + printed.err
    assert await stored(broker, known) == before


async def test_a_person_is_no_entity_here(broker_client: httpx.AsyncClient) -> None:
    person = {"id": new_id(), "type": "Person"}
    numbered = shelter(f"urn:ngsi-ld:Shelter:{NUMBER}")

    assert (await broker_client.post(BASE, json=person)).status_code == 400
    refused = await broker_client.post(f"{BATCH}/create", json=[numbered])

    assert refused.status_code == 207
    assert NUMBER not in refused.text


async def test_a_context_in_the_wrong_place_fails_its_element_alone(
    broker_client: httpx.AsyncClient,
) -> None:
    one, other = new_id(), new_id()
    core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
    elements = [shelter(one), {**shelter(other), "@context": core}]
    ld = {"Content-Type": "application/ld+json"}

    plain = await broker_client.post(f"{BATCH}/create", json=elements)
    linked = await broker_client.post(f"{BATCH}/upsert", json=elements, headers=ld)

    assert (plain.status_code, linked.status_code) == (207, 207)
    assert plain.json()["success"] == [one]
    assert linked.json()["success"] == [other]


async def test_a_purge_takes_what_fits_and_nothing_else(
    broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    ids = [new_id() for _ in range(3)]
    for entity_id in ids:
        await broker_client.post(BASE, json=shelter(entity_id, rooms={"value": 2}))

    everything = await broker_client.delete(BASE)
    both = await broker_client.delete(f"{BASE}?type=Shelter&keep=places&drop=rooms")
    dropped = await broker_client.delete(f"{BASE}?id={ids[0]}&drop=rooms")
    kept = await broker_client.delete(f"{BASE}?id={ids[1]}&keep=rooms")
    gone = await broker_client.delete(f"{BASE}?type=Shelter&id={ids[2]}")

    assert (everything.status_code, both.status_code) == (400, 400)
    assert [one.status_code for one in (dropped, kept, gone)] == [204, 204, 204]
    assert await value_of(broker, ids[0], "rooms") is None
    assert await value_of(broker, ids[0], "places") == 40
    assert await value_of(broker, ids[1], "rooms") == 2
    assert await value_of(broker, ids[1], "places") is None
    assert await stored(broker, ids[2]) is None
    assert (await broker_client.delete(f"{BASE}?local=true")).status_code == 204
    assert await stored(broker, ids[0]) is None
