"""The pages and machine entrances of the door's three blocks, with somebody signed in by a header."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import msgspec
from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp, Receive, Scope, Send

from mieone.blocks.access.block import BLOCK as ACCESS
from mieone.blocks.consent.block import BLOCK as CONSENT
from mieone.blocks.exchange.block import BLOCK as EXCHANGE
from mieone.blocks.exchange.routes import list_datasets, list_own_rights, post_disclosure
from mieone.blocks.identity.oauth.model import Caller
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.ports import Note
from mieone.core.problems import NotSignedIn
from mieone.web import Assets, Catalogue, Site, Telephone, page_dependency, render_problem
from mieone.web.build import ENTRIES

BLOCKS = (ACCESS, CONSENT, EXCHANGE)
AnyRequest = Request[object, object, State]


class Letterbox:
    """Where notes arrive."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    async def send(self, conn: Conn, note: Note) -> None:
        if note.key not in {one.key for one in self.notes}:
            self.notes.append(note)


class SignedIn:
    """Puts an actor where the entrance would."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["csp_nonce"] = "nonce"
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            if "x-person" in headers:
                state["actor"] = Actor(kind=ActorKind.PERSON, id=headers["x-person"])
            if "x-association" in headers:
                state["actor"] = Actor(kind=ActorKind.ASSOCIATION, id=headers["x-association"])
        await self.app(scope, receive, send)


def provide_actor(request: AnyRequest) -> Actor:
    actor = request.scope["state"].get("actor")
    if not isinstance(actor, Actor):
        raise NotSignedIn
    return actor


def provide_caller(request: AnyRequest) -> Caller:
    person = request.headers.get("x-token-person")
    return Caller(
        client_id=request.headers["x-client"],
        organisation_id="org-nursery",
        sector="nursery",
        scopes=frozenset({"openid"}),
        person_id=UUID(person) if person else None,
    )


def build_site(house: House) -> Site:
    return Site.build(
        catalogue=Catalogue.load(),
        assets=Assets({name: f"/static/dist/{name}" for name in ENTRIES}),
        profile=house.settings.profile,
        telephone=Telephone(number="0000-00-0000", is_sample=True),
        region_names=house.region.names,
        towns=house.region.towns,
        template_folders=[block.templates for block in BLOCKS if block.templates],
        clock=house.clock,
    )


def build_app(house: House) -> Litestar:
    site = build_site(house)

    def constant(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

    pages: Sequence[object] = [
        handler for block in BLOCKS for handler in (*block.pages, *block.desk, *block.developers)
    ]
    # The same handlers as in the block, with a caller by header in place of a token.
    door = Router(
        "/api/exchange/v1", route_handlers=[list_datasets, list_own_rights, post_disclosure]
    )
    machines = [*CONSENT.routes, door]
    return Litestar(
        route_handlers=[*pages, *machines],  # type: ignore[list-item]
        dependencies={
            "page": page_dependency(site),
            "site": constant(site),
            "house": constant(house),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        exception_handlers={Exception: lambda request, error: render_problem(site, request, error)},
        middleware=[SignedIn],
    )


class Visitor(msgspec.Struct):
    """Somebody with a browser."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def get(self, path: str, **parameters: str) -> httpx.Response:
        return await self.client.get(path, headers=self.headers, params=parameters or None)

    async def post(self, path: str, form: dict[str, object]) -> httpx.Response:
        return await self.client.post(path, headers=self.headers, data=form)


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(house)), base_url="http://localhost:8000"
    ) as client:
        yield client
