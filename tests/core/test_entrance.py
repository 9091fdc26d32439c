"""What every request passes: one name for people, headers that hold, a session only at its own entrance."""

import httpx
import pytest
from litestar import Litestar, get
from litestar.connection import Request
from litestar.middleware import DefineMiddleware

from mieone.core.clock import FixedClock
from mieone.core.entrance import EntranceMiddleware
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind
from mieone.core.region import Region
from mieone.core.sessions import Acr, open_session
from mieone.core.settings import Entrance, Settings
from tests.conftest import OneTransaction


@get("/{path:path}")
async def say_who(request: Request) -> dict[str, str | None]:  # type: ignore[type-arg]
    actor = request.scope["state"]["actor"]
    return {"who": actor.id if actor else None, "nonce": request.scope["state"]["csp_nonce"]}


@pytest.fixture
def client(
    rolled_back: OneTransaction,
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
) -> httpx.AsyncClient:
    house = House(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=rolled_back,
        blocks=(),
    )
    app = Litestar(
        route_handlers=[say_who],
        middleware=[DefineMiddleware(EntranceMiddleware, house=house)],
        openapi_config=None,
    )
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")


async def test_people_have_one_name_for_us_and_machines_keep_theirs(
    client: httpx.AsyncClient,
) -> None:
    person = await client.get("http://127.0.0.1:8000/my?lang=en")
    machine = await client.get("http://127.0.0.1:8000/api/x")
    posting = await client.post("http://127.0.0.1:8000/my")

    assert person.status_code == 308
    assert person.headers["location"] == "http://localhost:8000/my?lang=en"
    assert machine.status_code == 200
    assert posting.status_code == 405


async def test_every_answer_carries_a_policy_with_a_nonce_of_its_own(
    client: httpx.AsyncClient,
) -> None:
    first, second = await client.get("/x"), await client.get("/x")

    for answer in (first, second):
        policy = answer.headers["content-security-policy"]
        assert f"'nonce-{answer.json()['nonce']}'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert first.json()["nonce"] != second.json()["nonce"]


async def test_a_session_counts_at_its_own_entrance_only(
    client: httpx.AsyncClient, rolled_back: OneTransaction, clock: FixedClock
) -> None:
    actor = Actor(kind=ActorKind.PERSON, id="somebody")
    async with rolled_back.transaction() as conn:
        token = await open_session(conn, Entrance.PEOPLE, actor, Acr.PASSKEY, clock.now())

    async def who(path: str, cookie: str) -> str | None:
        answer = await client.get(path, headers={"Cookie": cookie})
        found: str | None = answer.json()["who"]
        return found

    assert await who("/my", f"mieone_person={token}") == "somebody"
    assert await who("/desk", f"mieone_person={token}") is None
    assert await who("/desk", f"mieone_desk={token}") is None
    assert await who("/my", "mieone_person=guessed") is None
    assert await who("/my", 'mieone_person="broken; =;') is None
