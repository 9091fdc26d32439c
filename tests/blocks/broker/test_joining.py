"""Entities that lead to others, answered together."""

import httpx

ENTITIES = "/ngsi-ld/v1/entities"


async def make_chain(client: httpx.AsyncClient) -> None:
    """1 → 2 → 3 → 1, and 2 → 9, which is not there."""
    batch = [
        {"id": "urn:j:1", "type": "J", "to": {"object": "urn:j:2"}, "name": "one"},
        {"id": "urn:j:2", "type": "K", "to": {"object": ["urn:j:3", "urn:j:9"]}, "name": "two"},
        {"id": "urn:j:3", "type": "L", "list": {"objectList": [{"object": "urn:j:1"}]}},
    ]
    made = await client.post("/ngsi-ld/v1/entityOperations/create", json=batch)
    assert made.status_code == 201, made.text


async def retrieve(client: httpx.AsyncClient, **params: str) -> object:
    response = await client.get(f"{ENTITIES}/urn:j:1", params={"format": "simplified", **params})
    assert response.status_code == 200, response.text
    return response.json()


async def test_joined_entities_stand_inside_as_deep_as_asked(
    broker_client: httpx.AsyncClient,
) -> None:
    await make_chain(broker_client)
    one = {"id": "urn:j:1", "type": "J", "name": "one"}
    two = {"id": "urn:j:2", "type": "K", "name": "two"}

    first = await retrieve(broker_client, join="inline")
    second = await retrieve(broker_client, join="inline", joinLevel="2")
    deepest = await retrieve(broker_client, join="inline", joinLevel="10")
    known = await retrieve(broker_client, join="inline", containedBy="urn:j:2")

    third = {"id": "urn:j:3", "type": "L", "list": {"objectList": ["urn:j:1"]}}
    assert first == {**one, "to": {**two, "to": ["urn:j:3", "urn:j:9"]}}
    assert second == {**one, "to": {**two, "to": [third, "urn:j:9"]}}
    # The way back to the first one is not gone twice.
    assert deepest == second
    assert known == {**one, "to": "urn:j:2"}


async def test_joined_entities_stand_beside_each_other_once(
    broker_client: httpx.AsyncClient,
) -> None:
    await make_chain(broker_client)

    flat = await retrieve(broker_client, join="flat", joinLevel="5", pick="id,to{id,to{id}}")
    alone = await retrieve(broker_client, join="flat", pick="id,name")

    assert flat == [
        {"id": "urn:j:1", "to": "urn:j:2"},
        {"id": "urn:j:2", "to": ["urn:j:3", "urn:j:9"]},
        {"id": "urn:j:3"},
    ]
    assert alone == {"id": "urn:j:1", "name": "one"}


async def test_normalized_relationships_keep_their_object(
    broker_client: httpx.AsyncClient,
) -> None:
    await make_chain(broker_client)

    response = await broker_client.get(
        f"{ENTITIES}/urn:j:3", params={"join": "inline", "omit": "list{to,name}"}
    )

    assert response.json()["list"] == {
        "type": "ListRelationship",
        "objectList": [{"object": "urn:j:1"}],
        "entityList": [{"id": "urn:j:1", "type": "J"}],
    }


async def test_mistakes_in_joining_are_refused(broker_client: httpx.AsyncClient) -> None:
    async def ask(query: str) -> int:
        return (await broker_client.get(f"{ENTITIES}?type=J&{query}")).status_code

    assert await ask("join=sideways") == 400
    assert await ask("joinLevel=2") == 400
    assert await ask("join=inline&joinLevel=0") == 400
    assert await ask("join=inline&joinLevel=99") == 400
    assert await ask("join=@none") == 200
