"""Every page that a link leads to: no serious finding of axe, nothing to push sideways, no script error."""

from collections.abc import Sequence

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page

from mieone.core.region import Region
from tests.journeys.conftest import ROOT, Installation
from tests.journeys.walker import (
    DESK,
    PHONE,
    enter_desk,
    enter_till,
    fresh,
    inner_links,
    kind_of,
    opt_in,
    overflows,
    sample_person,
    serious_findings,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
MOST_PAGES = 60
FIT_EVERYWHERE = ("/about", "/help", "/sources", "/developers", "/design", "/offline", "/api")
"""Open pages: looked at once, before sign-in."""


async def crawl(
    context: BrowserContext,
    installation: Installation,
    starts: Sequence[str],
    leave_out: Sequence[str] = (),
) -> dict[str, list[str]]:
    """Kind of page → what is wrong with it at phone and desk width; nothing where all is well."""
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    queue = [f"{installation.origin}{start}" for start in starts]
    seen: dict[str, list[str]] = {}
    while queue and len(seen) < MOST_PAGES:
        url = queue.pop(0)
        kind = kind_of(url)
        if kind in seen or kind.startswith(tuple(leave_out)):
            continue
        found = await look_at(page, url, errors)
        seen[kind] = found or []
        if found is not None:
            queue.extend(await inner_links(page, installation.origin))
    await page.close()
    return seen


async def look_at(page: Page, url: str, errors: list[str]) -> list[str] | None:
    """Both widths on one load. None where the link hands over a file, which is as it should be."""
    errors.clear()
    try:
        answer = await page.goto(url)
    except Error as error:
        if "Download is starting" in error.message or "ERR_ABORTED" in error.message:
            return None
        raise
    if answer is None or answer.status >= 400:
        return [f"{url} answered {answer.status if answer else 'nothing'}"]
    if "text/html" not in answer.headers.get("content-type", ""):
        return None
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
    await opt_in(page, installation, sample_person(installation, "newborn_mother")["card"])
    starts = ["/my", "/my/history", "/coin", "/inbox", "/cases", "/id/passkeys"]
    seen = await crawl(context, installation, starts, (*FIT_EVERYWHERE, "/towns", "/map"))
    await context.close()

    assert report(seen) == {}
    assert {"/my/history", "/my/consents", "/coin", "/inbox", "/id/leave", "/cases/…"} <= set(seen)


@pytest.mark.parametrize(("is_of_town", "position"), [(False, 0), (True, 0), (True, 1)])
async def test_pages_of_the_desk(
    chromium: Browser, installation: Installation, toured: str, is_of_town: bool, position: int
) -> None:
    """The association, then head and officer of the town whose case the tour decided."""
    mother = sample_person(installation, "newborn_mother")
    town = Region.load(ROOT / "regions" / "mie").town(mother["town"]).name.ja
    context = await fresh(chromium, DESK)
    page = await context.new_page()
    await enter_desk(page, installation, town if is_of_town else "", position)
    seen = await crawl(context, installation, ["/desk"], FIT_EVERYWHERE)
    await context.close()

    assert report(seen) == {}
    assert {"/desk?view=open", "/desk?view=sent", "/desk?view=ended"} <= set(seen)
    assert any(kind.startswith("/desk/cases/…?view=") for kind in seen)


async def test_pages_of_a_shop(chromium: Browser, installation: Installation, toured: str) -> None:
    context = await fresh(chromium, PHONE)
    page = await context.new_page()
    await enter_till(page, installation)
    seen = await crawl(context, installation, ["/shop", "/shop/today", "/shop/poster"])
    await context.close()

    assert report(seen) == {}
