"""The pages of procedures and inbox as one small application, each request signed in by a header."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ASGIApp, Receive, Scope, Send

from mieone.blocks import inbox
from mieone.blocks.identity.staff.sample import load_organisations
from mieone.blocks.inbox.block import BLOCK as INBOX
from mieone.blocks.procedures.block import BLOCK as PROCEDURES
from mieone.core.clock import FixedClock
from mieone.core.database import Conn, PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.ports import (
    ConsentDetail,
    ConsentRequested,
    ConsentSettled,
    Disclosure,
    DisclosureRequest,
    GrantOrder,
    Record,
)
from mieone.core.problems import NotSignedIn
from mieone.core.region import Region
from mieone.core.settings import Settings
from mieone.web import (
    AnyRequest,
    Assets,
    Catalogue,
    Site,
    Telephone,
    page_dependency,
    render_problem,
)

from . import given

MEIWA, KIHOKU = TownCode(given.MEIWA), TownCode(given.KIHOKU)
PERSON = UUID("018f0000-0000-7000-8000-000000000001")
ACTORS = {
    "person": Actor(kind=ActorKind.PERSON, id=str(PERSON), towns=frozenset({MEIWA})),
    "somebody": Actor(kind=ActorKind.PERSON, id=str(uuid4()), towns=frozenset({MEIWA})),
    "officer": Actor(
        kind=ActorKind.TOWN_OFFICER, id=str(uuid4()), organisation="meiwa", towns=frozenset({MEIWA})
    ),
    "elsewhere": Actor(
        kind=ActorKind.TOWN_OFFICER, id=str(uuid4()), organisation="kihoku", towns=frozenset({KIHOKU})
    ),
    "association": Actor(
        kind=ActorKind.ASSOCIATION, id=str(uuid4()), organisation="association",
        towns=frozenset({MEIWA, KIHOKU}),
    ),
}  # fmt: skip


class Register:
    """The seam to the door: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[DisclosureRequest] = []
        self.records: tuple[Record, ...] = (
            Record(
                ref="r1",
                holder=True,
                items={
                    "name": "髙橋 太郎", "kana": "タカハシ タロウ", "birth_on": "1992-05-01",
                    "relationship": "世帯主", "postal_code": "5150321",
                    "address": "三重県多気郡明和町大字馬之上1",
                },
            ),
            Record(
                ref=None, holder=False,
                items={"name": "髙橋 はな", "kana": "タカハシ ハナ", "birth_on": "2026-11-15",
                       "relationship": "子", "address": "", "postal_code": ""},
            ),
        )  # fmt: skip
        self.problem: Exception | None = None

    async def __call__(self, request: DisclosureRequest) -> Disclosure:
        self.asked.append(request)
        if self.problem:
            raise self.problem
        return Disclosure(
            request_id=request.request_id,
            dataset=request.dataset,
            records=self.records,
            as_of=datetime(2026, 11, 22, tzinfo=UTC),
        )


class Purse:
    """The seam to the coin."""

    def __init__(self) -> None:
        self.orders: list[GrantOrder] = []

    async def grant(self, conn: Conn, order: GrantOrder) -> UUID:
        self.orders.append(order)
        return uuid4()


class OpenGate:
    """The seam to consent: settled, or to be asked first."""

    def __init__(self) -> None:
        self.must_ask = False

    async def request(
        self, conn: Conn, person_id: UUID, client_id: str, details: list[ConsentDetail],
        return_to: str, decided: UUID | None = None,
    ) -> ConsentRequested | ConsentSettled:  # fmt: skip
        if self.must_ask:
            return ConsentRequested(url=f"/consent/request/x?back={return_to}")
        return ConsentSettled(granted=tuple(details))


class SignedInByHeader:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            scope.setdefault("state", {})["actor"] = ACTORS.get(
                headers.get(b"x-actor", b"").decode()
            )
        await self.app(scope, receive, send)


def provide_actor(request: AnyRequest) -> Actor:
    actor = request.scope["state"].get("actor")
    if not isinstance(actor, Actor):
        raise NotSignedIn
    return actor


@pytest.fixture
async def full_house(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    database: PooledDatabase,
) -> House:
    made = House(
        settings=settings, clock=clock, keyring=keyring, region=region, database=database,
        blocks=(INBOX, PROCEDURES),
    )  # fmt: skip
    made.disclose = Register()
    made.pay = Purse()
    made.notify = inbox.Notifier(keyring, clock)
    made.consent_gate = OpenGate()  # type: ignore[assignment]
    await load_organisations(made)
    return made


def build_site(house: House) -> Site:
    return Site.build(
        catalogue=Catalogue.load(is_strict=True),
        assets=Assets.load(),
        profile=house.settings.profile,
        telephone=Telephone(number="0598-00-0000", is_sample=True),
        region_names=house.region.names,
        towns=house.region.towns,
        template_folders=[block.templates for block in house.blocks if block.templates],
        clock=house.clock,
    )


def build_app(house: House) -> Litestar:
    site = build_site(house)

    def constant(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

    handlers = [h for block in house.blocks for h in (*block.routes, *block.pages, *block.desk)]
    return Litestar(
        route_handlers=[Router("/", route_handlers=handlers)],
        dependencies={
            "house": constant(house),
            "database": constant(house.database),
            "clock": constant(house.clock),
            "page": page_dependency(site),
            "actor": Provide(provide_actor, sync_to_thread=False),
        },
        middleware=[SignedInByHeader],
        exception_handlers={Exception: lambda request, error: render_problem(site, request, error)},
        openapi_config=None,
    )


@pytest.fixture
async def browser(full_house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build_app(full_house))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
