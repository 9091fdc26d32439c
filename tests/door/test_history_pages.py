"""The resident's history as pages and files, and the association's desk beside it."""

import csv
import io
import re
from datetime import timedelta

import httpx
import pytest

from . import given
from .given import ITEMS
from .site import Visitor
from .test_sheet import Family, family

__all__ = ["family"]


@pytest.mark.parametrize("language", ["ja", "ja-x-yasashii", "en"])
async def test_a_sentence_first_then_rows(family: Family, language: str) -> None:
    await given.give(family.world, family.mother)
    await family.world.door(given.request(family.mother))
    visitor = family.visitor(family.mother, language)

    page = await visitor.get("/my/history")

    assert page.status_code == 200, page.text
    shown = re.sub(r"<r[pt]>.*?</r[pt]>|</?ruby>", "", page.text)
    assert ("Nursery" if language == "en" else "もりのこども園") in shown
    assert page.text.count('class="card card--link"') == 1


async def test_an_empty_history_says_so(family: Family) -> None:
    page = await family.visitor(family.mother).get("/my/history")

    assert "state--empty" in page.text


async def open_first(visitor: Visitor) -> tuple[str, httpx.Response]:
    listed = await visitor.get("/my/history")
    path = re.findall(r'href="(/my/history/[0-9a-f-]{36})"', listed.text)[0]
    return path, await visitor.get(path)


async def test_a_row_opens_and_a_question_reaches_the_association_and_comes_back(
    family: Family,
) -> None:
    await given.give(family.world, family.mother)
    await family.world.door(given.request(family.mother))
    visitor = family.visitor(family.mother)
    path, page = await open_first(visitor)

    await visitor.post(f"{path}/questions", {"kind": "wrong", "words": "覚えがありません"})
    desk = Visitor(family.client, {"x-association": "post-1"})
    questions = await desk.get("/desk/questions")
    question = re.findall(r'action="(/desk/questions/[0-9a-f-]{36})"', questions.text)[0]
    await desk.post(question, {"words": "園に確かめました"})

    assert "この同意をやめる" in page.text
    assert "覚えがありません" in questions.text
    assert str(family.mother.person_id) not in questions.text
    assert "見本花子" not in questions.text
    (answer,) = family.letters.notes
    assert answer.person_id == family.mother.person_id
    assert question not in (await desk.get("/desk/questions")).text
    assert (await visitor.get(path)).text.count("notice--done") == 1


async def test_residents_do_not_see_the_desk(family: Family) -> None:
    page = await family.visitor(family.mother).get("/desk/questions")

    assert page.status_code == 403


async def test_a_strangers_row_is_not_there(family: Family) -> None:
    await given.give(family.world, family.mother)
    await family.world.door(given.request(family.mother))
    path, _ = await open_first(family.visitor(family.mother))
    asked = await family.visitor(family.spouse).get(path)

    assert asked.status_code == 404


async def test_ones_own_looks_are_kept_apart_and_pages_follow_each_other(
    family: Family,
) -> None:
    await given.give(family.world, family.mother)
    await family.world.door(given.own_view(family.mother))
    for _ in range(21):
        await family.world.door(given.request(family.mother))
        # What reads alike within an hour stands on one line; these are days' business.
        family.world.clock.advance(timedelta(hours=2))
    visitor = family.visitor(family.mother)

    first = await visitor.get("/my/history")
    following = re.findall(r'href="(/my/history\?before=[^"]+)"', first.text)[0]
    second = await visitor.get(following.replace("&amp;", "&"))
    own = await visitor.get(following.replace("&amp;", "&") + "&own=true")

    assert first.text.count('class="card card--link"') == 20
    assert second.text.count('class="card card--link"') == 1
    assert own.text.count('class="card card--link"') == 2


async def test_the_history_can_be_taken_out_whole(family: Family) -> None:
    await given.give(family.world, family.mother)
    await family.world.door(given.request(family.mother))
    await family.world.door(given.own_view(family.mother))
    visitor = family.visitor(family.mother)

    as_json = (await visitor.get("/my/history/file.json")).json()
    text = (await visitor.get("/my/history/file.csv")).content.decode("utf-8-sig")
    as_csv = list(csv.DictReader(io.StringIO(text)))

    assert len(as_json) == len(as_csv) == 2
    assert as_json[1]["items"] == list(ITEMS)
    assert as_csv[1]["items"] == ";".join(ITEMS)
    assert str(family.mother.person_id) not in text
