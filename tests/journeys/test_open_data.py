"""An officer sends the town's table without a command line: tried first, then on the map for all."""

from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page

from tests.journeys.conftest import Installation
from tests.journeys.walker import DESK, PHONE, enter_desk, fresh, overflows, serious_findings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SHOWN = "/desk/open-data"
OWN, OTHER = "244422", "244414"
OFFICER = ("明和町", 1)


def table(device: str) -> bytes:
    """As a spreadsheet program in Japan saves it; one figure is no number, one row another town's."""
    rows = [
        "town,device,name,temperature,rainfall,water_level,occupancy,lat,lon",
        f"{OWN},{device},橋の下の計器{device},12.5,,,,34.53,136.6",
        f"{OWN},{device}b,山の計器{device},あたたかい,,,,34.54,136.61",
        f"{OTHER},{device}c,となりの計器{device},3.5,,,,34.5,136.5",
    ]
    return "\r\n".join(rows).encode("cp932")


async def choose(page: Page, content: bytes, act: str) -> None:
    form = page.locator("form[action='/desk/open-data/readings']")
    if not await form.locator("input[type=file]").is_visible():
        await page.locator("section:has(#about-readings) summary").last.click()
    await form.locator("input[type=file]").set_input_files(
        {"name": "readings.csv", "mimeType": "text/csv", "buffer": content}
    )
    await form.locator(f"button[value={act}]").click()
    await page.wait_for_load_state()


async def list_text(page: Page, installation: Installation) -> str:
    await page.goto(f"{installation.origin}/map/list?kind=reading&town={OWN}&lang=ja")
    return await page.locator("body").inner_text()


async def test_a_table_is_tried_then_taken_in_and_stands_on_the_map(
    chromium: Browser, installation: Installation
) -> None:
    device = f"n{uuid4().hex[:6]}"
    context = await fresh(chromium, DESK, java_script_enabled=False)
    page = await context.new_page()
    await enter_desk(page, installation, *OFFICER)
    await page.locator(f"nav a[href='{SHOWN}']").click()

    await choose(page, table(device), "try")
    tried = await page.locator("section:has(#about-readings)").inner_text()
    before = await list_text(page, installation)
    await page.goto(f"{installation.origin}{SHOWN}")
    await choose(page, table(device), "take")
    taken = await page.locator("section:has(#about-readings)").inner_text()
    after = await list_text(page, installation)
    await context.close()

    for told in (tried, taken):
        assert "3行目" in told
        assert "数字ではありません" in told
        assert "ほかの町の行です" in told
    assert "まだ何も変わっていません" in tried
    assert device not in before
    assert f"橋の下の計器{device}" in after
    assert "12.5℃" in after
    assert f"となりの計器{device}" not in after


async def test_a_file_that_is_no_table_is_refused_beside_its_field(
    chromium: Browser, installation: Installation
) -> None:
    context = await fresh(chromium, PHONE)
    page = await context.new_page()
    await enter_desk(page, installation, *OFFICER)
    await page.goto(f"{installation.origin}{SHOWN}?lang=ja")
    await choose(page, b"", "take")
    nothing = await page.locator(".field--wrong").inner_text()
    await choose(page, bytes([0x81, 0xFF, 0x00, 0xFE] * 20), "take")
    wrong = await page.locator(".field--wrong").inner_text()
    findings = await serious_findings(page)
    is_wide = await overflows(page)
    await context.close()

    assert nothing
    assert "UTF-8" in wrong
    assert findings == []
    assert not is_wide


async def test_no_officer_sends_for_another_town_and_nobody_else_comes_in(
    chromium: Browser, installation: Installation
) -> None:
    context = await fresh(chromium, DESK)
    page = await context.new_page()
    await enter_desk(page, installation, "", 0)
    association = await page.goto(f"{installation.origin}{SHOWN}")
    await context.clear_cookies()
    await enter_desk(page, installation, *OFFICER)
    own = await page.goto(f"{installation.origin}{SHOWN}?town={OWN}")
    other = await page.goto(f"{installation.origin}{SHOWN}?town={OTHER}")
    await context.close()

    assert association is not None
    assert association.status == 403
    assert own is not None
    assert own.status == 200
    assert other is not None
    assert other.status == 404


@pytest.mark.parametrize("language", ["ja", "ja-x-yasashii", "en"])
async def test_the_pages_of_open_data_are_fit_for_all(
    chromium: Browser, installation: Installation, language: str
) -> None:
    wrong: list[str] = []
    for place, position, path in ((*OFFICER, SHOWN), ("", 0, "/desk/broker")):
        for viewport in (PHONE, DESK):
            context = await fresh(chromium, viewport)
            page = await context.new_page()
            await enter_desk(page, installation, place, position)
            answer = await page.goto(f"{installation.origin}{path}?lang={language}")
            if answer is None or answer.status != 200:
                wrong.append(f"{path} is not shown")
            await page.evaluate(
                "document.querySelectorAll('main details').forEach(one => one.open = true)"
            )
            wrong += await serious_findings(page)
            if await overflows(page):
                wrong.append(f"{path} is wider than {viewport['width']} px")
            await context.close()

    assert wrong == []
