"""The map of open data: it follows a gauge by itself, and its list needs no script."""

import io
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from PIL import Image
from playwright.async_api import Browser, Page

from tests.journeys.conftest import Installation
from tests.journeys.walker import DESK, PHONE, fresh, overflows, serious_findings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SMALL = {"width": 320, "height": 640}
LATEST_S = 2.0
"""From the gauge's message to what people read."""
EVERYTHING = "kind=office&kind=station&kind=shelter&kind=emergency&kind=weather&kind=reading"


@asynccontextmanager
async def gauge(installation: Installation) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A gauge at 12.5 degrees, taken away afterwards."""
    entity_id = f"urn:ngsi-ld:Reading:{uuid4()}"
    async with httpx.AsyncClient(base_url=f"{installation.origin}/ngsi-ld/v1") as broker:
        made = await broker.post(
            "/entities",
            json={
                "id": entity_id,
                "type": "Reading",
                "name": {"type": "Property", "value": f"計器 {entity_id[-4:]}"},
                "temperature": {"type": "Property", "value": 12.5, "unitCode": "CEL"},
                "location": {
                    "type": "GeoProperty",
                    "value": {"type": "Point", "coordinates": [136.4, 34.39]},
                },
            },
        )
        assert made.status_code == 201, made.text
        try:
            yield broker, entity_id
        finally:
            await broker.delete(f"/entities/{entity_id}")


async def measure(broker: httpx.AsyncClient, entity_id: str, degrees: float) -> None:
    answer = await broker.patch(
        f"/entities/{entity_id}/attrs",
        json={"temperature": {"type": "Property", "value": degrees, "unitCode": "CEL"}},
    )
    assert answer.status_code == 204, answer.text


async def open_map(page: Page, installation: Installation, query: str) -> None:
    await page.goto(f"{installation.origin}/map?{query}&lang=ja")
    await page.wait_for_selector("[data-map].is-live")
    await page.wait_for_selector("[data-map-live]:not([hidden])")


async def test_an_open_map_follows_a_gauge_without_being_loaded_again(
    chromium: Browser, installation: Installation
) -> None:
    async with gauge(installation) as (broker, entity_id):
        context = await fresh(chromium, DESK)
        page = await context.new_page()
        await open_map(page, installation, "kind=reading")
        line = page.locator(".place", has_text=f"計器 {entity_id[-4:]}")
        assert "12.5℃" in await line.inner_text()
        await page.evaluate("window.wasHere = true")

        async with page.expect_response("**/map/points.geojson*") as drawn:
            sent_s = time.monotonic()
            await measure(broker, entity_id, 31.5)
            await line.filter(has_text="31.5℃").wait_for(timeout=10_000)
            took_s = time.monotonic() - sent_s
        points = await (await drawn.value).json()
        is_same_page = await page.evaluate("window.wasHere === true")
        await context.close()

    assert took_s < LATEST_S
    assert any("31.5" in point["properties"]["figures"] for point in points["features"])
    assert is_same_page


async def test_what_was_unfolded_and_focused_stays_so_when_news_comes(
    chromium: Browser, installation: Installation
) -> None:
    async with gauge(installation) as (broker, entity_id):
        context = await fresh(chromium, DESK)
        page = await context.new_page()
        await open_map(page, installation, EVERYTHING)
        outside = page.locator("details[data-town='']")
        await outside.locator("summary").focus()
        await page.keyboard.press("Enter")

        await measure(broker, entity_id, -7.5)
        await outside.get_by_text("-7.5℃").wait_for(timeout=10_000)
        is_focused = await outside.locator("summary").evaluate(
            "one => document.activeElement === one"
        )
        folded = await page.locator("details[data-town]:not([open])").count()
        await context.close()

    assert is_focused
    assert folded == len(towns_of(installation))


async def test_the_list_works_without_scripts(
    chromium: Browser, installation: Installation
) -> None:
    async with gauge(installation) as (_, entity_id):
        context = await fresh(chromium, PHONE, java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{installation.origin}/map")
        await page.locator(".map-choice summary").click()
        await page.locator("input[name=kind][value=reading]").check(force=True)
        await page.locator("input[name=kind][value=station]").uncheck(force=True)
        await page.locator(".map-filter button[type=submit]").click()
        await page.wait_for_url("**kind=reading**")
        shown = await page.locator(".place", has_text=f"計器 {entity_id[-4:]}").inner_text()
        kinds = await page.locator(".places__list h4").all_inner_texts()
        drawn = await page.locator(".map__fallback path.sign-shape--reading").is_visible()
        await context.close()

    assert "12.5℃" in shown
    assert "駅" not in kinds
    assert drawn


async def test_on_a_phone_the_map_comes_first_and_the_choice_is_one_key_away(
    chromium: Browser, installation: Installation
) -> None:
    context = await fresh(chromium, PHONE)
    page = await context.new_page()
    await open_map(page, installation, "kind=office")
    place = await page.locator("[data-map]").bounding_box()
    before = await page.locator("input[name=kind]").first.is_visible()
    await page.locator(".map-choice summary").focus()
    await page.keyboard.press("Enter")
    await page.locator("input[name=kind][value=shelter]").focus()
    await page.keyboard.press("Space")
    await page.locator(".map-filter button[type=submit]").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**kind=shelter**")
    legend = await page.locator(".places__map .legend li").count()
    await context.close()

    assert place is not None
    assert place["y"] < PHONE["height"] * 0.6
    assert not before
    assert legend == 2


async def test_the_legend_has_the_colours_of_the_map(
    chromium: Browser, installation: Installation
) -> None:
    unlike: list[str] = []
    async with gauge(installation):
        context = await fresh(chromium, DESK)
        page = await context.new_page()
        for kind in ("office", "station", "shelter", "emergency", "weather", "reading"):
            await open_map(page, installation, f"kind={kind}")
            sign = page.locator(f".legend .sign-shape--{kind}")
            fill = await sign.evaluate("one => getComputedStyle(one).fill")
            colour = tuple(int(part) for part in re.findall(r"\d+", fill)[:3])
            await page.wait_for_timeout(300)
            shown = await page.locator("[data-map] canvas").screenshot()
            pixels = Image.open(io.BytesIO(shown)).convert("RGB").getcolors(1 << 20) or []
            if not any(found == colour and count > 20 for count, found in pixels):
                unlike.append(f"{kind}: {fill} is nowhere on the map")
        await context.close()

    assert unlike == []


async def test_each_kind_on_the_map_says_its_source_and_its_day(
    chromium: Browser, installation: Installation
) -> None:
    context = await fresh(chromium, PHONE, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{installation.origin}/map?{EVERYTHING}&lang=ja")
    lines = await page.locator(".map-sources li").all_inner_texts()
    kinds = await page.locator(".places__map .legend li").all_inner_texts()
    answer = await page.request.get(f"{installation.origin}/api/broker/v1/datasets")
    datasets = await answer.json()
    await context.close()

    said = {line.split("\n")[0]: line for line in lines}
    shelters = next(one for one in datasets if one["id"] == "shelters")
    assert set(kinds) < set(said)
    assert shelters["attribution"] in said["指定避難所（とまれる所）"]
    assert "2025年10月27日(月)のデータ" in said["指定避難所（とまれる所）"]
    assert "入れた日" in said["指定避難所（とまれる所）"]
    assert "出典" not in said["計器（いまの数字）"]


def test_a_phone_gets_the_map_in_few_bytes(installation: Installation) -> None:
    """All points of all kinds: what is sent on the way, packed, and the same unpacked."""
    sent: dict[str, int] = {}
    with httpx.Client(base_url=installation.origin) as phone:
        for path in ("/map", "/map/list", "/map/points.geojson"):
            with phone.stream("GET", f"{path}?{EVERYTHING}") as packed:
                sent[path] = sum(len(part) for part in packed.iter_raw())
            plain = phone.get(f"{path}?{EVERYTHING}", headers={"Accept-Encoding": "identity"})
            assert "content-encoding" not in plain.headers
            assert sent[path] * 5 < len(plain.content)
        script = re.search(r'src="(/static/dist/map-[^"]+)"', phone.get("/map").text)
        assert script is not None
        head = phone.head(script[1], headers={"Accept-Encoding": "gzip"})

    assert sent["/map"] < 60_000
    assert head.headers["content-encoding"] == "gzip"
    assert "immutable" in head.headers["cache-control"]


async def test_the_map_with_everything_on_it_is_fit_for_all(
    chromium: Browser, installation: Installation
) -> None:
    wrong: list[str] = []
    async with gauge(installation):
        for viewport in (SMALL, PHONE, DESK):
            context = await fresh(chromium, viewport)
            page = await context.new_page()
            for query in (EVERYTHING, "kind=emergency&hazard=tsunami"):
                await open_map(page, installation, query)
                await page.locator("details[data-town] summary").first.click()
                wrong += await serious_findings(page)
                if await overflows(page):
                    wrong.append(f"{viewport['width']}: {query} is wider than the screen")
            await context.close()

    assert wrong == []


def towns_of(installation: Installation) -> list[str]:
    """Every town has offices, so each of them has its part of the list."""
    names = httpx.get(f"{installation.origin}/map/boundaries.geojson").json()["features"]
    return sorted({feature["properties"]["town"] for feature in names})
