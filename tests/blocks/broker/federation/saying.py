"""What tests of brokers that ask and tell each other say again and again."""

import httpx

ENTITIES = "/ngsi-ld/v1/entities"
BATCH = "/ngsi-ld/v1/entityOperations"
SOURCES = "/ngsi-ld/v1/csourceRegistrations"
ONE = "urn:ngsi-ld:Shelter:1"


def shelter(**attributes: object) -> dict[str, object]:
    return {"id": ONE, "type": "Shelter", **attributes}


def value(of: object, **members: object) -> dict[str, object]:
    return {"type": "Property", "value": of, **members}


async def register(
    client: httpx.AsyncClient, endpoint: object, mode: str = "inclusive", **changes: object
) -> None:
    names = changes.pop("names", None)
    info: dict[str, object] = {"entities": changes.pop("entities", [{"type": "Shelter"}])}
    if names is not None:
        info["propertyNames"] = names
    sent = {
        "type": "ContextSourceRegistration",
        "information": [info],
        "endpoint": str(endpoint),
        "mode": mode,
        "operations": [
            "federationOps",
            "redirectionOps",
            "createBatch",
            "deleteBatch",
            "mergeBatch",
            "updateBatch",
            "upsertBatch",
        ],
        **changes,
    }
    response = await client.post(SOURCES, json=sent)
    assert response.status_code == 201, response.text


async def local(client: httpx.AsyncClient, entity_id: str = ONE) -> httpx.Response:
    return await client.get(f"{ENTITIES}/{entity_id}", params={"local": "true"})
