"""What every request passes: one name for people, headers that hold, a session only at its own entrance."""

import httpx
import pytest
from litestar import Litestar, Response, get
from litestar.connection import Request
from litestar.middleware import DefineMiddleware

from mieone.core.clock import FixedClock
from mieone.core.entrance import EntranceMiddleware, finish_answer
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import TooMany
from mieone.core.rate import MAX_VISITORS, WINDOW_S, Rate, network_of
from mieone.core.region import Region
from mieone.core.sessions import Acr, open_session
from mieone.core.settings import Entrance, Settings
from tests.conftest import OneTransaction

LIMIT = 12


def _told(_request: Request, problem: TooMany) -> Response[None]:  # type: ignore[type-arg]
    return Response(None, status_code=problem.status, headers=dict(problem.headers))


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
        middleware=[DefineMiddleware(EntranceMiddleware, house=house, rate=Rate(LIMIT))],
        exception_handlers={TooMany: _told},
        before_send=[finish_answer],
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


async def test_a_path_that_leads_nowhere_carries_the_policy_too() -> None:
    nowhere = Litestar(route_handlers=[], before_send=[finish_answer], openapi_config=None)
    transport = httpx.ASGITransport(app=nowhere)  # type: ignore[arg-type]

    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as visitor:
        answer = await visitor.get("/nowhere")

    assert answer.status_code == 404
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self';" in answer.headers["content-security-policy"]


async def test_who_comes_too_often_is_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    welcome = [await client.get(f"/x{number}") for number in range(LIMIT)]
    refused = await client.get("/another")
    watched = await client.get("/health/x")
    stranger = await client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})

    assert {answer.status_code for answer in welcome} == {200}
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= WINDOW_S
    assert refused.headers["x-frame-options"] == "DENY"
    assert (watched.status_code, stranger.status_code) == (200, 429)


async def test_a_signed_in_session_is_counted_for_itself(
    client: httpx.AsyncClient, rolled_back: OneTransaction, clock: FixedClock
) -> None:
    actor = Actor(kind=ActorKind.PERSON, id="somebody")
    async with rolled_back.transaction() as conn:
        token = await open_session(conn, Entrance.PEOPLE, actor, Acr.PASSKEY, clock.now())
    for _ in range(LIMIT):
        await client.get("/x")

    guessed = await client.get("/x", headers={"Cookie": "mieone_person=guessed"})
    signed_in = await client.get("/x", headers={"Cookie": f"mieone_person={token}"})

    assert (guessed.status_code, signed_in.status_code) == (429, 200)


def test_a_new_minute_forgets_the_one_before() -> None:
    rate = Rate(2)

    assert [rate.wait_s("a", now) for now in (0, 1, 2, 59.5, 60)] == [0, 0, 58, 1, 0]


def test_many_visitors_do_not_fill_the_memory() -> None:
    rate = Rate(1)
    for number in range(MAX_VISITORS):
        rate.wait_s(str(number), 0)

    assert rate.wait_s("0", 1) == 0


def test_a_household_is_one_visitor_whatever_its_devices_are_called() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::2")
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("unknown") == "unknown"
