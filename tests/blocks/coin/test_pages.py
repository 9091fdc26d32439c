"""A resident and a shop at their pages, without scripts: pay, see it, cancel it, refuse in words."""

import argparse
import json
import re
import secrets
from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID, uuid4

import httpx
import pytest
import zxingcpp
from PIL import Image

from mieone import main
from mieone.blocks import coin
from mieone.blocks.coin.problems import OverCampaignCap
from mieone.blocks.coin.rules.qr import read_code
from mieone.core.database import Conn, PooledDatabase
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.outbox import Event
from mieone.core.ports import GrantOrder
from mieone.core.problems import KeyReused
from mieone.core.sessions import COOKIES, Acr, open_session
from mieone.core.settings import Entrance

FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
CAMPAIGN = "birth_gift.244422"
BAKERY = "111111"


class Browser:
    """Fetches pages and sends their forms, as a browser without scripts would."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = httpx.Response(200)

    async def open(self, path: str) -> httpx.Response:
        self.page = await self.client.get(path)
        return self.page

    async def send(self, action: str, **typed: str) -> httpx.Response:
        form = next(
            found
            for found in re.findall(r"<form.*?</form>", self.page.text, re.DOTALL)
            if f'action="{action}"' in found
        )
        fields = dict(FIELD.findall(form)) | typed
        self.page = await self.client.post(action, data=fields)
        return self.page

    @property
    def path(self) -> str:
        return self.page.url.path


@pytest.fixture
def composed(house: House, database: PooledDatabase) -> House:
    made = House(
        settings=house.settings,
        clock=house.clock,
        keyring=house.keyring,
        region=house.region,
        database=house.database,
        blocks=(coin.BLOCK,),
    )
    made.pay = coin.make_pay(made)
    return made


@pytest.fixture
async def client(composed: House, database: PooledDatabase) -> AsyncIterator[httpx.AsyncClient]:
    assert coin.BLOCK.sample is not None
    await coin.BLOCK.sample(composed)
    app = main.create_app(composed, database)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url=composed.settings.people_origin,
        follow_redirects=True,
        headers={"accept": "text/html", "accept-language": "ja"},
    ) as opened:
        yield opened


@pytest.fixture
async def person(composed: House, client: httpx.AsyncClient) -> UUID:
    """Somebody with a Mie-ID, signed in, who was given 50,000 yen by the town."""
    async with composed.database.transaction(composed.region.town_codes) as conn:
        person_id = await make_person(conn)
        actor = Actor(kind=ActorKind.PERSON, id=str(person_id))
        token = await open_session(conn, Entrance.PEOPLE, actor, Acr.PASSKEY, composed.clock.now())
        await composed.pay.grant(conn, order(person_id))
    client.cookies.set(COOKIES[Entrance.PEOPLE], token)
    return person_id


async def make_person(conn: Conn) -> UUID:
    person_id = uuid4()
    await conn.execute(
        "INSERT INTO identity.person (person_id, state, user_handle, created_at) "
        "VALUES ($1, 'active', $2, now())",
        person_id,
        secrets.token_bytes(64),
    )
    return person_id


def order(person_id: UUID, key: str = "gift-1", amount_yen: int = 50_000) -> GrantOrder:
    return GrantOrder(
        key=key,
        person_id=person_id,
        campaign=CAMPAIGN,
        amount_yen=amount_yen,
        reason="",
        on=date(2026, 11, 22),
    )


@pytest.fixture
def browser(client: httpx.AsyncClient, person: UUID) -> Browser:
    return Browser(client)


@pytest.fixture
async def till(client: httpx.AsyncClient) -> Browser:
    """A sample shop at its till."""
    shop = Browser(client)
    await shop.open("/shop/sign-in")
    found = re.search(r'name="shop" value="([^"]+)"', shop.page.text)
    assert found
    await shop.send("/shop/sign-in", shop=found[1])
    assert shop.path == "/shop"
    return shop


async def shop_code(till: Browser) -> str:
    await till.open("/shop/poster")
    found = re.search(r'data-link="[^"]*/coin/pay/(\d{7})"', till.page.text)
    assert found
    return found[1]


async def test_the_gift_is_there_with_its_issuer_and_its_last_day(browser: Browser) -> None:
    await browser.open("/coin")

    assert "50,000円" in browser.page.text
    assert "発行：明和町" in browser.page.text
    # Judged by the database's clock, so only the form of the date is known here.
    assert re.search(r"20\d\d年\d+月\d+日", browser.page.text)


async def test_a_bill_is_paid_and_the_till_turns_green(browser: Browser, till: Browser) -> None:
    await till.open("/shop")
    await till.send("/shop", amount="1,200")
    bill_path = till.path
    number = bill_path.rsplit("/", 1)[1]
    waiting = await till.client.get(f"{bill_path}/state")

    await browser.open("/coin/pay")
    await browser.send("/coin/pay", code=f"{number[:3]} {number[3:6]} {number[6:]}")
    assert "1,200円" in browser.page.text
    assert "48,800円" in browser.page.text
    await browser.send(browser.path)

    assert waiting.status_code == 204
    assert browser.path.startswith("/coin/paid/")
    state = await till.client.get(f"{bill_path}/state")
    assert 'data-sound="done"' in state.text
    assert "1,200円" in state.text
    await till.open("/shop/today")
    assert "1,200円" in till.page.text


async def test_the_code_on_the_screen_is_what_a_scanner_reads(
    browser: Browser, till: Browser
) -> None:
    await till.open("/shop")
    await till.send("/shop", amount="980")
    payload = re.search(r'data-payload="([^"]+)"', till.page.text)
    assert payload

    code = read_code(scanned(till.page.text), "example.mieone.coin")
    await browser.open("/coin/pay")
    await browser.send("/coin/pay", code=payload[1])

    assert scanned(till.page.text) == payload[1]
    assert code.amount_yen == 980
    assert browser.path == f"/coin/pay/{code.shop_code}"
    assert "980円" in browser.page.text


def scanned(html: str) -> str:
    """Draw the page's QR path and read it as a camera would."""
    svg = re.search(r'viewBox="0 0 (\d+) \d+" class="segno"><path[^>]* d="([^"]+)"', html)
    assert svg
    size = int(svg[1])
    image = Image.new("L", (size, size), 255)
    x = y = 0.0
    for letter, numbers in re.findall(r"([Mmh])([-\d. ]+)", svg[2]):
        values = [float(number) for number in numbers.split()]
        if letter == "M":
            x, y = values
        elif letter == "m":
            x, y = x + values[0], y + values[1]
        else:
            for step in range(int(values[0])):
                image.putpixel((int(x) + step, int(y)), 0)
            x += values[0]
    (found,) = zxingcpp.read_barcodes(image.resize((size * 8, size * 8), Image.Resampling.NEAREST))
    return found.text


async def test_a_double_tap_pays_once(browser: Browser, till: Browser) -> None:
    code = await shop_code(till)
    await browser.open(f"/coin/pay/{code}")
    await browser.send(f"/coin/pay/{code}", amount="700")
    confirm = browser.page
    await browser.send(f"/coin/pay/{code}")
    first = browser.path
    browser.page = confirm
    await browser.send(f"/coin/pay/{code}")

    assert browser.path == first
    await browser.open("/coin")
    assert "49,300円" in browser.page.text


async def test_too_much_is_refused_in_words_before_it_is_tried(
    browser: Browser, till: Browser
) -> None:
    code = await shop_code(till)
    await browser.open(f"/coin/pay/{code}")

    await browser.send(f"/coin/pay/{code}", amount="60000")

    assert "足りません" in browser.page.text
    assert 'name="key"' not in browser.page.text


async def test_what_is_typed_wrong_is_said_beside_the_field(
    browser: Browser, till: Browser
) -> None:
    code = await shop_code(till)
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    await browser.open("/coin/pay")
    await browser.send("/coin/pay", code=wrong)
    assert browser.page.status_code == 422
    assert wrong in browser.page.text

    await browser.open(f"/coin/pay/{code}")
    await browser.send(f"/coin/pay/{code}", amount="")
    assert browser.page.status_code == 422


async def test_the_shop_cancels_and_the_coins_come_back(browser: Browser, till: Browser) -> None:
    code = await shop_code(till)
    await browser.open(f"/coin/pay/{code}")
    await browser.send(f"/coin/pay/{code}", amount="700")
    await browser.send(f"/coin/pay/{code}")

    await till.open("/shop/today")
    cancel = re.search(r'href="(/shop/payments/[^"]+/cancel)"', till.page.text)
    assert cancel
    await till.open(cancel[1])
    await till.send(cancel[1])

    assert "返しました" in till.page.text
    await browser.open("/coin")
    assert "50,000円" in browser.page.text
    assert "もどってきた" in browser.page.text
    await till.open("/shop/today")
    assert "/cancel" not in till.page.text


async def test_a_payment_is_shown_to_nobody_else(browser: Browser, till: Browser) -> None:
    page = await browser.open(f"/coin/paid/{uuid4()}")

    assert page.status_code == 404


async def test_who_is_not_signed_in_is_sent_to_the_door(client: httpx.AsyncClient) -> None:
    for path in ("/coin", "/coin/pay", "/shop", "/shop/today"):
        reply = await client.get(path, follow_redirects=False)
        assert reply.status_code == 303
        assert "sign" in reply.headers["location"]


async def test_every_instrument_has_its_page_in_every_language(
    composed: House, client: httpx.AsyncClient
) -> None:
    listed = await client.get("/coin/about")
    paths = re.findall(r'href="(/coin/about/[^"?]+)"', listed.text)

    assert len(paths) == 8
    for path in paths:
        for language in ("ja", "ja-x-yasashii", "en"):
            page = await client.get(path, params={"lang": language})
            assert page.status_code == 200
            assert "資金決済法" in page.text or "見本" in page.text


async def test_the_same_gift_order_pays_once(composed: House, person: UUID) -> None:
    async with composed.database.transaction(composed.region.town_codes) as conn:
        first = await composed.pay.grant(conn, order(person))
        again = await composed.pay.grant(conn, order(person))
        entries = await conn.fetch(
            "SELECT account_id, amount_yen FROM coin.entry WHERE transfer_id = $1", first
        )

    assert first == again
    assert sorted(row["amount_yen"] for row in entries) == [-50_000, -50_000, 50_000, 50_000]


async def test_a_key_that_paid_one_person_pays_no_other(composed: House, person: UUID) -> None:
    async with composed.database.transaction(composed.region.town_codes) as conn:
        other = await make_person(conn)
        with pytest.raises(KeyReused):
            await composed.pay.grant(conn, order(other))
        # Nothing broke: the caller's transaction goes on.
        assert await composed.pay.grant(conn, order(person))


async def test_a_gift_beyond_its_campaign_is_refused_and_keeps_no_key(
    composed: House, person: UUID
) -> None:
    async with composed.database.transaction(composed.region.town_codes) as conn:
        with pytest.raises(OverCampaignCap):
            async with conn.transaction():
                await composed.pay.grant(conn, order(person, "gift-2", 100_001))
        assert await composed.pay.grant(conn, order(person, "gift-2", 1_000))


async def test_whoever_leaves_is_the_holder_of_nothing(composed: House, person: UUID) -> None:
    (subscription,) = coin.BLOCK.subscriptions
    event = Event(name=subscription.event, key=str(person), payload={})
    async with composed.database.transaction(composed.region.town_codes) as conn:
        await subscription.handle(composed, conn, event)

        assert await conn.fetchval("SELECT count(*) FROM coin.holder") == 0
        assert (
            await conn.fetchval("SELECT sum(balance_yen) FROM coin.account WHERE class = 'wallet'")
            == 50_000
        )


async def test_no_program_sees_or_spends_what_a_person_holds(client: httpx.AsyncClient) -> None:
    """A token's scope is no consent: a balance leaves through the door, or not at all."""
    asked = [
        await client.get("/api/coin/v1/wallet", headers={"Authorization": "DPoP x"}),
        await client.post(
            "/api/coin/v1/wallet/payments", json={}, headers={"idempotency-key": "k"}
        ),
    ]

    assert [answer.status_code for answer in asked] == [404, 404]


async def test_the_home_page_and_my_page_tell_of_the_gift(composed: House, person: UUID) -> None:
    assert coin.BLOCK.home_items is not None
    assert coin.BLOCK.my_page is not None
    sections = await coin.BLOCK.my_page(composed, person)

    items = await coin.BLOCK.home_items(composed, person)

    assert [item.href for item in items] == ["/coin"]  # type: ignore[attr-defined]
    assert [section.amount_yen for section in sections] == [50_000]  # type: ignore[attr-defined]


async def test_a_sample_shop_needs_no_token_but_another_shop_does(
    composed: House, client: httpx.AsyncClient
) -> None:
    shop = Browser(client)
    await shop.open("/shop/sign-in")
    await shop.send("/shop/sign-in", token="shop_wrong", shop="")

    assert shop.page.status_code == 422
    assert "この合言葉のお店はありません" in shop.page.text


async def test_machines_of_a_shop_ask_see_and_give_back(
    composed: House, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    add = next(command for command in coin.BLOCK.commands if command.noun == "shop")
    options = argparse.Namespace(
        name="見本 API商店",
        town="244422",
        name_latin="API",
        shop_class="local",
        postal_code="",
        number="",
    )
    assert await add.run(composed, options) == 0
    made = json.loads(capsys.readouterr().out)
    headers = {"authorization": f"Bearer {made['terminal_token']}", "accept": "application/json"}
    api = browser.client

    bill = (await api.post("/api/coin/v1/bills", json={"amount_yen": 330}, headers=headers)).json()
    await browser.open(f"/coin/pay/{made['shop_code']}?bill={bill['bill_id']}")
    await browser.send(f"/coin/pay/{made['shop_code']}")
    paid = (await api.get(f"/api/coin/v1/bills/{bill['bill_id']}", headers=headers)).json()
    listed = (await api.get("/api/coin/v1/payments", headers=headers)).json()
    path = f"/api/coin/v1/payments/{paid['payment_id']}/refunds"
    without = await api.post(path, json={}, headers=headers)
    key = headers | {"idempotency-key": "r1"}
    back = await api.post(path, json={}, headers=key)
    again = await api.post(path, json={}, headers=key)
    other = await api.post(path, json={"amount_yen": 1}, headers=key)
    unsigned = await api.get("/api/coin/v1/payments")

    assert (bill["state"], paid["state"]) == ("open", "paid")
    assert [line["amount_yen"] for line in listed["payments"]] == [330]
    assert listed["next_cursor"] is None
    assert (without.status_code, back.status_code, other.status_code) == (400, 200, 409)
    assert back.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert unsigned.status_code == 401
    assert TownCode(made["shop_code"]).isdigit()
