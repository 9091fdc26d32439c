"""Every page that a link leads to: no serious finding of axe, nothing to push sideways, no script error."""

import json
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from tests.journeys.conftest import Installation
from tests.journeys.walker import (
    DESK,
    PHONE,
    fresh,
    inner_links,
    kind_of,
    opt_in,
    overflows,
    serious_findings,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
MOST_PAGES = 80


def mother_of(installation: Installation) -> str:
    stored = json.loads((installation.home / "sample_people.json").read_bytes())
    found = next(one for one in stored["people"] if one["key"] == "newborn_mother")
    return f"{found['town']}-{found['entry']['addressee_number']}"


async def crawl(
    context: BrowserContext, installation: Installation, starts: list[str]
) -> dict[str, list[str]]:
    """Kind of page → what is wrong with it at phone and desk width; nothing where all is well."""
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    queue = [f"{installation.origin}{start}" for start in starts]
    seen: dict[str, list[str]] = {}
    while queue and len(seen) < MOST_PAGES:
        url = queue.pop(0)
        if kind_of(url) in seen:
            continue
        seen[kind_of(url)] = await look_at(page, url, errors)
        queue.extend(await inner_links(page, installation.origin))
    await page.close()
    return seen


async def look_at(page: Page, url: str, errors: list[str]) -> list[str]:
    errors.clear()
    answer = await page.goto(url)
    if answer is None or answer.status >= 400:
        return [f"{url} answered {answer.status if answer else 'nothing'}"]
    wrong: list[str] = []
    for viewport in (PHONE, DESK):
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        wrong += [f"{viewport['width']}: {found}" for found in await serious_findings(page)]
        if await overflows(page):
            wrong.append(f"{viewport['width']}: wider than the screen")
    return wrong + [f"script: {error}" for error in errors]


def report(seen: dict[str, list[str]]) -> dict[str, list[str]]:
    return {kind: wrong for kind, wrong in seen.items() if wrong}


async def test_pages_before_sign_in(chromium: Browser, installation: Installation) -> None:
    context = await fresh(chromium, PHONE)
    seen = await crawl(
        context, installation, ["/", "/desk/sign-in", "/shop/sign-in", "/developers"]
    )
    await context.close()

    assert report(seen) == {}
    assert len(seen) > 12


async def test_pages_of_a_resident(
    chromium: Browser, installation: Installation, toured: str
) -> None:
    context = await fresh(chromium, PHONE)
    page = await context.new_page()
    await opt_in(page, installation, mother_of(installation))
    seen = await crawl(context, installation, ["/my", "/my/history", "/coin", "/inbox", "/cases"])
    await context.close()

    assert report(seen) == {}
    assert {"/my/history", "/my/consents", "/coin", "/inbox", "/id/leave"} <= set(seen)


@pytest.mark.parametrize("position", [0, 3, 4])
async def test_pages_of_the_desk(
    chromium: Browser, installation: Installation, toured: str, position: int
) -> None:
    context = await fresh(chromium, DESK)
    page = await context.new_page()
    await page.goto(f"{installation.origin}/desk/sign-in")
    await page.locator("button[name=post]").nth(position).click()
    seen = await crawl(context, installation, ["/desk", *await desk_links(page, installation)])
    await context.close()

    assert report(seen) == {}


async def desk_links(page: Page, installation: Installation) -> list[str]:
    await page.goto(f"{installation.origin}/desk")
    return [urlsplit(link).path for link in await inner_links(page, installation.origin)]


async def test_pages_of_a_shop(chromium: Browser, installation: Installation, toured: str) -> None:
    context = await fresh(chromium, PHONE)
    page = await context.new_page()
    await page.goto(f"{installation.origin}/shop/sign-in")
    await page.locator("form:has(input[name=shop]) button").first.click()
    await page.wait_for_url("**/shop")
    seen = await crawl(context, installation, ["/shop", "/shop/today", "/shop/poster"])
    await context.close()

    assert report(seen) == {}
