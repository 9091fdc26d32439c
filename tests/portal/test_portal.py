"""The portal over HTTP: every page in every language, the town once, what concerns a person now."""

import re
from html.parser import HTMLParser

import pytest
from httpx import AsyncClient

from mieone.core.house import House
from mieone.web import Language

PAGES = (
    "/",
    "/town",
    "/map",
    "/map?town=244422&kind=shelter&kind=emergency",
    "/towns/244422",
    "/towns/244708",
    "/about",
    "/help",
    "/sources",
    "/offline",
    "/developers/design",
    "/problems/core/not-found",
)
VOID = {"meta", "link", "input", "br", "hr", "img", "path", "circle"}


class Outline(HTMLParser):
    """What a reader of the page by ear meets: headings, ids, unbalanced elements."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def outlined(text: str) -> Outline:
    outline = Outline()
    outline.feed(text)
    return outline


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("path", PAGES)
async def test_a_page_stands_in_every_language(
    client: AsyncClient, path: str, language: Language
) -> None:
    answer = await client.get(path, params={"lang": language.value} if "?" not in path else None)
    outline = outlined(answer.text)

    assert answer.status_code == 200
    assert 'href="tel:0000-00-0000"' in answer.text
    assert outline.wrong == []
    assert outline.headings.count(1) == 1
    assert len(set(outline.ids)) == len(outline.ids)
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(below - above <= 1 for above, below in steps)


async def test_the_language_is_kept_once_chosen(client: AsyncClient) -> None:
    await client.get("/about", params={"lang": "en"})

    answer = await client.get("/help")

    assert answer.headers["content-language"] == "en"
    assert '<html lang="en"' in answer.text


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("ja", "ja"), ("en-GB,en;q=0.8", "en"), ("fr,en;q=0.3,ja;q=0.9", "ja"), ("pt-BR", "ja")],
)
async def test_a_first_visit_follows_the_browser(
    client: AsyncClient, accepted: str, expected: str
) -> None:
    answer = await client.get("/", headers={"accept-language": accepted})

    assert answer.headers["content-language"] == expected


async def test_the_town_is_chosen_once(client: AsyncClient, house: House) -> None:
    town = house.region.towns[1]
    first = await client.get("/")
    token = re.search(r'name="_csrf_token" value="([^"]+)"', first.text)
    assert token

    chosen = await client.post("/town", data={"_csrf_token": token[1], "town": town.code})
    after = await client.get("/")

    assert chosen.status_code == 303
    assert 'id="which-town"' not in after.text
    assert town.name.ja in after.text


async def test_a_town_that_is_not_here_is_refused_beside_the_question(client: AsyncClient) -> None:
    first = await client.get("/town")
    token = re.search(r'name="_csrf_token" value="([^"]+)"', first.text)
    assert token

    answer = await client.post("/town", data={"_csrf_token": token[1], "town": "999999"})

    assert answer.status_code == 422
    assert "error-summary" in answer.text


async def test_a_form_without_its_token_is_refused(client: AsyncClient) -> None:
    answer = await client.post("/town", data={"town": "244422"})

    assert answer.status_code == 403
    assert "error-summary" not in answer.text


async def test_before_sign_in_home_says_what_mie_id_is(client: AsyncClient) -> None:
    answer = await client.get("/")

    assert 'href="/start"' in answer.text
    assert 'href="/inbox/1"' not in answer.text


async def test_after_sign_in_what_has_a_last_day_stands_first(client: AsyncClient) -> None:
    answer = await client.get("/", headers={"x-person": "yes"})

    assert answer.text.index("/cases/1") < answer.text.index("/inbox/1")
    assert "あと12日（7月3日 金）" in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_whoever_lives_in_one_town_is_not_asked_which(client: AsyncClient) -> None:
    answer = await client.get("/", headers={"x-person": "yes"})

    assert 'id="which-town"' not in answer.text


async def test_my_page_is_composed_of_what_blocks_hand_over(client: AsyncClient) -> None:
    answer = await client.get("/my", headers={"x-person": "yes"})

    assert "12,000円" in answer.text
    assert 'href="/coin/pay"' in answer.text


async def test_my_page_is_for_the_person_alone(client: AsyncClient) -> None:
    answer = await client.get("/my")

    assert answer.status_code == 401
    assert 'href="/sign-in"' in answer.text


async def test_map_and_list_hold_the_same_places(client: AsyncClient) -> None:
    query = "town=244422&kind=shelter&kind=emergency"
    page = await client.get(f"/map?{query}")
    points = (await client.get(f"/map/points.geojson?{query}")).json()["features"]

    assert len(points) == page.text.count('<li class="place">')
    assert {point["properties"]["kind"] for point in points} == {"shelter", "emergency"}


async def test_the_map_leaves_out_what_is_not_safe_from_the_danger(client: AsyncClient) -> None:
    every = (await client.get("/map/points.geojson?kind=emergency")).json()["features"]
    safe = await client.get("/map?kind=emergency&hazard=tsunami")

    assert len(every) == 369
    assert 0 < safe.text.count('<li class="place">') < len(every)


async def test_what_stands_outside_the_towns_is_on_the_map_of_the_region_only(
    client: AsyncClient,
) -> None:
    region = (await client.get("/map/points.geojson?kind=weather")).json()["features"]
    town = (await client.get("/map/points.geojson?kind=weather&town=244422")).json()["features"]

    assert len(region) == 14
    assert town == []


async def test_a_problem_has_a_page_for_people_and_a_body_for_machines(client: AsyncClient) -> None:
    page = await client.get("/nowhere", headers={"accept": "text/html"})
    body = await client.get("/nowhere", headers={"accept": "application/json"})

    assert (page.status_code, body.status_code) == (404, 404)
    assert re.search(r"<code>[0-9A-F]{8}</code>", page.text)
    assert body.headers["content-type"].startswith("application/problem+json")
    assert body.json()["type"] == "/problems/core/not-found"
    assert body.json()["status"] == 404
    assert (await client.get(body.json()["type"])).status_code == 200


async def test_every_file_of_the_region_has_its_source_shown(
    client: AsyncClient, house: House
) -> None:
    answer = await client.get("/sources")

    shown = answer.text.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
    for source in house.region.sources.values():
        assert source.attribution in shown


async def test_every_page_says_that_this_is_practice(client: AsyncClient) -> None:
    for path in PAGES:
        assert 'class="profile-banner"' in (await client.get(path)).text
