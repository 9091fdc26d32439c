"""Contexts over HTTP: hosted, cached, of the core, and made of several."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from mieone.blocks.broker.actions.contexts.fetching import Fetcher
from mieone.blocks.broker.actions.contexts.shelf import Shelf
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData, LdContextNotAvailable
from mieone.blocks.broker.store.contexts import find_context
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.settings import Profile

CONTEXTS = "/ngsi-ld/v1/jsonldContexts"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld"
TREES = {"@context": {"tree": "https://example.org/tree", "kind": "https://example.org/kind"}}


class Elsewhere:
    """Another's server of contexts, on a port of its own."""

    def __init__(self) -> None:
        self.documents: dict[str, object] = {}
        self.asked: list[str] = []
        self.unchanged = 0
        self.server = TestServer(self._make_app())

    def _make_app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{name:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append(name)
        if name.startswith("round/"):
            raise web.HTTPFound(f"/round/{len(self.asked)}")
        if name == "moved":
            raise web.HTTPFound("/trees")
        if name == "large":
            return web.Response(text='{"@context": {"a": "' + "x" * 1_100_000 + '"}}')
        if name not in self.documents:
            raise web.HTTPNotFound
        etag = f'"{hash(str(self.documents[name]))}"'
        if request.headers.get("If-None-Match") == etag:
            self.unchanged += 1
            raise web.HTTPNotModified
        return web.json_response(self.documents[name], headers={"ETag": etag})

    def url(self, name: str) -> str:
        return str(self.server.make_url(f"/{name}"))


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    made = Elsewhere()
    await made.server.start_server()
    try:
        yield made
    finally:
        await made.server.close()


async def host(client: httpx.AsyncClient, document: object = TREES) -> str:
    response = await client.post(CONTEXTS, json=document)
    assert response.status_code == 201, response.text
    assert response.content == b""
    return response.headers["Location"]


async def test_a_hosted_context_is_served_as_it_was_sent(broker_client: httpx.AsyncClient) -> None:
    path = await host(broker_client)

    plain = await broker_client.get(path)
    linked = await broker_client.get(path, headers={"Accept": "application/ld+json"})

    assert plain.json() == TREES
    assert plain.headers["Content-Type"] == "application/json"
    assert linked.headers["Content-Type"] == "application/ld+json"


async def test_details_count_each_use(broker_client: httpx.AsyncClient) -> None:
    path = await host(broker_client)

    first = (await broker_client.get(path, params={"details": "true"})).json()
    again = (await broker_client.get(path, params={"details": "true"})).json()

    assert first["kind"] == "Hosted"
    assert first["URL"].endswith(path)
    assert path.endswith(first["localId"])
    assert "lastUsage" not in first
    assert (first["numberOfHits"], again["numberOfHits"]) == (0, 1)
    assert "lastUsage" in again


async def test_a_deleted_context_is_gone(broker_client: httpx.AsyncClient) -> None:
    path = await host(broker_client)

    gone = await broker_client.delete(path)

    assert gone.status_code == 204
    assert (await broker_client.get(path)).status_code == 404
    assert (await broker_client.delete(path)).status_code == 404


async def test_another_tenant_deletes_no_context(broker_client: httpx.AsyncClient) -> None:
    path = await host(broker_client)

    refused = await broker_client.delete(path, headers={"NGSILD-Tenant": "244414"})

    assert refused.status_code == 404
    assert (await broker_client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("params", "status"),
    [({"details": "x"}, 400), ({"kind": "Other"}, 400), ({"strange": "1"}, 400), ({}, 200)],
)
async def test_lists_know_their_parameters(
    broker_client: httpx.AsyncClient, params: dict[str, str], status: int
) -> None:
    assert (await broker_client.get(CONTEXTS, params=params)).status_code == status


async def test_lists_tell_kinds_apart(
    broker_client: httpx.AsyncClient, broker: Broker, elsewhere: Elsewhere
) -> None:
    elsewhere.documents["trees"] = TREES
    path = await host(broker_client, {"@context": [elsewhere.url("trees")]})
    context: JsonValue = [elsewhere.url("trees"), {"more": "https://example.org/m"}]
    made = await broker.contexts.terms(context)
    implicit = await broker.contexts.publish(made)

    listed = {
        kind: (await broker_client.get(CONTEXTS, params={"kind": kind})).json()
        for kind in ("Hosted", "Cached", "ImplicitlyCreated")
    }

    assert [url for url in listed["Hosted"] if url.endswith(path)]
    assert elsewhere.url("trees") in listed["Cached"]
    assert listed["ImplicitlyCreated"] == [implicit]


@pytest.mark.parametrize("body", [b"{", b'{"a": 1}', b"[]", b""])
async def test_what_is_no_context_is_not_hosted(
    broker_client: httpx.AsyncClient, body: bytes
) -> None:
    response = await broker_client.post(
        CONTEXTS, content=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 400
    assert response.json()["type"].endswith("/InvalidRequest")


@pytest.mark.parametrize(
    "context",
    [5, ["http://127.0.0.1:1/none", 7], {"a": 5}, {"a": {"@id": "b"}, "b": "a"}, ["relative"]],
)
async def test_a_context_that_cannot_be_is_refused(
    broker_client: httpx.AsyncClient, context: object
) -> None:
    response = await broker_client.post(CONTEXTS, json={"@context": context})

    assert response.status_code == 400
    assert response.json()["type"].endswith("/BadRequestData")


async def test_the_core_is_served_and_stays(broker_client: httpx.AsyncClient) -> None:
    path = f"{CONTEXTS}/{quote(CORE, safe='')}"

    details = await broker_client.get(path, params={"details": "true"})
    removed = await broker_client.delete(path)
    reloaded = await broker_client.delete(path, params={"reload": "true"})

    assert details.json()["kind"] == "Cached"
    assert details.json()["extraInfo"] == {"servedVersion": "1.9", "isApproximation": True}
    assert (removed.status_code, reloaded.status_code) == (400, 204)


@pytest.mark.parametrize(
    ("reload", "status"), [("true", 400), ("false", 404), ("other", 400), (None, 404)]
)
async def test_an_unknown_context_is_not_reloaded(
    broker_client: httpx.AsyncClient, reload: str | None, status: int
) -> None:
    params = {} if reload is None else {"reload": reload}

    response = await broker_client.delete(f"{CONTEXTS}/unknown", params=params)

    assert response.status_code == status


async def test_a_fetched_context_survives_its_server(
    broker_client: httpx.AsyncClient, broker: Broker, elsewhere: Elsewhere
) -> None:
    elsewhere.documents["trees"] = TREES
    url = elsewhere.url("trees")
    terms = await broker.contexts.terms((url,))
    await elsewhere.server.close()

    path = f"{CONTEXTS}/{quote(url, safe='')}"
    reloaded = await broker_client.delete(path, params={"reload": "true"})
    details = await broker_client.get(path, params={"details": "true"})

    assert terms.expand_name("tree") == "https://example.org/tree"
    assert reloaded.status_code == 504
    assert details.json()["kind"] == "Cached"


async def test_a_reloaded_context_is_read_anew_by_every_process(
    broker_client: httpx.AsyncClient, broker: Broker, elsewhere: Elsewhere
) -> None:
    elsewhere.documents["trees"] = TREES
    url = elsewhere.url("trees")
    await broker.contexts.terms((url,))
    elsewhere.documents["trees"] = {"@context": {"tree": "https://example.org/shrub"}}

    path = f"{CONTEXTS}/{quote(url, safe='')}"
    assert (await broker_client.delete(path, params={"reload": "true"})).status_code == 204
    await broker.contexts.reload(url)

    assert (await broker.contexts.terms((url,))).expand_name("tree") == "https://example.org/shrub"


async def test_what_one_process_removes_the_others_forget(
    broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    path = await host(broker_client)
    url = f"http://localhost{path}"
    assert (await broker.contexts.terms(url)).expand_name("tree") == "https://example.org/tree"

    await broker_client.delete(path)

    async with asyncio.timeout(60):
        with pytest.raises(LdContextNotAvailable):
            while True:
                await broker.contexts.terms(url)
                await asyncio.sleep(0.1)


async def test_uses_of_all_processes_are_counted(
    broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    path = await host(broker_client)
    await broker.contexts.terms(f"http://localhost{path}")
    await broker.contexts.terms(f"http://localhost{path}")

    await broker.close()

    details = await broker_client.get(path, params={"details": "true"})
    assert details.json()["numberOfHits"] == 2


async def test_a_context_is_fetched_once(broker: Broker, elsewhere: Elsewhere) -> None:
    elsewhere.documents["trees"] = TREES
    elsewhere.documents["wood"] = {"@context": ["trees", {"leaf": "https://example.org/leaf"}]}

    terms = await broker.contexts.terms(elsewhere.url("wood"))
    await broker.contexts.terms(elsewhere.url("wood"))
    await broker.contexts.terms([elsewhere.url("trees")])

    assert terms.expand_name("kind") == "https://example.org/kind"
    assert sorted(elsewhere.asked) == ["trees", "wood"]


@pytest.mark.parametrize("name", ["missing", "round/0", "large"])
async def test_what_cannot_be_fetched_is_not_available(
    broker: Broker, elsewhere: Elsewhere, name: str
) -> None:
    with pytest.raises(LdContextNotAvailable):
        await broker.contexts.terms(elsewhere.url(name))


async def test_what_is_there_and_no_context_is_the_writers_mistake(
    broker_client: httpx.AsyncClient, elsewhere: Elsewhere
) -> None:
    elsewhere.documents["note"] = {"note": "no context"}
    entity = {"id": "urn:x:1", "type": "Tree", "@context": elsewhere.url("note")}

    refused = await broker_client.post(
        "/ngsi-ld/v1/entities", json=entity, headers={"Content-Type": "application/ld+json"}
    )

    assert refused.status_code == 400
    assert refused.json()["type"].endswith("/BadRequestData")


@pytest.mark.parametrize(
    "url",
    [
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld",
        "http://127.0.0.1:1/none",
        "ftp://example.org/context",
        "urn:example:context",
    ],
)
async def test_some_contexts_are_never_available(broker: Broker, url: str) -> None:
    with pytest.raises(LdContextNotAvailable):
        await broker.contexts.terms(url)


async def test_clouds_secrets_are_no_context(broker: Broker) -> None:
    with pytest.raises(BadRequestData):
        await broker.contexts.terms("http://169.254.169.254/latest/meta-data")


async def test_answers_name_a_context_that_can_be_had(
    broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    context: JsonValue = [{"tree": "https://example.org/tree"}]

    made = await broker.contexts.terms(context)
    link = await broker.contexts.publish(made)
    served = await broker_client.get(link.partition("//")[2].partition("/")[2].join(["/", ""]))

    assert served.json() == {"@context": made.inline}
    again = await broker.contexts.terms(link)
    assert again.expand_name("tree") == "https://example.org/tree"
    assert again.link == link


async def test_the_core_alone_is_named_by_the_version_asked_for(broker: Broker) -> None:
    terms = await broker.contexts.terms([CORE])

    assert (terms.link, terms.inline, terms.urls) == (CORE, CORE, ())
    assert terms.expand_name("tree") == "https://uri.etsi.org/ngsi-ld/default-context/tree"


async def test_an_old_context_is_asked_for_again_and_kept_when_it_is_the_same(
    broker_house: House, broker: Broker, elsewhere: Elsewhere
) -> None:
    elsewhere.documents["trees"] = TREES
    url = elsewhere.url("trees")
    shelf = Shelf(broker_house)
    shelf.open(Fetcher(broker_house, broker.http))
    await shelf.gather(url)
    assert not await shelf.refresh_one()

    broker_house.clock = FixedClock(datetime.now(UTC) + timedelta(days=2))
    same = await shelf.refresh_one()
    elsewhere.documents["trees"] = {"@context": {"tree": "https://example.org/shrub"}}
    broker_house.clock = FixedClock(datetime.now(UTC) + timedelta(days=4))
    changed = await shelf.refresh_one()

    assert (same, elsewhere.unchanged, changed) == (False, 1, True)
    async with broker_house.database.transaction() as conn:
        stored = await find_context(conn, url)
    assert stored is not None
    assert "shrub" in stored.body


@pytest.mark.parametrize(
    "url",
    ["http://raw.githubusercontent.com/a", "https://elsewhere.example/a", "https://127.0.0.1/a"],
)
async def test_in_production_contexts_come_from_known_hosts_over_https(
    broker_house: House, broker: Broker, url: str
) -> None:
    broker_house.settings = msgspec.structs.replace(
        broker_house.settings, profile=Profile.PRODUCTION
    )

    with pytest.raises(LdContextNotAvailable):
        await broker.contexts.terms(url)


async def test_the_status_of_what_is_not_available_can_be_set(
    broker_house: House, broker: Broker
) -> None:
    broker_house.settings = msgspec.structs.replace(broker_house.settings, ld_context_status=503)

    with pytest.raises(LdContextNotAvailable) as caught:
        await broker.contexts.terms("http://127.0.0.1:1/none")

    assert caught.value.status == 503
