"""The composition root: the only file that names every block."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from litestar import Litestar, Response, Router
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Contact, License
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from mieone import portal
from mieone.blocks.access.block import BLOCK as ACCESS
from mieone.blocks.broker.block import block as broker
from mieone.blocks.coin.block import BLOCK as COIN
from mieone.blocks.coin.block import make_pay
from mieone.blocks.consent.block import BLOCK as CONSENT
from mieone.blocks.exchange.block import BLOCK as EXCHANGE
from mieone.blocks.identity import current_actor
from mieone.blocks.identity.block import block as identity
from mieone.blocks.inbox import Notifier
from mieone.blocks.inbox.block import BLOCK as INBOX
from mieone.blocks.procedures.block import BLOCK as PROCEDURES
from mieone.blocks.registry.block import BLOCK as REGISTRY
from mieone.core.block import Block
from mieone.core.clock import Clock, SystemClock
from mieone.core.database import PooledDatabase
from mieone.core.ending import end_with_supervisor, stop_event
from mieone.core.entrance import EntranceMiddleware, finish_answer
from mieone.core.health import get_live, get_metrics, get_ready, list_chains
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.log import configure_logging
from mieone.core.model import Actor
from mieone.core.problems import NotSignedIn
from mieone.core.rate import Rate
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.schema import Migration, all_migrations, check_schema
from mieone.core.sessions import Session, entrance_of
from mieone.core.settings import Entrance, Profile, Settings
from mieone.core.worker import register, work
from mieone.simulators.block import SimulatedCards
from mieone.simulators.town_core import TownCore
from mieone.web import (
    AnyRequest,
    Assets,
    Catalogue,
    Site,
    Telephone,
    page_dependency,
    render_problem,
    wants_json,
)
from mieone.web.packing import PackedFiles

CARDS = SimulatedCards(lambda house: TownCore(house.settings.home, house.region))
"""Opens nothing by itself; the card office of a house exists outside production only."""

# In floor order: migrations, samples and start-up run from the bottom up.
BLOCKS: tuple[Block, ...] = (
    ACCESS,
    identity(CARDS.card_path),
    CONSENT,
    EXCHANGE,
    REGISTRY,
    COIN,
    broker(),
    INBOX,
    PROCEDURES,
    CARDS.block(),
    portal.BLOCK,
)

WEB = Path(__file__).parent / "web"
STANDARDS = ["^/ngsi-ld/", "^/v2", "^/version"]
OUTSIDE_CSRF = [
    "^/api/",
    "^/oauth/",
    "^/.well-known/",
    "^/health/",
    "^/metrics",
    "^/static/",
    *STANDARDS,
]


def migrations() -> list[Migration]:
    return all_migrations([(block.name, block.migrations) for block in BLOCKS])


def read_connections(home: Path) -> Connections:
    """What `mieone up` wrote for its children and for commands that only connect."""
    path = home / "connections.json"
    return msgspec.json.decode(path.read_bytes(), type=Connections)


def compose(settings: Settings, database: PooledDatabase, clock: Clock | None = None) -> House:
    """Put the house together; nothing is connected yet."""
    house = House(
        settings=settings,
        clock=clock or SystemClock(),
        keyring=KeyRing.open(settings.home),
        region=Region.load(settings.region_dir),
        database=database,
        blocks=BLOCKS,
    )
    house.pay = make_pay(house)
    house.notify = Notifier(house.keyring, house.clock)
    return house


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """A house for commands and jobs: connected, checked, closed at the end."""
    connections = read_connections(settings.home)
    database = PooledDatabase(connections.app_dsn, settings.pool_size)
    house = compose(settings, database)
    async with running(house, database):
        yield house


@asynccontextmanager
async def running(house: House, database: PooledDatabase) -> AsyncIterator[None]:
    await database.start()
    try:
        async with database.pool.acquire() as conn:
            await check_schema(conn, migrations())
        await register(house)
        for block in house.blocks:
            if block.start is not None:
                await block.start(house)
        yield
    finally:
        for block in reversed(house.blocks):
            if block.stop is not None:
                await block.stop(house)
        await database.close()


def create_app(house: House, database: PooledDatabase) -> Litestar:
    """All entrances that the settings name, on one application."""

    site = build_site(house)

    def lifespan(_app: Litestar) -> AbstractAsyncContextManager[None]:
        return running(house, database)

    app = Litestar(
        route_handlers=_handlers(house),
        dependencies=_dependencies(house, site),
        exception_handlers={Exception: _problem_handler(house, site)},
        middleware=[DefineMiddleware(EntranceMiddleware, house=house, rate=_rate(house.settings))],
        before_send=[finish_answer],
        csrf_config=CSRFConfig(
            secret=house.keyring.derive("csrf").hex(),
            cookie_name="mieone_csrf",
            cookie_samesite="lax",
            cookie_secure=house.settings.people_origin.startswith("https:"),
            exclude=OUTSIDE_CSRF,
        ),
        lifespan=[lifespan],
        openapi_config=_openapi(house),
        request_max_body_size=12 * 1024 * 1024,
    )
    for block in house.blocks:
        if block.around is not None:
            app.asgi_handler = block.around(house, app.asgi_handler)
    return app


def _rate(settings: Settings) -> Rate | None:
    limit = settings.requests_per_minute
    return None if limit is None else Rate(limit)


def _handlers(house: House) -> list[ControllerRouterHandler]:
    entrances = house.settings.entrances
    machine: list[ControllerRouterHandler] = [get_live, get_ready, get_metrics, list_chains]
    human: list[ControllerRouterHandler] = []
    for block in house.blocks:
        for entrance, handlers in _by_entrance(block).items():
            if entrance in entrances:
                target = machine if entrance is Entrance.MACHINES else human
                target.extend(handlers)
        if house.settings.simulators_allowed and Entrance.PEOPLE in entrances:
            human.extend(block.simulators)
    static = create_static_files_router(
        path="/static", directories=[WEB / "static"], middleware=[PackedFiles(WEB / "static")]
    )
    return [*machine, Router(path="/", route_handlers=human, include_in_schema=False), static]


def _by_entrance(block: Block) -> dict[Entrance, Sequence[ControllerRouterHandler]]:
    return {
        Entrance.MACHINES: block.routes,
        Entrance.PEOPLE: block.pages,
        Entrance.DESK: block.desk,
        Entrance.SHOP: block.shop,
        Entrance.DEVELOPERS: block.developers,
    }


def build_site(house: House) -> Site:
    """Catalogues, templates and assets, shared by every page."""
    association = house.region.association
    return Site.build(
        catalogue=Catalogue.load(is_strict=house.settings.profile is not Profile.PRODUCTION),
        assets=Assets.load(),
        profile=house.settings.profile,
        telephone=Telephone(
            number=association.telephone or "", is_sample=association.telephone_is_sample
        ),
        region_names=house.region.names,
        towns=house.region.towns,
        template_folders=[block.templates for block in house.blocks if block.templates],
        clock=house.clock,
    )


def _problem_handler(
    house: House, site: Site
) -> Callable[[AnyRequest, Exception], Response[object] | Response[bytes]]:
    forms = {prefix: form for block in house.blocks for prefix, form in block.problem_forms.items()}

    def handle(request: AnyRequest, error: Exception) -> Response[object] | Response[bytes]:
        for prefix, form in forms.items():
            if request.url.path.startswith(prefix):
                return form(request, error)
        if isinstance(error, NotSignedIn) and not wants_json(request):
            return _to_sign_in(request)
        return render_problem(site, request, error)

    return handle


def _to_sign_in(request: AnyRequest) -> Response[object]:
    """A page that needs somebody leads to the sign-in of its entrance, and from there back."""
    doors = {Entrance.DESK: "/desk/sign-in", Entrance.SHOP: "/shop/sign-in"}
    door = doors.get(entrance_of(request.url.path), "/sign-in")
    path = request.url.path if request.method == "GET" else ""
    query = f"?{urlencode({'return_to': path})}" if path else ""
    return Response(None, status_code=303, headers={"Location": f"{door}{query}"})


def provide_session(request: AnyRequest) -> Session | None:
    found = request.scope["state"].get("session")
    return found if isinstance(found, Session) else None


async def provide_actor(request: AnyRequest, house: House) -> Actor:
    """Whoever is signed in at this entrance. Raises NotSignedIn.

    Staff see the towns that their post and a living entrustment give them today, not those of
    the morning they signed in.
    """
    session = provide_session(request)
    if session is None:
        raise NotSignedIn
    if session.entrance is Entrance.DESK:
        return await current_actor(house, session.actor)
    return session.actor


def _dependencies(house: House, site: Site) -> dict[str, Provide]:
    def constant(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False, use_cache=True)

    return {
        "house": constant(house),
        "database": constant(house.database),
        "clock": constant(house.clock),
        "site": constant(site),
        "page": page_dependency(site),
        "session": Provide(provide_session, sync_to_thread=False),
        "actor": Provide(provide_actor),
    }


def _openapi(house: House) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="mieone",
        version="1",
        description="One resident, six towns, one door.",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        contact=Contact(name="mieone"),
        path="/api",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )


def people() -> Litestar:
    """Factory for the people's origin (`http://localhost:$MIEONE_PORT`)."""
    return _server()


def machines() -> Litestar:
    """Factory for the machines' origin (`https://localhost:$MIEONE_TLS_PORT`), the issuer."""
    return _server()


def _server() -> Litestar:
    configure_logging()
    settings = Settings.from_environment(os.environ)
    database = PooledDatabase(read_connections(settings.home).app_dsn, settings.pool_size)
    return create_app(compose(settings, database), database)


def run_worker() -> None:
    """The background process, until SIGTERM or SIGINT."""
    configure_logging()
    asyncio.run(_work(Settings.from_environment(os.environ)))


async def _work(settings: Settings) -> None:
    end_with_supervisor(os.environ)
    stop = stop_event()
    connections = read_connections(settings.home)
    sealer = await PooledDatabase.open(connections.sealer_dsn, 2)
    try:
        async with opened(settings) as house:
            await work(house, sealer, stop)
    finally:
        await sealer.close()
