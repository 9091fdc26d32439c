"""What a source is told as its registration wants it: headers, media types and contexts."""

import httpx
import msgspec
from aiohttp import web

from tests.blocks.broker.installations import listening

from .saying import BATCH, ENTITIES, ONE, register, shelter, value

CONTEXT = {"@context": {"places": "https://uri.etsi.org/ngsi-ld/default-context/capacity"}}


class Listener:
    def __init__(self) -> None:
        self.headers: list[httpx.Headers] = []
        self.bodies: list[object] = []
        self.targets: list[str] = []

    async def hear(self, request: web.Request) -> web.Response:
        self.headers.append(httpx.Headers(list(request.headers.items())))
        self.targets.append(request.path_qs)
        self.bodies.append(await request.json() if request.can_read_body else None)
        return web.json_response([], status=201 if request.method == "POST" else 200)


async def test_what_the_request_has_there_is_passed_on(here: httpx.AsyncClient) -> None:
    source = Listener()
    async with listening(source.hear) as url:
        await register(
            here,
            url,
            contextSourceInfo=[
                {"key": key, "value": "urn:ngsi-ld:request"}
                for key in ("X-Purpose", "X-Absent", "Authorization", "X-API-Key", "Cookie")
            ],
        )
        for token in ("Bearer theirs", "Bearer mie_ours"):
            sent = {"X-Purpose": "drill", "Authorization": token, "X-API-Key": "k", "Cookie": "c=1"}
            await here.get(ENTITIES, params={"type": "Shelter"}, headers=sent)

    theirs, ours = source.headers
    assert (theirs["X-Purpose"], theirs["Authorization"]) == ("drill", "Bearer theirs")
    assert "X-Absent" not in theirs
    assert not {"X-API-Key", "Cookie"} & theirs.keys()
    assert "Authorization" not in ours


async def test_a_source_is_spoken_to_in_its_own_context(here: httpx.AsyncClient) -> None:
    source = Listener()

    async def give(request: web.Request) -> web.Response:
        return web.json_response(CONTEXT, content_type="application/ld+json")

    async with listening(give) as contexts, listening(source.hear) as url:
        context = f"{contexts}/context.jsonld"
        await register(here, url, contextSourceInfo=[{"key": "jsonldContext", "value": context}])
        await here.post(ENTITIES, json=shelter(capacity=value(1)))
        await here.get(ENTITIES, params={"type": "Shelter", "attrs": "capacity", "q": "capacity>0"})

    assert all(context in headers["Link"] for headers in source.headers)
    assert source.headers[0]["Content-Type"] == "application/json"
    assert source.bodies[0] == shelter(places=value(1))
    assert source.targets[1].split("?")[1].split("&") == [
        "attrs=places",
        "q=places%3E0",
        "type=Shelter",
    ]


async def test_a_batch_goes_on_in_the_words_of_its_elements(here: httpx.AsyncClient) -> None:
    source = Listener()

    async def give(request: web.Request) -> web.Response:
        return web.json_response(CONTEXT, content_type="application/ld+json")

    async with listening(give) as contexts, listening(source.hear) as url:
        context = f"{contexts}/context.jsonld"
        await register(here, url, mode="redirect", operations=["redirectionOps", "createBatch"])
        told = [
            {**shelter(places=value(at)), "id": f"urn:x:{at}", "@context": context}
            for at in range(2)
        ]
        await here.post(
            f"{BATCH}/create",
            content=msgspec.json.encode(told),
            headers={"Content-Type": "application/ld+json"},
        )

    ((body,), (headers,)) = source.bodies, source.headers
    assert body == [{**shelter(places=value(at)), "id": f"urn:x:{at}"} for at in range(2)]
    assert headers["Content-Type"] == "application/json"
    assert context in headers["Link"]


async def test_a_source_takes_bodies_as_it_says(here: httpx.AsyncClient) -> None:
    source = Listener()
    async with listening(source.hear) as url:
        await register(
            here, url, contextSourceInfo=[{"key": "contentType", "value": "application/json"}]
        )
        await here.post(ENTITIES, json=shelter(capacity=value(1)))
        await here.delete(f"{ENTITIES}/{ONE}")

    made, gone = source.headers
    assert made["Content-Type"] == "application/json"
    assert "contentType" not in gone
    assert source.bodies[0] == shelter(capacity=value(1))
