"""The pages over HTTP: apply, be helped, be decided on, read the letter."""

import html
import re

import httpx
import msgspec
import pytest

from mieone.blocks.exchange import Refused
from mieone.blocks.identity import live_entrustments, pairwise_id
from mieone.blocks.identity.staff.store import end_entrustment, record_entrustment
from mieone.blocks.inbox import store as inbox_store
from mieone.blocks.procedures import jobs
from mieone.blocks.procedures.actions.datasets import CaseProvider
from mieone.blocks.procedures.block import list_home_items
from mieone.blocks.procedures.jobs import SUBSCRIPTIONS
from mieone.core.house import House
from mieone.core.outbox import Event, deliver_due, register_subscriptions
from mieone.core.ports import ProvideRequest

from .conftest import ACTORS, PERSON, Purse, Register

PERSONS = {"x-actor": "person"}
OFFICER = {"x-actor": "officer"}
ASSOCIATION = {"x-actor": "association"}
FORM = "/procedures/C1/form"


def location(response: httpx.Response) -> str:
    assert response.status_code == 303, response.text[:2000]
    return response.headers["location"]


def day(name: str, text: str) -> dict[str, str]:
    year, month, date = text.split("-")
    return {
        f"{name}_year": year,
        f"{name}_month": month,
        f"{name}_day": date,
        f"{name}_era": "western",
    }


async def begin(browser: httpx.AsyncClient, fill: str = "hand") -> str:
    data = {"town": "244422", "fill": fill}
    found = await browser.post("/procedures/C1/start", data=data, headers=PERSONS)
    return location(found)


async def fill_in(browser: httpx.AsyncClient, **changed: str) -> None:
    pages = {
        "event": {"reason": "birth", **day("event_date", "2026-11-15")},
        "applicant": {
            "applicant_name": "髙橋 太郎", "applicant_kana": "たかはし たろう",
            **day("applicant_birth_date", "1992-05-01"), "applicant_postal_code": "515-0321",
            "applicant_address": "三重県多気郡明和町大字馬之上1", "phone": "０５９６－００－００００",
        },
        "work": {"is_public_servant": changed.get("is_public_servant", "no"), "pension": "national"},
        "spouse": {"has_spouse": "no"},
        "children": {
            "children-count": "1", "children-0-name": "髙橋 はな",
            **day("children-0-birth_date", "2026-11-15"), "children-0-relation": "child",
            "children-0-lives_together": "yes", "children-0-supported": "yes",
        },
        "account": {"account_use": "registered"},
    }  # fmt: skip
    for name, data in pages.items():
        answer = await browser.post(f"{FORM}/{name}", data={**data, "go": "next"}, headers=PERSONS)
        assert location(answer).startswith("/procedures/C1/")


async def token_of(browser: httpx.AsyncClient) -> str:
    page = await browser.get("/procedures/C1/check", headers=PERSONS)
    found = re.search(r'name="token" value="([0-9a-f-]+)"', page.text)
    assert found, page.text[:3000]
    return found[1]


async def send(browser: httpx.AsyncClient, **changed: str) -> str:
    await begin(browser)
    await fill_in(browser, **changed)
    data = {"token": await token_of(browser), "agreed": "yes"}
    answer = await browser.post("/procedures/C1/send", data=data, headers=PERSONS)
    return location(answer).split("/")[2].split("?")[0]


async def act(
    browser: httpx.AsyncClient, case: str, name: str, who: dict[str, str], **data: str
) -> str:
    answer = await browser.post(f"/desk/cases/{case}/acts/{name}", data=data, headers=who)
    return location(answer)


async def examine(browser: httpx.AsyncClient, case: str) -> str:
    await act(browser, case, "start_check", ASSOCIATION)
    await act(browser, case, "hand_over", ASSOCIATION, checked="person")
    await act(browser, case, "conclude", OFFICER, checked="custody")
    page = await browser.get(f"/desk/cases/{case}", headers=OFFICER)
    found = re.search(r'name="evaluation" value="([0-9a-f-]+)"', page.text)
    assert found, page.text[:5000]
    return found[1]


async def test_a_visitor_reads_what_it_is_before_signing_in(browser: httpx.AsyncClient) -> None:
    for path in ("/procedures", "/procedures?event=birth", "/procedures/C1"):
        for language in ("ja", "ja-x-yasashii", "en"):
            mark = "&" if "?" in path else "?"
            page = await browser.get(f"{path}{mark}lang={language}")
            assert page.status_code == 200
    assert "15" in page.text
    assert "児童手当法第7条第1項" in page.text


async def test_the_form_is_sent_once_and_shows_its_number(browser: httpx.AsyncClient) -> None:
    await begin(browser)
    await fill_in(browser)
    data = {"token": await token_of(browser), "agreed": "yes"}
    answers = [
        await browser.post("/procedures/C1/send", data=data, headers=PERSONS) for _ in range(3)
    ]
    case = location(answers[0])
    page = await browser.get(case, headers=PERSONS)

    assert {location(answer) for answer in answers} == {case}
    assert "442-26-00001" in page.text
    assert "12月14日" in html.unescape(page.text)


async def test_every_wrong_field_is_told_at_once_and_what_was_typed_stays(
    browser: httpx.AsyncClient,
) -> None:
    await begin(browser)
    data = {
        "applicant_name": "", "applicant_kana": "TARO", **day("applicant_birth_date", "2030-01-01"),
        "applicant_address": "123456789018", "applicant_postal_code": "abc", "phone": "", "go": "next",
    }  # fmt: skip
    page = await browser.post(f"{FORM}/applicant", data=data, headers=PERSONS)
    again = await browser.get(f"{FORM}/applicant", headers=PERSONS)

    assert page.status_code == 422
    for name in ("applicant_name", "applicant_kana", "applicant_birth_date", "applicant_address"):
        assert f'href="#{name}"' in page.text
    assert 'value="TARO"' in again.text
    assert "123456789018" not in again.text


async def test_what_was_typed_is_kept_when_going_back(browser: httpx.AsyncClient) -> None:
    await begin(browser)
    data = {"has_spouse": "yes", "spouse_name": "髙橋 花子", "go": "back"}
    answer = await browser.post(f"{FORM}/spouse", data=data, headers=PERSONS)
    page = await browser.get(f"{FORM}/spouse", headers=PERSONS)
    assert location(answer) == f"{FORM}/work"
    assert "髙橋 花子" in page.text


async def test_children_are_added_and_removed_without_a_script(browser: httpx.AsyncClient) -> None:
    await begin(browser)
    data = {"children-count": "1", "children-0-name": "はな", "go": "add"}
    await browser.post(f"{FORM}/children", data=data, headers=PERSONS)
    two = await browser.get(f"{FORM}/children", headers=PERSONS)
    data = {
        "children-count": "2",
        "children-0-name": "はな",
        "children-1-name": "そら",
        "go": "remove-0",
    }
    await browser.post(f"{FORM}/children", data=data, headers=PERSONS)
    one = await browser.get(f"{FORM}/children", headers=PERSONS)

    assert 'name="children-1-name"' in two.text
    assert 'name="children-1-name"' not in one.text
    assert 'value="そら"' in one.text


@pytest.mark.parametrize("count", ["", "-1", "²", "1e9", "9" * 5000])
async def test_a_count_nobody_typed_breaks_nothing(browser: httpx.AsyncClient, count: str) -> None:
    await begin(browser)
    for go in ("next", "remove-²"):
        data = {"children-count": count, "children-0-name": "見本 はな", "go": go}
        answer = await browser.post(f"{FORM}/children", data=data, headers=PERSONS)
        assert answer.status_code in (303, 422)


async def test_the_register_fills_the_form_and_says_so(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    await begin(browser, fill="register")
    await browser.get("/procedures/C1/fill", headers=PERSONS)
    page = await browser.get(f"{FORM}/applicant", headers=PERSONS)
    children = await browser.get(f"{FORM}/children", headers=PERSONS)

    register = full_house.disclose
    assert isinstance(register, Register)
    assert [(r.service, r.basis, r.dataset) for r in register.asked] == [
        ("procedures", "opt_in", "household@1")
    ]
    assert "髙橋 太郎" in page.text
    assert page.text.count("町の記録から") == 5
    assert 'value="髙橋 はな"' in children.text


async def test_consent_is_asked_for_first(browser: httpx.AsyncClient, full_house: House) -> None:
    full_house.consent_gate.must_ask = True  # type: ignore[attr-defined]
    assert (await begin(browser, fill="register")).startswith("/consent/request/")


@pytest.mark.parametrize("problem", [Refused(), TimeoutError()])
async def test_without_the_register_the_same_form_is_empty_and_works(
    browser: httpx.AsyncClient, full_house: House, problem: Exception
) -> None:
    full_house.disclose.problem = problem  # type: ignore[attr-defined]
    await begin(browser, fill="register")
    answer = await browser.get("/procedures/C1/fill", headers=PERSONS)
    page = await browser.get(location(answer), headers=PERSONS)
    assert page.status_code == 200
    assert "町の記録から" not in page.text
    await fill_in(browser)
    assert await token_of(browser)


async def test_nobody_sees_the_case_or_draft_of_another(browser: httpx.AsyncClient) -> None:
    case = await send(browser)
    other = {"x-actor": "somebody"}
    for path in (f"/cases/{case}", f"/cases/{case}/letter.pdf", f"/cases/{case}/correct"):
        assert (await browser.get(path, headers=other)).status_code == 404
    assert (await browser.get("/procedures/C1/check", headers=other)).status_code == 404
    assert (
        await browser.get(f"/desk/cases/{case}", headers={"x-actor": "elsewhere"})
    ).status_code == 404
    queue = await browser.get("/desk", headers={"x-actor": "elsewhere"})
    assert "442-26" not in queue.text


async def test_the_whole_story_from_claim_to_letter_and_gift(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    async with full_house.database.transaction() as conn:
        await register_subscriptions(conn, SUBSCRIPTIONS)
    case = await send(browser)
    queue = await browser.get("/desk", headers=ASSOCIATION)
    assert "髙橋 太郎" in queue.text
    evaluation = await examine(browser, case)
    preview = await browser.get(
        f"/desk/cases/{case}/preview.pdf?evaluation={evaluation}", headers=OFFICER
    )
    assert preview.content.startswith(b"%PDF")
    data = {"evaluation": evaluation, "outcome": "granted", "reasons": ""}
    await browser.post(f"/desk/cases/{case}/decision", data=data, headers=OFFICER)
    await act(browser, case, "prepare_notice", ASSOCIATION)
    shown = await browser.get(f"/desk/cases/{case}", headers=ASSOCIATION)
    assert "見本・要確認" in shown.text
    await act(browser, case, "dispatch", ASSOCIATION)
    letter = await browser.get(f"/cases/{case}/letter.pdf", headers=PERSONS)
    page = await browser.get(f"/cases/{case}", headers=PERSONS)
    await deliver_due(full_house, SUBSCRIPTIONS)

    assert letter.content.startswith(b"%PDF")
    assert "認定と決定しました" in page.text
    assert "審査請求" in page.text
    purse = full_house.pay
    assert isinstance(purse, Purse)
    assert [(o.campaign, o.amount_yen, o.person_id) for o in purse.orders] == [
        ("birth_gift.244422", 50_000, PERSON)
    ]
    async with full_house.database.transaction() as conn:
        messages = await inbox_store.list_messages(conn, full_house.keyring, PERSON)
    assert {m.content.message for m in messages} == {
        "procedures.notes.letter", "procedures.notes.gift", "procedures.notes.received"
    }  # fmt: skip
    for message in messages:
        shown = await browser.get(f"/inbox/{message.id}", headers=PERSONS)
        assert shown.status_code == 200


async def test_association_staff_cannot_decide_over_http(browser: httpx.AsyncClient) -> None:
    case = await send(browser)
    evaluation = await examine(browser, case)
    page = await browser.get(f"/desk/cases/{case}", headers=ASSOCIATION)
    data = {"evaluation": evaluation, "outcome": "granted", "reasons": "x"}
    decided = await browser.post(f"/desk/cases/{case}/decision", data=data, headers=ASSOCIATION)
    acted = [
        await browser.post(
            f"/desk/cases/{case}/acts/{name}", data={"note": "x"}, headers=ASSOCIATION
        )
        for name in ("decide", "conclude", "return", "extend", "revoke")
    ]

    assert f'action="/desk/cases/{case}/decision"' not in page.text
    assert "決定できる方" in page.text
    assert decided.status_code == 403
    assert all(answer.status_code in (403, 404) for answer in acted)


async def test_a_refusal_without_reasons_comes_back(browser: httpx.AsyncClient) -> None:
    case = await send(browser, is_public_servant="yes")
    evaluation = await examine(browser, case)
    page = await browser.get(f"/desk/cases/{case}", headers=OFFICER)
    data = {"evaluation": evaluation, "outcome": "refused", "reasons": " "}
    answer = await browser.post(f"/desk/cases/{case}/decision", data=data, headers=OFFICER)
    assert "公務員の方の児童手当は、勤務先が認定するため。" in page.text
    assert answer.status_code == 422
    assert "理由を書いてください" in answer.text


async def test_register_and_form_stand_side_by_side_with_differences(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    case = await send(browser)
    await act(browser, case, "start_check", OFFICER)
    page = await browser.get(f"/desk/cases/{case}", headers=OFFICER)
    register = full_house.disclose
    assert isinstance(register, Register)
    assert (register.asked[-1].basis, register.asked[-1].basis_ref) == ("law", "child-allowance")
    assert page.text.count('class="differs"') == 0

    register.records = (register.records[0],)
    page = await browser.get(f"/desk/cases/{case}", headers=OFFICER)
    assert page.text.count('class="differs"') == 2


async def test_the_association_reads_the_register_under_its_entrustment(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    case = await send(browser)
    register = full_house.disclose
    assert isinstance(register, Register)
    await browser.get(f"/desk/cases/{case}", headers=ASSOCIATION)
    asked = register.asked[-1]
    assert (asked.basis, asked.purpose) == ("entrustment", "case-examination")
    assert asked.basis_ref


async def test_when_the_entrustment_ends_the_town_is_gone_at_once(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    case = await send(browser)
    async with full_house.database.transaction(full_house.region.town_codes) as conn:
        for row in await live_entrustments(conn, full_house.clock.today()):
            if row.town == "244422":
                await end_entrustment(conn, row.entrustment_id, full_house.clock.today())

    queue = await browser.get("/desk", headers=ASSOCIATION)
    page = await browser.get(f"/desk/cases/{case}", headers=ASSOCIATION)
    preview = await browser.get(
        f"/desk/cases/{case}/preview.pdf?evaluation={case}", headers=ASSOCIATION
    )
    assert preview.status_code == 404
    acted = await browser.post(f"/desk/cases/{case}/acts/start_check", headers=ASSOCIATION)

    assert "442-26" not in queue.text
    assert page.status_code == 404
    assert acted.status_code == 404


async def test_the_association_reads_no_name_of_a_procedure_that_was_not_entrusted(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    await send(browser)
    today = full_house.clock.today()
    async with full_house.database.transaction(full_house.region.town_codes) as conn:
        for row in await live_entrustments(conn, today):
            await end_entrustment(conn, row.entrustment_id, today)
        other = msgspec.structs.replace(
            row, entrustment_id="other", town="244422", procedures=("D4",), valid_from=today,
            valid_until=None,
        )  # fmt: skip
        await record_entrustment(conn, other)

    queue = await browser.get("/desk", headers=ASSOCIATION)
    officers = await browser.get("/desk", headers=OFFICER)

    assert queue.status_code == 200
    assert "442-26" not in queue.text
    assert "髙橋" not in queue.text
    assert "442-26" in officers.text
    async with full_house.database.transaction(full_house.region.town_codes) as conn:
        looks = await conn.fetch("SELECT actor_id FROM access.record WHERE subject_id = $1", PERSON)
    assert {row["actor_id"] for row in looks} == {ACTORS["officer"].id}


async def test_every_look_of_staff_is_on_record(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    case = await send(browser)
    await browser.get("/desk", headers=OFFICER)
    await browser.get("/desk", headers=OFFICER)
    await browser.get(f"/desk/cases/{case}", headers=OFFICER)
    async with full_house.database.transaction(full_house.region.town_codes) as conn:
        rows = await conn.fetch(
            "SELECT items, actor_id, basis FROM access.record WHERE subject_id = $1 ORDER BY at, entry_id",
            PERSON,
        )
    assert tuple(rows[0]["items"]) == ("case_number", "name")
    assert [tuple(row["items"]) for row in rows].count(("case_number", "name")) == 1
    assert ("application", "case_history", "evaluation") in [tuple(row["items"]) for row in rows]
    assert {row["actor_id"] for row in rows} == {ACTORS["officer"].id}


async def test_correction_and_withdrawal_over_http(browser: httpx.AsyncClient) -> None:
    case = await send(browser)
    await act(browser, case, "start_check", ASSOCIATION)
    empty = await browser.post(
        f"/desk/cases/{case}/acts/ask_correction", data={"note": ""}, headers=ASSOCIATION
    )
    assert empty.status_code == 422
    await act(browser, case, "ask_correction", ASSOCIATION, note="口座を確かめてください。")
    page = await browser.get(f"/cases/{case}", headers=PERSONS)
    form = await browser.get(f"/cases/{case}/correct", headers=PERSONS)
    assert "口座を確かめてください。" in page.text
    assert "口座を確かめてください。" in form.text
    data = {
        "reason": "birth", **day("event_date", "2026-11-15"), "applicant_name": "髙橋 太郎",
        "applicant_kana": "タカハシ タロウ", **day("applicant_birth_date", "1992-05-01"),
        "applicant_address": "明和町", "is_public_servant": "no", "pension": "national",
        "has_spouse": "no", "children-count": "1", "children-0-name": "髙橋 はな",
        **day("children-0-birth_date", "2026-11-15"), "children-0-relation": "child",
        "children-0-lives_together": "yes", "children-0-supported": "yes",
        "account_use": "registered", "note": "直しました",
    }  # fmt: skip
    assert location(await browser.post(f"/cases/{case}/correct", data=data, headers=PERSONS))
    assert (await browser.get(f"/cases/{case}/withdraw", headers=PERSONS)).status_code == 200
    await browser.post(f"/cases/{case}/withdraw", data={}, headers=PERSONS)
    page = await browser.get(f"/cases/{case}", headers=PERSONS)
    assert "取り下げられました" in page.text


async def test_a_name_the_font_lacks_stops_the_letter_by_name(browser: httpx.AsyncClient) -> None:
    await begin(browser)
    await fill_in(browser)
    data = {
        "applicant_name": "渡邉󠄏 太郎", "applicant_kana": "ワタナベ タロウ",
        **day("applicant_birth_date", "1992-05-01"), "applicant_address": "明和町", "go": "next",
    }  # fmt: skip
    await browser.post(f"{FORM}/applicant", data=data, headers=PERSONS)
    data = {"token": await token_of(browser), "agreed": "yes"}
    case = location(await browser.post("/procedures/C1/send", data=data, headers=PERSONS))
    case = case.split("/")[2].split("?")[0]
    evaluation = await examine(browser, case)
    data = {"evaluation": evaluation, "outcome": "granted", "reasons": ""}
    await browser.post(f"/desk/cases/{case}/decision", data=data, headers=OFFICER)
    stopped = await browser.post(
        f"/desk/cases/{case}/acts/prepare_notice", data={}, headers=OFFICER
    )
    assert stopped.status_code == 422
    assert "U+9089 U+E010F" in stopped.text
    assert await act(browser, case, "prepare_notice", OFFICER, plain_names="yes")


async def test_a_newborn_in_the_register_leads_to_an_offer(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    event = Event(
        name="registry.linked", key=str(PERSON),
        payload={"person_id": str(PERSON), "resident_id": str(PERSON), "town": "244422"},
    )  # fmt: skip
    async with full_house.database.transaction(full_house.region.town_codes) as conn:
        await jobs.watch_for_births(full_house, conn, event)
    assert await jobs.offer_procedures(full_house) == 1
    assert await jobs.offer_procedures(full_house) == 0
    register = full_house.disclose
    assert isinstance(register, Register)
    assert [set(asked.items) for asked in register.asked] == [{"relationship", "birth_on"}]

    items = await list_home_items(full_house, PERSON)
    page = await browser.get("/procedures/C1", headers=PERSONS)
    assert [item.href for item in items] == ["/procedures/C1"]
    assert "おめでとうございます" in page.text
    await send(browser)
    items = await list_home_items(full_house, PERSON)
    assert [item.message_id for item in items] == ["procedures.home.running"]


async def test_all_pages_speak_three_languages(browser: httpx.AsyncClient) -> None:
    case = await send(browser)
    await act(browser, case, "start_check", ASSOCIATION)
    for language in ("ja", "ja-x-yasashii", "en"):
        for path, who in (
            ("/procedures", PERSONS), ("/cases", PERSONS), (f"/cases/{case}", PERSONS),
            (f"/cases/{case}/withdraw", PERSONS), ("/desk", OFFICER), ("/inbox", PERSONS),
            (f"/desk/cases/{case}", OFFICER), ("/desk/print", ASSOCIATION),
        ):  # fmt: skip
            page = await browser.get(f"{path}?lang={language}", headers=who)
            assert page.status_code == 200, (path, language, page.text[:1500])
            assert "procedures." not in re.sub(r"<[^>]+>", "", page.text)


async def test_the_door_gets_a_persons_own_cases_and_nothing_of_a_stranger(
    browser: httpx.AsyncClient, full_house: House
) -> None:
    case = await send(browser)
    provider = CaseProvider()
    provider.open(full_house)
    (dataset,) = provider.datasets()
    towns = full_house.region.town_codes
    async with full_house.database.transaction(towns) as conn:
        await conn.execute(
            "INSERT INTO identity.person (person_id, state, user_handle, created_at) "
            "VALUES ($1, 'active', $2, now())",
            PERSON,
            bytes(64),
        )
        holder = await pairwise_id(conn, "procedures", PERSON)
        concerned = await dataset.concerned(conn, holder)
        stranger = await dataset.concerned(conn, "nobody")
    asked = ProvideRequest(
        holder=holder, keys=(str(PERSON),), items=("case_number", "evaluation"), towns=towns
    )
    rows = await dataset.provide(asked)

    assert [one.holder for one in concerned] == [True]
    assert stranger == []
    assert [dict(row.items) for row in rows] == [
        {"case_number": ["442-26-00001"], "evaluation": [None]}
    ]
    assert case


async def test_the_catalogue_is_open_to_machines(browser: httpx.AsyncClient) -> None:
    listed = (await browser.get("/api/procedures/v1/procedures")).json()
    one = (await browser.get("/api/procedures/v1/procedures/C1")).json()
    none = await browser.get("/api/procedures/v1/procedures/X9")

    assert listed["procedures"] == [one]
    assert one["authorities"]["245437"] == "town_mayor"
    assert one["gif_451_4"]["制度番号"] == "C1"
    assert none.status_code == 404
