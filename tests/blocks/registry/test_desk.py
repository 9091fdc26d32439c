"""A town's officer sends the register's file at the desk: shown, then taken, once."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp, Receive, Scope, Send

from mieone.blocks import identity
from mieone.blocks.identity.actions import keys, persons
from mieone.blocks.registry import store
from mieone.blocks.registry.actions import import_register, match_due, note_verified
from mieone.blocks.registry.block import BLOCK
from mieone.core.clock import FixedClock
from mieone.core.database import Conn, set_scope
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.outbox import Event
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
from mieone.web.build import ENTRIES
from tests.blocks.registry import given
from tests.conftest import OneTransaction

TOWN, OTHER = TownCode("244422"), TownCode("244716")
PATH = "/desk/register/import"
ACTORS = {
    "officer": Actor(
        kind=ActorKind.TOWN_OFFICER, id="post-1", organisation="town", towns=frozenset({TOWN})
    ),
    "colleague": Actor(
        kind=ActorKind.TOWN_OFFICER, id="post-2", organisation="town", towns=frozenset({TOWN})
    ),
    "neighbour": Actor(
        kind=ActorKind.TOWN_OFFICER, id="post-3", organisation="other", towns=frozenset({OTHER})
    ),
    "association": Actor(
        kind=ActorKind.ASSOCIATION, id="post-4", organisation="association", towns=frozenset({TOWN})
    ),
}


class SignedIn:
    """Puts an actor where the entrance would."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = dict(scope["headers"]).get(b"x-actor", b"officer").decode()
            scope.setdefault("state", {})["actor"] = ACTORS[name]
        await self.app(scope, receive, send)


def signed_in(request: AnyRequest) -> Actor:
    found: Actor = request.scope["state"]["actor"]
    return found


@pytest.fixture
async def house(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    rolled_back: OneTransaction,
) -> House:
    return await given.house(settings, clock, keyring, region, rolled_back, BLOCK)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    site = Site.build(
        catalogue=Catalogue.load(),
        assets=Assets({name: f"/static/dist/{name}" for name in ENTRIES}),
        profile=house.settings.profile,
        telephone=Telephone(number="0000-00-0000", is_sample=True),
        region_names=house.region.names,
        towns=house.region.towns,
        template_folders=[path for path in (BLOCK.templates,) if path],
        clock=house.clock,
    )
    app = Litestar(
        route_handlers=list(BLOCK.desk),
        dependencies={
            "page": page_dependency(site),
            "house": Provide(lambda: house, sync_to_thread=False),
            "actor": Provide(signed_in, sync_to_thread=False),
        },
        exception_handlers={Exception: lambda request, error: render_problem(site, request, error)},
        middleware=[SignedIn],
        openapi_config=None,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


async def send(
    client: httpx.AsyncClient, content: bytes, *, actor: str = "officer", town: str = TOWN
) -> httpx.Response:
    return await client.post(
        PATH,
        data={"town": town, "extent": "whole"},
        files={"file": ("meibo.csv", content, "text/csv")},
        headers={"x-actor": actor},
    )


def taking(shown: httpx.Response) -> str:
    found = re.search(rf'action="({PATH}/[^"]+)"', shown.text)
    assert found is not None
    return found.group(1)


async def residents(conn: Conn) -> int:
    await set_scope(conn, [TOWN])
    return (await store.count_residents(conn, [TOWN])).get(TOWN, 0)


async def test_a_file_is_shown_before_anything_changes_and_taken_once(
    client: httpx.AsyncClient, conn: Conn
) -> None:
    content = given.content(given.entry(1), given.entry(2, name=""))

    shown = await send(client, content)
    before = await residents(conn)
    taken = await client.post(taking(shown))
    result = await client.get(taken.headers["location"])
    again = await client.post(taking(shown))

    assert (shown.status_code, taken.status_code, result.status_code) == (200, 303, 200)
    assert "必要な値がありません" in shown.text
    assert "A-00001" in shown.text
    assert before == 0
    assert await residents(conn) == 1
    assert again.status_code == 409


async def test_old_and_new_values_are_shown_and_the_look_is_on_record(
    client: httpx.AsyncClient, conn: Conn, house: House
) -> None:
    await import_register(
        conn,
        house.keyring,
        house.clock,
        house.region,
        given.importer(house.region),
        given.delivery(TOWN, given.entry(1)),
    )

    shown = await send(client, given.content(given.entry(1, banchi="99番地")))

    assert "12番地3" in shown.text
    assert "99番地" in shown.text
    rows = await conn.fetch("SELECT purpose, items FROM access.record")
    assert [tuple(row) for row in rows] == [("register-import", ["banchi"])]


async def test_a_file_that_loses_many_asks_whether_it_is_the_right_one(
    client: httpx.AsyncClient, conn: Conn, house: House
) -> None:
    await import_register(
        conn,
        house.keyring,
        house.clock,
        house.region,
        given.importer(house.region),
        given.delivery(TOWN, *(given.entry(number) for number in range(1, 11))),
    )

    shown = await send(client, given.content(given.entry(1)))

    assert "いなくなる人が多くないですか" in shown.text
    assert await residents(conn) == 10


async def test_nobody_but_a_towns_own_officer_comes_near(client: httpx.AsyncClient) -> None:
    content = given.content(given.entry(1))
    shown = await send(client, content)

    association = await client.get(PATH, headers={"x-actor": "association"})
    neighbour = await send(client, content, actor="neighbour")
    neighbour_takes = await client.post(taking(shown), headers={"x-actor": "neighbour"})
    colleague_takes = await client.post(taking(shown), headers={"x-actor": "colleague"})

    assert association.status_code == 403
    assert neighbour.status_code == 422
    assert neighbour_takes.status_code == 403
    assert colleague_takes.status_code == 409


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("氏名".encode("cp932"), "UTF-8のCSVファイル"),
        (b"name\n", "次の列を確かめてください"),
        (b"", "ファイル"),
    ],
)
async def test_what_is_wrong_stands_beside_the_field(
    client: httpx.AsyncClient, content: bytes, words: str
) -> None:
    answer = await send(client, content)

    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.parametrize("language", ["ja", "ja-x-yasashii", "en"])
async def test_every_page_speaks_every_language(client: httpx.AsyncClient, language: str) -> None:
    content = given.content(
        given.entry(1), given.entry(2, name="", sex="x"), given.entry(3, name_kana=None)
    )

    shown = await send(client, content)
    taken = await client.post(taking(shown))
    for path in (PATH, taken.headers["location"]):
        page = await client.get(path, params={"lang": language})
        assert page.status_code == 200
        assert "registry." not in re.sub(r"<[^>]*>", "", page.text)


async def open_case(conn: Conn, house: House) -> UUID:
    """Somebody whose card says another lot number than the register."""
    now = house.clock.now()
    await import_register(
        conn,
        house.keyring,
        house.clock,
        house.region,
        given.importer(house.region),
        given.delivery(TOWN, given.entry(1)),
    )
    person_id = await persons.make_person(conn, house.keyring, now)
    values = {
        "name": "見本　花子",
        "address": "三重県多気郡明和町大字見本99番地",
        "birth_date": "1980-05-05",
        "sex": "female",
    }
    await keys.record_attributes(conn, house.keyring, person_id, values, now)
    payload = {"person_id": str(person_id)}
    event = Event(name="identity.person_verified", key=str(person_id), payload=payload)
    await note_verified(house, conn, event)
    await match_due(house)
    await set_scope(conn, house.region.town_codes)
    return person_id


async def test_an_officer_decides_a_case_beside_the_register(
    client: httpx.AsyncClient, conn: Conn, house: House
) -> None:
    person_id = await open_case(conn, house)
    queue = await client.get("/desk/register/cases")
    path = re.findall(r'href="(/desk/register/cases/[^"]+)"', queue.text)[0]

    case = await client.get(path)
    chosen = re.findall(r'value="([0-9a-f-]{36})"', case.text)[0]
    by_association = await client.get(path, headers={"x-actor": "association"})
    by_neighbour = await client.get(path, headers={"x-actor": "neighbour"})
    await set_scope(conn, [TOWN])
    linked = await client.post(path, data={"resident": chosen})
    again = await client.post(path, data={"resident": chosen})

    assert "99番地" in case.text
    assert "12番地3" in case.text
    assert case.text.count("ちがいます") == 1
    assert (by_association.status_code, by_neighbour.status_code) == (403, 403)
    assert (linked.status_code, again.status_code) == (303, 409)
    pairwise = await identity.pairwise_id(conn, "registry", person_id)
    link = await store.find_link(conn, pairwise)
    assert link is not None
    assert str(link.resident_id) == chosen
    looks = await conn.fetch(
        "SELECT subject_id FROM access.record WHERE decision = 'read' AND actor_id = 'post-1'"
    )
    assert {row["subject_id"] for row in looks} == {person_id, link.resident_id}


async def test_an_officer_may_link_to_nobody(
    client: httpx.AsyncClient, conn: Conn, house: House
) -> None:
    await open_case(conn, house)
    queue = await client.get("/desk/register/cases")
    path = re.findall(r'href="(/desk/register/cases/[^"]+)"', queue.text)[0]

    refused = await client.post(path, data={"resident": "nobody"})
    wrong = await client.post(path, data={"resident": "somebody"})

    assert (refused.status_code, wrong.status_code) == (303, 404)
    assert "決めるものはありません" in (await client.get("/desk/register/cases")).text
