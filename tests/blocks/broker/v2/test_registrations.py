"""/v2/registrations: made, read, removed; and what is asked of their providers."""

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from .client import JSON, V2, says

WHOLE: JSON = {
    "description": "Another broker",
    "dataProvided": {"entities": [{"id": "Room2", "type": "Room"}], "attrs": ["h"]},
    "provider": {"http": {"url": "http://127.0.0.1:9/v2"}, "supportedForwardingMode": "all"},
    "expires": "2040-01-01T00:00:00.000Z",
}


def changed(*path: str, value: object = None, drop: bool = False) -> JSON:
    body = copy.deepcopy(WHOLE)
    place = body
    for name in path[:-1]:
        place = place[name]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return body


async def registered(v2: V2, body: JSON, **headers: str) -> str:
    answer = await v2.post("/v2/registrations", body, **headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def test_a_registration_is_shown_as_it_was_written(v2: V2) -> None:
    location = await registered(v2, WHOLE)

    shown = (await v2.get(location)).json()

    assert location == f"/v2/registrations/{shown['id']}"
    assert len(shown["id"]) == 24
    assert shown["status"] == "active"
    assert shown["provider"].items() >= WHOLE["provider"].items()
    for name in ("description", "dataProvided", "expires"):
        assert shown[name] == WHOLE[name]


@pytest.mark.parametrize("mode", ["none", "query", "update", "all"])
async def test_a_forwarding_mode_is_kept(v2: V2, mode: str) -> None:
    location = await registered(v2, changed("provider", "supportedForwardingMode", value=mode))

    assert (await v2.get(location)).json()["provider"]["supportedForwardingMode"] == mode


@pytest.mark.parametrize(
    "entity",
    [
        {"idPattern": ".*"},
        {"idPattern": ".*", "type": "Room"},
        {"id": "urn:a:b"},
        {"id": "x", "type": "T"},
    ],
)
async def test_entities_are_shown_as_written(v2: V2, entity: JSON) -> None:
    body = changed("dataProvided", "entities", value=[entity])

    location = await registered(v2, body)

    assert (await v2.get(location)).json()["dataProvided"]["entities"] == [entity]


async def test_registrations_are_listed_by_page_and_path(v2: V2) -> None:
    first = await registered(v2, WHOLE)
    second = await registered(v2, WHOLE, Fiware_ServicePath="/a")

    every = await v2.get("/v2/registrations?options=count&limit=1&offset=1")
    own = await v2.get("/v2/registrations", Fiware_ServicePath="/a")

    assert every.headers["fiware-total-count"] == "2"
    assert [one["id"] for one in every.json()] == [second.split("/")[-1]]
    assert [one["id"] for one in own.json()] == [second.split("/")[-1]]
    assert first != second


async def test_a_removed_registration_is_gone(v2: V2) -> None:
    location = await registered(v2, WHOLE)

    assert (await v2.delete(location)).status_code == 204
    says(await v2.get(location), 404, "NotFound")
    says(await v2.delete(location), 404, "NotFound")


BAD: list[object] = [
    [],
    {},
    changed("dataProvided", drop=True),
    changed("provider", drop=True),
    changed("foo", value=1),
    changed("description", value=1),
    changed("description", value="<"),
    changed("expires", value="soon"),
    changed("expires", value="2020-01-01"),
    changed("status", value="foo"),
    changed("dataProvided", value=[]),
    changed("dataProvided", "entities", value=[]),
    changed("dataProvided", "entities", drop=True),
    changed("dataProvided", "entities", value=[{}]),
    changed("dataProvided", "entities", value=[{"idPattern": "R.*"}]),
    changed("dataProvided", "entities", value=[{"id": "A", "typePattern": "R"}]),
    changed("dataProvided", "entities", value=[{"id": "A", "idPattern": ".*"}]),
    changed("dataProvided", "attrs", value="a"),
    changed("dataProvided", "attrs", value=["a b"]),
    changed("dataProvided", "foo", value=1),
    changed("provider", value="http://127.0.0.1"),
    changed("provider", "http", drop=True),
    changed("provider", "http", value={}),
    changed("provider", "http", value={"url": ""}),
    changed("provider", "http", value={"url": "x"}),
    changed("provider", "http", value={"url": "ftp://127.0.0.1"}),
    changed("provider", "http", value={"url": "http://169.254.169.254/"}),
    changed("provider", "supportedForwardingMode", value="foo"),
    changed("provider", "foo", value=1),
]


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
async def test_what_is_no_registration_is_refused(v2: V2, body: object) -> None:
    says(await v2.post("/v2/registrations", body), 400, "BadRequest")
    assert (await v2.get("/v2/registrations")).json() == []


async def test_a_registration_names_no_tree_of_paths(v2: V2) -> None:
    says(await v2.post("/v2/registrations", WHOLE, Fiware_ServicePath="/a/#"), 400, "BadRequest")


class Provider:
    """A broker of v2 that holds one attribute."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, JSON]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append((request.path, body))
        if request.path.endswith("/op/query"):
            attribute = {"type": "Percent", "value": 40, "metadata": {}}
            return web.json_response([{"id": "Room2", "type": "Room", "h": attribute}])
        return web.Response(status=204)


@asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    provider = Provider()
    app = web.Application()
    app.router.add_post("/{tail:.*}", provider.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()


async def test_a_provider_is_asked_for_what_it_holds(v2: V2) -> None:
    await v2.create({"id": "Room2", "type": "Room", "t": {"value": 1}})
    async with providing() as provider:
        url = {"url": f"{provider.url}/v2"}
        await registered(v2, changed("provider", "http", value=url))

        one = (await v2.get("/v2/entities/Room2?type=Room")).json()
        local = (await v2.get("/v2/entities/Room2?type=Room&options=skipForwarding")).json()
        listed = (await v2.get("/v2/entities?id=Room2&type=Room")).json()

    assert one["h"] == {"type": "Percent", "value": 40, "metadata": {}}
    assert one["t"]["value"] == 1
    assert "h" not in local
    assert listed == [one]
    assert {path for path, _ in provider.asked} == {"/v2/op/query"}


async def test_a_provider_is_told_of_updates(v2: V2) -> None:
    async with providing() as provider:
        url = {"url": f"{provider.url}/v2"}
        await registered(v2, changed("provider", "http", value=url))

        answer = await v2.patch("/v2/entities/Room2/attrs?type=Room", {"h": {"value": 50}})

    assert answer.status_code == 204, answer.text
    [(path, body)] = [one for one in provider.asked if one[0].endswith("update")]
    assert path == "/v2/op/update"
    assert body["actionType"] == "update"
    [entity] = body["entities"]
    assert (entity["id"], entity["type"], entity["h"]["value"]) == ("Room2", "Room", 50)
