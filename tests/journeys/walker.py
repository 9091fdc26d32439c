"""What journeys share in front of a real browser: signing in, reading pages, asking axe."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Browser, BrowserContext, Page

from tests.journeys.conftest import Installation

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
_VARIABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27,}|\d{6}|[A-Za-z0-9_-]{20,}")


def kind_of(url: str) -> str:
    """Pages that differ only in whose record they show are one kind; a desk's views are several."""
    parts = urlsplit(url)
    view = parse_qs(parts.query).get("view", [""])[0]
    return _VARIABLE.sub("…", parts.path) + (f"?view={view}" if view else "")


async def fresh(browser: Browser, viewport: dict[str, int], **options: Any) -> BrowserContext:
    return await browser.new_context(
        viewport=viewport, locale="ja-JP", ignore_https_errors=True, **options
    )


async def opt_in(page: Page, installation: Installation, card: str) -> None:
    """The card path, as a person with a phone goes it."""
    await page.goto(f"{installation.origin}/id")
    await page.locator("form[action='/id/card'] button").first.click()
    await page.locator("form[action='/simulator/card'] button").first.click()
    choice = page.locator(f"input[name=card][value='{card}']")
    if await choice.count():
        await choice.check(force=True)
    else:
        await page.fill("input[name=number]", card)
    await page.fill("input[name=pin]", "1234")
    await page.locator("form[action='/simulator/card'] button[type=submit]").first.click()
    await page.locator("form[action$='/complete'] button").first.click()
    await page.wait_for_load_state("domcontentloaded")


async def enter_desk(page: Page, installation: Installation, place: str, position: int) -> None:
    """As a sample officer: the posts stand under the name of their organisation."""
    await page.goto(f"{installation.origin}/desk/sign-in")
    posts = page.locator("fieldset", has=page.locator("legend", has_text=place))
    await posts.first.locator("button[name=post]").nth(position).click()
    await page.wait_for_url("**/desk")


async def enter_till(page: Page, installation: Installation) -> None:
    await page.goto(f"{installation.origin}/shop/sign-in")
    await page.locator("form:has(input[name=shop]) button").first.click()
    await page.wait_for_url("**/shop")


def sample_person(installation: Installation, key: str) -> dict[str, Any]:
    """One of those the sample was made to contain; `card` is the number of their card."""
    stored = json.loads((installation.home / "sample_people.json").read_bytes())
    found: dict[str, Any] = next(one for one in stored["people"] if one["key"] == key)
    return {**found, "card": f"{found['town']}-{found['entry']['addressee_number']}"}


async def serious_findings(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it stands."""
    # The policy refuses scripts from elsewhere; a test may put one in through the browser itself.
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text("utf-8"))
    result: dict[str, Any] = await page.evaluate(
        "() => axe.run(document, {resultTypes: ['violations'], iframes: false, elementRef: false})"
    )
    return [
        f"{found['id']}: {node['target']} {node.get('failureSummary', '')[:160]}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"][:3]
    ]


async def overflows(page: Page) -> bool:
    """Whether the page must be pushed sideways to be read."""
    wide: bool = await page.evaluate(
        "() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
    )
    return wide


async def inner_links(page: Page, origin: str) -> list[str]:
    links: list[str] = await page.evaluate(
        "() => [...document.querySelectorAll('a[href]')]"
        ".map(a => new URL(a.getAttribute('href'), document.baseURI).href)"
    )
    kept = []
    for link in links:
        path = urlsplit(link).path
        is_file = path.endswith((".pdf", ".json", ".csv", ".webmanifest", ".svg"))
        if link.startswith(f"{origin}/") and not is_file and not path.startswith("/static"):
            kept.append(link.split("#")[0])
    return kept
