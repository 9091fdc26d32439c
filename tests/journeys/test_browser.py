"""What only a browser shows: passkeys, two screens at once, the keyboard, no scripts, small screens."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from mieone.core.region import Region
from mieone.tour import nursery as nurseries
from mieone.tour.running import PROGRAM, TITLE
from tests.journeys.conftest import ROOT, Installation
from tests.journeys.walker import (
    DESK,
    PHONE,
    enter_desk,
    enter_till,
    fresh,
    opt_in,
    overflows,
    sample_person,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SMALL = {"width": 320, "height": 640}
"""The smallest phone, and a screen of 640 at 200 %: both must be read without pushing sideways."""
PRICE_YEN = 100
MOST_TABS = 90


@asynccontextmanager
async def resident(
    browser: Browser, installation: Installation, key: str, **options: Any
) -> AsyncIterator[Page]:
    """A sample person's phone, signed in by card."""
    context = await fresh(browser, options.pop("viewport", PHONE), **options)
    page = await context.new_page()
    await opt_in(page, installation, sample_person(installation, key)["card"])
    try:
        yield page
    finally:
        await context.close()


@contextmanager
def nursery_of(installation: Installation) -> Iterator[nurseries.Nursery]:
    """The tour's nursery, up again with the client it was given then."""
    credentials = installation.home / "tour" / "nursery.json"
    redirect = re.search(r"http://localhost:(\d+)/callback", credentials.read_text("utf-8"))
    assert redirect is not None
    port = int(redirect[1])
    running = nurseries.start(PROGRAM, credentials, port)
    try:
        yield nurseries.Nursery(origin=f"http://localhost:{port}", title=TITLE)
    finally:
        running.terminate()
        running.wait(timeout=10)


# --- passkeys ---


async def add_authenticator(context: BrowserContext, page: Page) -> None:
    """A phone that asks for a finger and always gets one."""
    devices = await context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    await devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


async def test_a_passkey_replaces_the_card_from_the_second_time_on(
    chromium: Browser, installation: Installation
) -> None:
    async with resident(chromium, installation, "lives_alone_79") as page:
        await add_authenticator(page.context, page)
        await page.goto(f"{installation.origin}/id/passkeys")
        held = await page.locator("form[action$='/remove']").count()

        await page.locator("form[data-passkey=create] button").click()
        await page.wait_for_url("**done=added**")
        async with page.expect_navigation():
            await page.locator("form.sign button").click()
        # The field offers the passkey by itself, and this phone's finger is quick.
        await page.goto(f"{installation.origin}/sign-in?return_to=/my", wait_until="commit")
        await page.wait_for_url(f"{installation.origin}/my")
        await page.goto(f"{installation.origin}/id/passkeys")

        assert await page.locator("main ul.cards > li").count() == held + 1


# --- two screens ---


async def open_bill(page: Page, installation: Installation) -> str:
    """The till shows a code; returns where it leads."""
    await enter_till(page, installation)
    await page.fill("input[name=amount]", str(PRICE_YEN))
    await page.locator("form[action='/shop'] button[type=submit]").click()
    await page.wait_for_selector(".code-screen")
    link = await page.locator("[data-link]").get_attribute("data-link")
    assert link is not None
    return link


async def test_the_till_turns_green_by_itself_when_the_resident_paid(
    chromium: Browser, installation: Installation, toured: str
) -> None:
    shop = await fresh(chromium, PHONE)
    till = await shop.new_page()
    code = await open_bill(till, installation)
    loads: list[str] = []
    till.on("load", lambda page: loads.append(page.url))

    async with resident(chromium, installation, "newborn_mother") as page:
        await page.goto(f"{installation.origin}{code}")
        await page.locator("form[action^='/coin/pay/'] button").click()
        await page.wait_for_url("**/coin/paid/**")
        shown = await page.locator(".success__amount").inner_text()
        await till.wait_for_selector(".success", timeout=15_000)
        seen = await till.locator(".success__amount").inner_text()
    await shop.close()

    assert f"{PRICE_YEN}円" in shown
    assert seen == shown
    assert loads == []


# --- the keyboard alone ---

_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const target = one.matches('input.choice__box') ? one.closest('label') ?? one : one;
  const box = target.getBoundingClientRect();
  const styles = [getComputedStyle(one), getComputedStyle(one, '::after'), getComputedStyle(target)];
  const marked = styles.some(s => parseFloat(s.outlineWidth) > 0 && s.outlineStyle !== 'none');
  const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return { name: one.tagName + ' ' + (one.getAttribute('href') ?? one.name ?? '') + ' ' + one.innerText,
           visible: marked && inView && box.width > 1 && box.height > 1 };
}"""


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until it is reached; every stop on the way must be seen."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(_FOCUS)
        assert stop is None or stop["visible"], f"{page.url}: {stop['name']} cannot be seen"
        if await page.evaluate("css => document.activeElement?.matches(css) ?? false", selector):
            return
    pytest.fail(f"{selector} was not reached at {page.url}")


async def press(page: Page, selector: str, key: str = "Enter") -> None:
    await tab_to(page, selector)
    async with page.expect_navigation(wait_until="domcontentloaded"):
        await page.keyboard.press(key)


async def test_from_home_to_a_form_by_keyboard_alone(
    chromium: Browser, installation: Installation
) -> None:
    async with resident(chromium, installation, "lives_alone_79", viewport=DESK) as page:
        await page.goto(f"{installation.origin}/")
        await press(page, "a[href='/procedures?event=birth']")
        await press(page, "a[href^='/procedures/C1']")
        await press(page, "form[action$='/start'] button[value=register]")
        if "/consent/request/" in page.url:
            await tab_to(page, "input[type=checkbox][name^='items-']")
            await page.keyboard.press("Space")
            await page.keyboard.press("Space")
            await press(page, "button[name=answer][value=agree]", "Space")
            await press(page, "a[href^='/procedures/']")
        assert "/form/" in page.url

        await tab_to(page, "input[type=radio][name=reason]")
        await page.keyboard.press("Space")
        await page.keyboard.press("ArrowDown")
        assert await page.locator("input[name=reason]:checked").count() == 1
        for part, value in (("year", "2026"), ("month", "11"), ("day", "1")):
            await tab_to(page, f"input[name=event_date_{part}]")
            await page.keyboard.type(value)
        before = page.url
        await press(page, "button[name=go][value=next]:not([tabindex])")

        assert page.url != before


# --- without scripts ---


async def test_opting_in_and_applying_without_scripts(
    chromium: Browser, installation: Installation
) -> None:
    async with resident(chromium, installation, "variant_name", java_script_enabled=False) as page:
        await page.goto(f"{installation.origin}/procedures/C1")
        await page.locator("form[action$='/start'] button[value=register]").click()
        if "/consent/request/" in page.url:
            await page.locator("button[name=answer][value=agree]").click()
            await page.locator("main a[href^='/procedures/']").first.click()
        assert "/form/" in page.url
        before = page.url
        await page.locator("input[name=reason]").first.check(force=True)
        for part, value in (("year", "2026"), ("month", "11"), ("day", "1")):
            await page.fill(f"input[name=event_date_{part}]", value)
        await page.locator("button[name=go][value=next]:not([tabindex])").click()
        await page.wait_for_load_state("domcontentloaded")

        assert "/form/" in page.url
        assert page.url != before


async def test_paying_without_scripts(
    chromium: Browser, installation: Installation, toured: str
) -> None:
    shop = await fresh(chromium, PHONE, java_script_enabled=False)
    till = await shop.new_page()
    code = await open_bill(till, installation)
    async with resident(
        chromium, installation, "newborn_mother", java_script_enabled=False
    ) as page:
        await page.goto(f"{installation.origin}{code}")
        await page.locator("form[action^='/coin/pay/'] button").click()
        await page.wait_for_url("**/coin/paid/**")
        # The till's page asks for itself again every three seconds.
        await till.wait_for_selector(".success", timeout=15_000)
    await shop.close()


# --- small screens ---


async def test_nothing_is_pushed_sideways_on_the_smallest_screen(
    chromium: Browser, installation: Installation, toured: str
) -> None:
    wide: list[str] = []

    async def look(page: Page, path: str) -> None:
        for language in ("ja", "ja-x-yasashii", "en"):
            joint = "&" if "?" in path else "?"
            await page.goto(f"{installation.origin}{path}{joint}lang={language}")
            if await overflows(page):
                wide.append(f"{path} {language}")

    async with resident(
        chromium, installation, "newborn_mother", viewport=SMALL, device_scale_factor=2
    ) as page:
        for path in ("/", "/my", "/my/history", "/coin", "/inbox", "/procedures/C1"):
            await look(page, path)
        await page.goto(f"{installation.origin}/procedures/C1?lang=ja")
        await page.locator("form[action$='/start'] button[value=register]").click()
        assert "/form/" in page.url
        await look(page, page.url.removeprefix(installation.origin))
        await page.goto(f"{installation.origin}/cases?lang=ja")
        case = await page.locator("main a[href^='/cases/']").first.get_attribute("href")
        await look(page, f"{case}")

    async with resident(chromium, installation, "protected", viewport=SMALL) as page:
        await page.goto(f"{installation.origin}/procedures/C1")
        await page.locator("form[action$='/start'] button[value=register]").click()
        if "/consent/request/" in page.url:
            await look(page, page.url.removeprefix(installation.origin).split("?")[0])

    mother = sample_person(installation, "newborn_mother")
    town = Region.load(ROOT / "regions" / "mie").town(mother["town"]).name.ja
    context = await fresh(chromium, SMALL)
    page = await context.new_page()
    await enter_desk(page, installation, town, 0)
    await look(page, "/desk")
    await page.goto(f"{installation.origin}/desk?view=sent&lang=ja")
    opened = await page.locator("a[href^='/desk/cases/']").first.get_attribute("href")
    await look(page, f"{opened}")
    await context.close()

    assert wide == []


# --- somebody protected ---


async def test_nothing_about_a_protected_person_leaves(
    chromium: Browser, installation: Installation, toured: str
) -> None:
    """They come in and see what is theirs; whoever asks hears no more than that nothing is available."""
    with nursery_of(installation) as nursery:
        async with resident(chromium, installation, "protected") as page:
            for path in ("/my", "/my/history", "/coin", "/inbox"):
                answer = await page.goto(f"{installation.origin}{path}")
                assert answer is not None
                assert answer.status == 200
            await page.goto(nursery.origin)
            await page.locator("form[action='/start'] button").click()
            if "/consent/request/" in page.url:
                await page.locator("button[name=answer][value=agree]").click()
                await page.locator("main a[href*='/enter/']").first.click()
            if "/enter/" in page.url:
                await page.locator("form[action*='/enter/'] button").first.click()
            await page.wait_for_load_state("domcontentloaded")
            shown = await page.content()
        log = nursery.log()

    person = sample_person(installation, "protected")
    assert [entry["status"] for entry in log] == [403]
    assert log[0]["people"] == 0
    assert person["entry"]["banchi"] not in shown
    assert person["name_on_card"].split("　")[1] not in shown
