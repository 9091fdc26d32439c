"""What is personal is passed on to nobody, however a source is registered."""

from pathlib import Path

import httpx
from aiohttp import web

from mieone.core.region import Region
from mieone.core.settings import Settings
from tests.conftest import Connections

from .installations import installation, listening

ENTITIES = "/ngsi-ld/v1/entities"
BATCH = "/ngsi-ld/v1/entityOperations"
SECRET = "1950-03-04"


async def _register(client: httpx.AsyncClient, endpoint: str) -> None:
    answer = await client.post(
        "/ngsi-ld/v1/csourceRegistrations",
        json={
            "type": "ContextSourceRegistration",
            "information": [{"entities": [{"type": "Shelter"}]}],
            "endpoint": endpoint,
            "mode": "redirect",
            "operations": ["redirectionOps", "createBatch"],
        },
    )
    assert answer.status_code == 201, answer.text


async def test_a_personal_attribute_reaches_no_source(
    template: Connections, settings: Settings, region: Region, tmp_path: Path
) -> None:
    heard: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.text())
        return web.Response(status=201)

    entity = {"id": "urn:ngsi-ld:Shelter:1", "type": "Shelter", "places": {"value": 4}}
    personal = {**entity, "id": "urn:ngsi-ld:Shelter:2", "birthDate": {"value": SECRET}}
    async with (
        installation(template, settings, region, tmp_path / "here") as here,
        listening(hear) as source,
    ):
        await _register(here, str(source))
        refused = await here.post(ENTITIES, json=personal)
        batch = await here.post(f"{BATCH}/create", json=[personal, entity])

    assert refused.status_code == 400
    assert refused.json()["type"].endswith("/BadRequestData")
    assert [item["entityId"] for item in batch.json()["errors"]] == ["urn:ngsi-ld:Shelter:2"]
    assert batch.json()["success"] == ["urn:ngsi-ld:Shelter:1"]
    assert heard
    assert not any(SECRET in text for text in heard)


async def test_what_is_personal_on_the_types_known_here_reaches_no_source(
    template: Connections, settings: Settings, region: Region, tmp_path: Path
) -> None:
    heard: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.text())
        return web.Response(status=204)

    bus = {"id": "urn:ngsi-ld:Bus:1", "type": "Bus", "speed": {"value": 4}}
    async with (
        installation(template, settings, region, tmp_path / "here") as here,
        listening(hear) as source,
    ):
        created = await here.post(ENTITIES, json=bus)
        answer = await here.post(
            "/ngsi-ld/v1/csourceRegistrations",
            json={
                "type": "ContextSourceRegistration",
                "information": [{"entities": [{"type": "Bus"}]}],
                "endpoint": str(source),
                "mode": "inclusive",
                "operations": ["updateAttrs", "updateEntity", "appendAttrs"],
            },
        )
        path = f"{ENTITIES}/{bus['id']}/attrs"
        refused = await here.patch(path, json={"driverName": {"value": SECRET}})
        taken = await here.patch(path, json={"speed": {"value": 5}})

    assert (created.status_code, answer.status_code) == (201, 201)
    assert refused.status_code == 400, refused.text
    assert taken.status_code == 204, taken.text
    assert heard
    assert not any(SECRET in text for text in heard)
