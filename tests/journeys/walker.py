"""What journeys share in front of a real browser: signing in, reading pages, asking axe."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page

from tests.journeys.conftest import Installation

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
_VARIABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27,}|\d{6}|[A-Za-z0-9_-]{20,}")


def kind_of(url: str) -> str:
    """Pages that differ only in whose record they show are one kind of page."""
    return _VARIABLE.sub("…", urlsplit(url).path)


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


async def serious_findings(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it stands."""
    # The policy refuses scripts from elsewhere; a test may put one in through the browser itself.
    await page.evaluate(AXE.read_text("utf-8"))
    result: dict[str, Any] = await page.evaluate(
        "() => axe.run(document, {resultTypes: ['violations']})"
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
        "() => [...document.querySelectorAll('a[href]')].map(a => a.href)"
    )
    kept = []
    for link in links:
        path = urlsplit(link).path
        is_file = path.endswith((".pdf", ".json", ".csv", ".webmanifest", ".svg"))
        if link.startswith(f"{origin}/") and not is_file and not path.startswith("/static"):
            kept.append(link.split("#")[0])
    return kept
