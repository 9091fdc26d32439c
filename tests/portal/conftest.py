"""A portal on the real region and its open data, with two invented blocks: every page of ours."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from mieone import portal
from mieone.blocks.broker.actions.declaring import declare_region
from mieone.blocks.broker.actions.importing import Importer
from mieone.blocks.broker.actions.parts import Broker
from mieone.core.block import Block
from mieone.core.clock import FixedClock
from mieone.core.database import Database, PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.settings import Profile, Settings
from mieone.web import (
    Assets,
    Catalogue,
    HomeItem,
    PageSection,
    SectionLink,
    SectionPlace,
    Site,
    Telephone,
    Tone,
    Urgency,
    Yen,
    page_dependency,
    render_problem,
)
from mieone.web.build import ENTRIES
from tests.conftest import cloned

REGION = Path(__file__).parents[2] / "regions" / "mie"
PERSON = UUID(int=7)


async def items(house: House, person_id: UUID) -> Sequence[object]:
    letter = HomeItem(urgency=Urgency.LETTER, message_id="portal.now.empty.text", href="/inbox/1")
    deadline = HomeItem(
        urgency=Urgency.DEADLINE,
        message_id="portal.design.sample.text",
        href="/cases/1",
        icon="clock",
        until=date(2026, 7, 3),
        tone=Tone.ATTENTION,
    )
    return [letter, deadline]


async def sections(house: House, person_id: UUID) -> Sequence[object]:
    link = SectionLink(message_id="portal.design.sample.pay", href="/coin/pay", icon="coin")
    return [
        PageSection(
            place=SectionPlace.MONEY,
            title_id="portal.three.money.name",
            text_id="portal.three.money.hint",
            values={"amount": Yen(1)},
            amount_yen=12_000,
            links=(link,),
        )
    ]


class SignedIn:
    """Puts an actor where the entrance would."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            state = scope.setdefault("state", {})
            state["csp_nonce"] = "nonce"
            if (b"x-person", b"yes") in scope["headers"]:
                towns = frozenset({TownCode("244422")})
                state["actor"] = Actor(kind=ActorKind.PERSON, id=str(PERSON), towns=towns)
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
async def context(template: Connections) -> AsyncIterator[PooledDatabase]:
    """The open data of the six towns, read once for all pages."""
    async with cloned(template) as made:
        database = await PooledDatabase.open(made.app_dsn, 4)
        house = make_house(database)
        broker = Broker(house)
        await declare_region(house)
        await broker.open()
        await Importer(broker).import_region_files()
        await broker.close()
        yield database
        await database.close()


@pytest.fixture(scope="session")
async def house(context: PooledDatabase) -> House:
    return make_house(context)


def make_house(database: Database) -> House:
    return House(
        settings=Settings(profile=Profile.DEMO, home=Path("unused"), region_dir=REGION),
        clock=FixedClock(datetime(2026, 6, 21, 3, tzinfo=UTC)),
        keyring=cast(KeyRing, None),
        region=Region.load(REGION),
        database=database,
        blocks=(portal.BLOCK, Block(name="invented", home_items=items, my_page=sections)),
    )


@pytest.fixture(scope="session")
def site(house: House) -> Site:
    return Site.build(
        catalogue=Catalogue.load(),
        assets=Assets({name: f"/static/dist/{name}" for name in ENTRIES}),
        profile=house.settings.profile,
        telephone=Telephone(number="0000-00-0000", is_sample=True),
        region_names=house.region.names,
        towns=house.region.towns,
        template_folders=[block.templates for block in house.blocks if block.templates],
        clock=house.clock,
    )


@pytest.fixture
async def client(house: House, site: Site) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        route_handlers=[*portal.BLOCK.pages, *portal.BLOCK.developers],
        dependencies={
            "page": page_dependency(site),
            "house": Provide(lambda: house, sync_to_thread=False),
        },
        exception_handlers={Exception: lambda request, error: render_problem(site, request, error)},
        csrf_config=CSRFConfig(secret="0" * 32, cookie_name="mieone_csrf"),
        middleware=[SignedIn],
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as opened:
        yield opened
