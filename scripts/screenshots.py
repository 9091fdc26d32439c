"""Pictures of what a mayor would look at, from a running installation that has been toured.

`MIEONE_HOME=… MIEONE_PORT=… python -m scripts.screenshots` writes docs/pictures; it needs Debian's
chromium. It opts sample people in and leaves one application waiting at the desk.
"""

import asyncio
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError

from mieone.blocks import registry
from mieone.blocks.registry.sample import generate_town
from mieone.core.region import Region
from mieone.tour import nursery
from mieone.tour.running import PROGRAM

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "pictures"
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=900)
TALLEST_PX = 2600
QUALITY = 72
YOUNGEST_BORN = 2012
EVERYTHING = "kind=office&kind=station&kind=shelter&kind=emergency&kind=weather&kind=reading"
MAP_MS = 4000
"""Until the map has drawn itself."""


class Studio:
    """One running installation in front of the camera."""

    def __init__(self, browser: Browser, home: Path, port: int) -> None:
        self.browser = browser
        self.home = home
        self.parts: dict[str, bytes] = {}
        self.origin = f"http://localhost:{port}"
        self.people = {
            person["key"]: person
            for person in json.loads((home / "sample_people.json").read_bytes())["people"]
        }

    async def visitor(self, viewport: ViewportSize = PHONE) -> Page:
        context = await self.browser.new_context(
            viewport=viewport, locale="ja-JP", ignore_https_errors=True, device_scale_factor=1
        )
        return await context.new_page()

    def card_of(self, key: str) -> str:
        person = self.people[key]
        return f"{person['town']}-{person['entry']['addressee_number']}"

    async def resident(self, card: str, viewport: ViewportSize = PHONE) -> Page:
        """Signed in with the simulated card, the town chosen."""
        page = await self.visitor(viewport)
        await self.hold_card(page, card)
        await page.locator("form[action='/simulator/card'] button[type=submit]").first.click()
        await page.locator("form[action$='/complete'] button").first.click()
        await page.wait_for_load_state()
        return page

    async def hold_card(self, page: Page, card: str) -> None:
        await page.goto(f"{self.origin}/id")
        await page.locator("form[action='/id/card'] button").first.click()
        await page.locator("form[action='/simulator/card'] button").first.click()
        shown = page.locator(f"input[name=card][value='{card}']")
        if await shown.count():
            await shown.check(force=True)
        else:
            await page.locator("main details > summary").first.click()
            await page.fill("input[name=number]", card)
        await page.fill("input[name=pin]", "1234")

    async def officer(self, organisation: str, position: int) -> Page:
        page = await self.visitor(DESK)
        await page.goto(f"{self.origin}/desk/sign-in")
        posts = page.locator("fieldset", has=page.locator("legend", has_text=organisation))
        await posts.first.locator("button[name=post]").nth(position).click()
        await page.wait_for_url("**/desk")
        return page

    async def shop(self) -> Page:
        page = await self.visitor()
        await page.goto(f"{self.origin}/shop/sign-in")
        await page.locator("form:has(input[name=shop]) button").first.click()
        await page.wait_for_url("**/shop")
        return page

    async def take(self, page: Page, name: str, path: str | None = None) -> None:
        """The page at both widths."""
        if path is not None:
            await page.goto(f"{self.origin}{path}")
        for viewport in (PHONE, DESK):
            await page.set_viewport_size(viewport)
            await self.keep(page, f"{name}-{viewport['width']}", is_whole=True)
        await page.set_viewport_size(PHONE)

    async def part(self, page: Page, name: str) -> None:
        """The first screen of a phone, sharper, for the montage."""
        self.parts[name] = await page.screenshot(animations="disabled")

    async def keep(self, page: Page, name: str, *, is_whole: bool = False) -> None:
        await page.evaluate("document.activeElement?.blur()")
        await page.evaluate("document.fonts.ready.then(() => true)")
        await page.wait_for_timeout(250)
        save(await page.screenshot(full_page=is_whole, animations="disabled"), name)


def save(picture: bytes, name: str) -> None:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    if image.height > TALLEST_PX:
        image = image.crop((0, 0, image.width, TALLEST_PX))
    image.save(TARGET / f"{name}.webp", quality=QUALITY, method=6)
    sys.stdout.write(f"{name}\n")
    sys.stdout.flush()


# --- scenes ---


async def before_sign_in(studio: Studio) -> None:
    page = await studio.visitor()
    await studio.take(page, "home-before", "/")
    await studio.take(page, "town", f"/towns/{studio.people['newborn_mother']['town']}")
    for viewport in (PHONE, DESK):
        await page.set_viewport_size(viewport)
        await page.goto(f"{studio.origin}/map?{EVERYTHING}")
        await page.wait_for_timeout(MAP_MS)
        await studio.keep(page, f"map-{viewport['width']}", is_whole=True)
    await page.set_viewport_size(PHONE)
    await studio.take(page, "developers", "/developers")
    await studio.hold_card(page, studio.card_of("newborn_mother"))
    await studio.take(page, "card")


async def a_resident(studio: Studio) -> None:
    page = await studio.resident(studio.card_of("newborn_mother"))
    await page.goto(f"{studio.origin}/")
    town = page.locator(f"button[name=town][value='{studio.people['newborn_mother']['town']}']")
    if await town.count():
        await town.click()
        await page.wait_for_load_state()
    await studio.take(page, "home", "/")
    await studio.part(page, "home")
    await studio.take(page, "my", "/my")
    await studio.take(page, "history", "/my/history")
    await studio.part(page, "history")
    await studio.take(page, "inbox", "/inbox")
    await studio.take(page, "wallet", "/coin")
    await studio.part(page, "wallet")
    await page.goto(f"{studio.origin}/cases")
    case = await page.locator("main a[href^='/cases/']").first.get_attribute("href")
    await studio.take(page, "case", case)
    letter = await page.request.get(f"{studio.origin}{case}/letter.pdf")
    draw_letter(await letter.body())
    await page.goto(f"{studio.origin}/my/history")
    await page.locator("main .card a").first.click()
    await page.wait_for_load_state()
    await studio.take(page, "history-one")


async def a_sheet(studio: Studio) -> None:
    """The nursery asks once more, after the tour withdrew; nobody answers."""
    credentials = studio.home / "tour" / "nursery.json"
    redirect = json.loads(credentials.read_text("utf-8"))["redirect_uris"][0]
    port = urlsplit(redirect).port or 0
    running = nursery.start(PROGRAM, credentials, port)
    try:
        page = await studio.resident(studio.card_of("newborn_mother"))
        await page.goto(f"http://localhost:{port}")
        await page.locator("form[action='/start'] button").click()
        await page.wait_for_url("**/consent/request/**")
        await studio.take(page, "consent")
        await studio.part(page, "consent")
    finally:
        running.terminate()


async def a_form(studio: Studio) -> None:
    """Others fill the same form, with what the register knows; their cases wait at the desk."""
    first = studio.card_of("variant_name")
    for card in (first, *parents(studio)):
        try:
            await apply(studio, card, is_taken=card == first)
        except PlaywrightError as error:
            sys.stdout.write(f"no case for {card}: {error.message.splitlines()[0]}\n")


def parents(studio: Studio) -> Iterator[str]:
    """A young householder with a child in each town."""
    stored = registry.read_sample(studio.home)
    region = Region.load(ROOT / "regions" / "mie")
    for town in region.towns if stored is not None else ():
        assert stored is not None
        people = list(generate_town(region, town.code, stored.on, stored.seed))
        with_child = {
            one.household_number
            for one in people
            if one.relationship == "子" and one.born_on and one.born_on.year >= YOUNGEST_BORN
        }
        for one in people:
            is_parent = one.household_number in with_child and one.relationship == "世帯主"
            if is_parent and one.protected_from is None:
                yield f"{town.code}-{one.addressee_number}"
                break


async def apply(studio: Studio, card: str, *, is_taken: bool) -> None:
    page = await studio.resident(card)
    page.set_default_timeout(8_000)
    await page.goto(f"{studio.origin}/procedures/C1")
    await page.locator("form[action$='/start'] button[value=register]").click()
    if "/consent/request/" in page.url:
        await page.locator("button[name=answer][value=agree]").click()
        await page.locator("main a[href^='/procedures/']").first.click()
    for number in range(8):
        if "/form/" not in page.url:
            break
        if is_taken and number == 1:
            await studio.take(page, "form")
        await page.evaluate(_FILL)
        async with page.expect_navigation():
            await page.locator("button[name=go][value=next]:not([tabindex])").click()
    if is_taken:
        await studio.take(page, "form-check")
    await page.locator("input[name=agreed]").check(force=True)
    async with page.expect_navigation():
        await page.locator("form[action$='/send'] button").click()
    await page.context.close()


_FILL = """() => {
  for (const one of document.querySelectorAll('main fieldset')) {
    const radios = [...one.querySelectorAll('input[type=radio]')];
    if (radios.length && !radios.some(r => r.checked)) radios[0].checked = true;
  }
  for (const one of document.querySelectorAll('main form input.input')) {
    if (one.value || !one.name) continue;
    if (one.name.endsWith('_year')) one.value = '2026';
    else if (one.name.endsWith('_month')) one.value = '11';
    else if (one.name.endsWith('_day')) one.value = '1';
    else if (!one.closest('.field')?.querySelector('.field__need--required')) continue;
    else if (one.name.includes('kana')) one.value = 'ミホン　タロウ';
    else if (one.inputMode !== 'numeric') one.value = '見本　太郎';
  }
}"""


async def a_till(studio: Studio) -> None:
    till = await studio.shop()
    await studio.take(till, "till")
    await till.fill("input[name=amount]", "100")
    await till.locator("form[action='/shop'] button[type=submit]").click()
    await till.wait_for_selector(".code-screen")
    await studio.keep(till, "till-code-390", is_whole=True)
    code = await till.locator("[data-link]").get_attribute("data-link")
    page = await studio.resident(studio.card_of("newborn_mother"))
    await studio.take(page, "pay-confirm", code)
    await page.locator("form[action^='/coin/pay/'] button").click()
    await page.wait_for_url("**/coin/paid/**")
    await studio.take(page, "pay-paid")
    await till.wait_for_selector(".success")
    await studio.keep(till, "till-paid-390", is_whole=True)


async def a_desk(studio: Studio) -> None:
    """The association's queue with a case open; by preference one that waits for somebody."""
    page = await studio.officer("", 0)
    for view in ("open", "sent", "ended"):
        await page.goto(f"{studio.origin}/desk?view={view}")
        case = page.locator("a[href^='/desk/cases/']")
        if await case.count():
            await case.first.click()
            await page.wait_for_load_state()
            start = page.locator("form[action$='/acts/start_check'] button")
            if await start.count():
                await start.click()
                await page.wait_for_load_state()
            await studio.take(page, "desk")
            await page.set_viewport_size(DESK)
            picture = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
            save_png(picture.convert("RGB").crop((0, 0, DESK["width"], 1100)), "desk")
            return


async def montage(studio: Studio) -> None:
    """Four phones side by side: what README shows first."""
    if set(studio.parts) != {"home", "consent", "history", "wallet"}:
        return
    gap, edge = 24, 2
    width, height = PHONE["width"], PHONE["height"]
    sheet = Image.new("RGB", (4 * width + 5 * gap, height + 2 * gap), "#e9ebe6")
    for position, name in enumerate(("home", "consent", "history", "wallet")):
        screen = Image.open(io.BytesIO(studio.parts[name])).convert("RGB")
        left = gap + position * (width + gap)
        frame = Image.new("RGB", (width + 2 * edge, height + 2 * edge), "#6b746e")
        sheet.paste(frame, (left - edge, gap - edge))
        sheet.paste(screen, (left, gap))
    save_png(sheet, "phone")


def save_png(image: Image.Image, name: str) -> None:
    image.quantize(colors=128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        TARGET / f"{name}.png", optimize=True
    )


def draw_letter(content: bytes) -> None:
    with pypdfium2.PdfDocument(content) as document:
        image = document[0].render(scale=1.6).to_pil().convert("RGB")
    image.save(TARGET / "letter.webp", quality=QUALITY, method=6)


SCENES: dict[str, Callable[[Studio], Awaitable[None]]] = {
    "before": before_sign_in,
    "resident": a_resident,
    "sheet": a_sheet,
    "form": a_form,
    "till": a_till,
    "desk": a_desk,
    "montage": montage,
}


async def main(chosen: list[str]) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    home, port = (
        Path(os.environ.get("MIEONE_HOME", ".mieone")),
        os.environ.get("MIEONE_PORT", "8000"),
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        studio = Studio(browser, home, int(port))
        for name in chosen or SCENES:
            await SCENES[name](studio)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
