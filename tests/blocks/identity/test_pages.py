"""The way in, the second way in and the way out, over HTTP and without a script."""

import asyncio
import json
import shutil
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from mieone.blocks.identity.block import block as identity_block
from mieone.blocks.identity.rules.profile import RealmRefused
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.region import Region
from mieone.core.settings import Profile
from mieone.simulators.block import SimulatedCards
from mieone.simulators.cards import CardOffice
from tests.blocks.identity import given
from tests.blocks.identity.authenticator import Phone
from tests.blocks.identity.conftest import Browser, application


async def to_the_card(browser: Browser, return_to: str = "") -> str:
    """From the first page to the PIN; returns the transaction's path."""
    await browser.open("/id", **({"return_to": return_to} if return_to else {}))
    await browser.send("/id/card")
    path = browser.path
    await browser.open("/simulator/card", **browser.hidden("/simulator/card"))
    return path


async def come_in(browser: Browser, card: str = "T-0001", return_to: str = "") -> str:
    path = await to_the_card(browser, return_to)
    await browser.send("/simulator/card", card=card, pin="1234")
    await browser.send(f"{path}/complete")
    return path


def holds(browser: Browser) -> bool:
    return "mieone_person" in browser.client.cookies


async def test_a_person_comes_in_with_the_card_and_is_offered_a_passkey(browser: Browser) -> None:
    await come_in(browser)

    assert browser.page.status_code == 200
    assert browser.path == "/id/passkeys"
    assert "Mie-IDができました" in browser.page.text
    assert holds(browser)


@pytest.mark.parametrize("language", ["ja", "ja-x-yasashii", "en"])
async def test_every_page_speaks_every_language(browser: Browser, language: str) -> None:
    browser.client.cookies.set("mieone_language", language)
    await come_in(browser)
    for path in ("/id", "/start", "/sign-in", "/signin", "/id/passkeys", "/id/leave"):
        answer = await browser.open(path, again="1")
        assert answer.status_code == 200, path
        assert f'lang="{language}"' in answer.text
    answer = await browser.open("/sign-in", again="1", acr="card")
    assert answer.status_code == 200


async def test_the_simulated_card_says_that_it_is_one(browser: Browser) -> None:
    path = await to_the_card(browser)

    assert "見本のカードです" in browser.page.text
    await browser.open(path)
    assert "これは試すための画面です" in browser.page.text


async def test_a_wrong_pin_shows_the_tries_left_and_then_the_lock(browser: Browser) -> None:
    await to_the_card(browser)

    texts = []
    for _ in range(3):
        await browser.send("/simulator/card", card="T-0001", pin="0000")
        texts.append(browser.page.text)
    await browser.send("/simulator/card", card="T-0001", pin="1234")

    assert "あと2回" in texts[0]
    assert "あと1回" in texts[1]
    assert "カードがロックされました" in texts[2]
    assert "カードがロックされました" in browser.page.text
    assert not holds(browser)


async def test_a_locked_card_is_opened_at_the_counter(browser: Browser) -> None:
    await to_the_card(browser)
    for _ in range(3):
        await browser.send("/simulator/card", card="T-0001", pin="0000")
    await browser.send("/simulator/card/reset", card="T-0001")

    await come_in(browser)

    assert holds(browser)


async def test_what_was_typed_wrong_is_said_beside_the_field(browser: Browser) -> None:
    await to_the_card(browser)

    await browser.send("/simulator/card", card="", number="", pin="12")

    assert browser.page.status_code == 422
    assert 'id="pin-error"' in browser.page.text
    assert 'id="number-error"' in browser.page.text


async def test_an_unknown_card_is_told_so(browser: Browser) -> None:
    await to_the_card(browser)

    await browser.send("/simulator/card", card="T-0001", number="T-9999", pin="1234")

    assert "その番号のカードはありません" in browser.page.text


async def test_a_signature_sent_twice_counts_once(browser: Browser) -> None:
    path = await to_the_card(browser)
    await browser.send("/simulator/card", card="T-0001", pin="1234")
    answer = browser.hidden(f"{path}/complete")

    outcomes = await asyncio.gather(
        *(
            browser.client.post(f"{path}/complete", data=answer, follow_redirects=False)
            for _ in range(3)
        )
    )

    assert sorted(one.status_code for one in outcomes) == [303, 409, 409]


async def test_another_browser_cannot_finish_what_this_one_began(
    browser: Browser, composed: House
) -> None:
    path = await to_the_card(browser)
    await browser.send("/simulator/card", card="T-0001", pin="1234")
    answer = browser.hidden(f"{path}/complete")
    browser.client.cookies.delete("mieone_browser")

    stolen = await browser.client.post(f"{path}/complete", data=answer)

    assert stolen.status_code == 404
    assert not holds(browser)


async def test_nonsense_in_place_of_a_certificate_is_a_no_and_not_a_fault(
    browser: Browser,
) -> None:
    path = await to_the_card(browser)
    await browser.send("/simulator/card", card="T-0001", pin="1234")

    await browser.send(f"{path}/complete", certificate="AAAA")

    assert browser.page.status_code == 400
    assert "identity/certificate-malformed" in browser.page.text


async def test_a_late_answer_is_too_late(browser: Browser, clock: FixedClock) -> None:
    path = await to_the_card(browser)
    await browser.send("/simulator/card", card="T-0001", pin="1234")
    clock.advance(timedelta(minutes=11))

    await browser.send(f"{path}/complete")

    assert browser.page.status_code == 410
    assert (await browser.open(path)).status_code == 410


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"]
)
async def test_nobody_is_sent_to_another_site(browser: Browser, elsewhere: str) -> None:
    await come_in(browser, return_to=elsewhere)

    assert "evil.example" not in browser.page.text
    assert browser.page.url.host == "localhost"


async def test_the_way_back_is_kept_through_card_and_passkey(browser: Browser) -> None:
    await come_in(browser, return_to="/enter/abc?x=1")

    assert 'href="/enter/abc?x=1"' in browser.page.text


async def token(browser: Browser) -> str:
    return browser.client.cookies["mieone_csrf"]


async def add_passkey(browser: Browser, composed: House) -> Phone:
    phone = Phone()
    options = await browser.client.post(
        "/id/passkeys/options", headers={"x-csrftoken": await token(browser)}
    )
    shown = phone.create(options.text, composed.settings.people_origin)
    await browser.open("/id/passkeys")
    await browser.send(
        "/id/passkeys", credential=msgspec.json.encode(shown).decode(), nickname="古い電話"
    )
    return phone


async def test_the_passkey_lets_in_without_the_card(browser: Browser, composed: House) -> None:
    await come_in(browser)
    phone = await add_passkey(browser, composed)
    assert "古い電話" in browser.page.text
    await browser.client.post("/sign-out", headers={"x-csrftoken": await token(browser)})
    assert not holds(browser)

    await browser.open("/sign-in", return_to="/id")
    options = await browser.client.post(
        "/sign-in/options", headers={"x-csrftoken": await token(browser)}
    )
    shown = phone.get(options.text, composed.settings.people_origin)
    await browser.send("/sign-in", credential=msgspec.json.encode(shown).decode())

    assert browser.path == "/id"
    assert holds(browser)
    assert json.loads(options.text)["userVerification"] == "required"


async def test_without_a_script_the_passkey_form_says_no_and_the_card_is_offered(
    browser: Browser,
) -> None:
    await browser.open("/sign-in")
    await browser.send("/sign-in")

    assert browser.page.status_code == 403
    assert 'action="/id/card"' in browser.page.text


async def test_a_passkey_is_added_only_soon_after_the_card(
    browser: Browser, clock: FixedClock
) -> None:
    await come_in(browser)
    clock.advance(timedelta(minutes=16))

    options = await browser.client.post(
        "/id/passkeys/options", headers={"x-csrftoken": await token(browser)}
    )
    await browser.open("/id/passkeys")

    assert options.status_code == 403
    assert "先にカードをかざしてください" in browser.page.text


async def test_every_way_in_makes_a_new_session_and_ends_the_old_one(browser: Browser) -> None:
    await come_in(browser)
    first = browser.client.cookies["mieone_person"]
    await come_in(browser, return_to="/id")
    second = browser.client.cookies["mieone_person"]

    assert first != second
    browser.client.cookies.set("mieone_person", first, domain="localhost.local")
    stale = await browser.client.get(
        "/id/leave", headers={"cookie": f"mieone_person={first}"}, follow_redirects=False
    )
    assert stale.status_code == 303


async def test_a_form_without_its_token_is_refused(browser: Browser) -> None:
    await browser.open("/id")
    answer = await browser.client.post("/id/card", data={})

    assert answer.status_code == 403


async def test_leaving_says_what_stays_destroys_the_rest_and_signs_out(
    browser: Browser, composed: House
) -> None:
    await come_in(browser)
    await browser.open("/id/leave")
    assert "法律などで残るもの" in browser.page.text

    await browser.send("/id/leave")
    assert browser.page.status_code == 422
    await browser.send("/id/leave", understood="yes")

    assert "Mie-IDをやめました" in browser.page.text
    assert not holds(browser)
    assert (composed.settings.home / "destruction_list.jsonl").read_text().count("\n") == 1
    answer = await browser.client.get("/id/leave", follow_redirects=False)
    assert answer.headers["location"].startswith("/signin")


async def test_leaving_needs_a_recent_sign_in(browser: Browser, clock: FixedClock) -> None:
    await come_in(browser)
    clock.advance(timedelta(minutes=16))
    await browser.open("/id/leave")

    assert 'action="/id/leave"' not in browser.page.text
    answer = await browser.client.post(
        "/id/leave",
        data={"understood": "yes", "_csrf_token": await token(browser)},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert holds(browser)


async def test_a_revoked_card_is_refused_in_words(browser: Browser, office: CardOffice) -> None:
    path = await to_the_card(browser)
    await browser.send("/simulator/card", card="T-0001", pin="1234")
    office.die("T-0001")

    await browser.send(f"{path}/complete")

    assert browser.page.status_code == 403
    assert "この証明書は今は使えません" in browser.page.text


def test_no_simulator_ever_opens_in_production(house: House) -> None:
    settings = msgspec.structs.replace(house.settings, profile=Profile.PRODUCTION)
    production = House(
        settings=settings,
        clock=house.clock,
        keyring=house.keyring,
        region=house.region,
        database=house.database,
        blocks=(),
    )
    simulated = SimulatedCards(lambda house: given.People())

    assert simulated.card_path(production) is None
    with pytest.raises(AssertionError):
        simulated.office(production)
    assert not (settings.home / "simulators").exists()


async def test_without_an_operator_the_card_is_closed_and_says_so(house: House) -> None:
    """公的個人認証法17条: cryptography alone lets nobody in."""
    closed = House(
        settings=house.settings,
        clock=house.clock,
        keyring=house.keyring,
        region=house.region,
        database=house.database,
        blocks=(identity_block(lambda _house: None),),
    )
    transport = httpx.ASGITransport(app=application(closed))
    async with httpx.AsyncClient(
        transport=transport,
        base_url=house.settings.people_origin,
        follow_redirects=True,
        headers={"accept": "text/html", "accept-language": "ja"},
    ) as client:
        other = Browser(client)
        await other.open("/id")
        await other.send("/id/card")

    assert other.page.status_code == 503
    assert "カードでの登録は今は使えません" in other.page.text


async def test_a_region_that_mixes_the_realms_does_not_start(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "region"
    shutil.copytree(house.region.directory, folder)
    profile = folder / "jpki_profile.yaml"
    mixed = profile.read_text("utf-8").replace("8.5.1.0.30", "8.5.1.3.30")
    profile.write_text(mixed, "utf-8")
    bent = House(
        settings=house.settings,
        clock=house.clock,
        keyring=house.keyring,
        region=Region.load(folder),
        database=house.database,
        blocks=(),
    )
    start = identity_block(SimulatedCards(lambda _house: given.People()).card_path).start

    assert start is not None
    with pytest.raises(RealmRefused):
        await start(bent)
