"""Posts, entrustments and the desk's door."""

import argparse
import json
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.identity.staff import actions, commands, jobs, rules, sample, store
from mieone.blocks.identity.staff.model import (
    Entrustment,
    Organisation,
    OrganisationKind,
    StaffRole,
)
from mieone.blocks.identity.staff.problems import RoleDoesNotFit
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.model import ActorKind, TownCode
from mieone.core.problems import NotSignedIn
from mieone.core.settings import Profile

from . import given
from .given import Authenticator

ASSOCIATION = "association"
TOWNS = [TownCode("244414"), TownCode("244422"), TownCode("244431")]
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@st.composite
def entrustments(draw: st.DrawFn) -> Entrustment:
    begun = draw(days)
    return Entrustment(
        entrustment_id="e",
        town=draw(st.sampled_from(TOWNS)),
        organisation_id=draw(st.sampled_from([ASSOCIATION, "other"])),
        acts=("prepare",),
        procedures=("*",),
        basis="見本",
        is_confirmed=False,
        valid_from=begun,
        valid_until=draw(st.none() | st.just(begun + timedelta(days=30))),
    )


@for_all(rows=st.lists(entrustments(), max_size=6), on=days)
def test_the_association_sees_what_is_entrusted_that_day_and_nothing_else(
    rows: list[Entrustment], on: date
) -> None:
    association = Organisation(
        organisation_id=ASSOCIATION, kind=OrganisationKind.ASSOCIATION, name="見本"
    )
    seen = rules.decide_towns(association, rows, on)
    for town in TOWNS:
        live = [
            row
            for row in rows
            if row.town == town
            and row.organisation_id == ASSOCIATION
            and row.valid_from <= on
            and (row.valid_until is None or on < row.valid_until)
        ]
        assert (town in seen) == bool(live)


@for_all(rows=st.lists(entrustments(), max_size=6), on=days)
def test_a_town_sees_itself_whatever_is_entrusted(rows: list[Entrustment], on: date) -> None:
    hall = Organisation(
        organisation_id="hall", kind=OrganisationKind.TOWN, name="見本", seat_town=TOWNS[0]
    )
    assert rules.decide_towns(hall, rows, on) == {TOWNS[0]}


@for_all(stored=st.integers(0, 5), shown=st.integers(0, 5))
def test_a_counter_must_grow_unless_there_is_none(stored: int, shown: int) -> None:
    assert rules.is_copied(stored, shown) == (shown <= stored and (stored, shown) != (0, 0))


async def test_no_entrustment_can_hand_over_deciding(house: House) -> None:
    row = (await _live(house))[0]
    row = Entrustment(**{**_fields(row), "entrustment_id": "x", "acts": ("decide",)})
    with pytest.raises(Exception, match="nobody_else_decides"):
        async with house.database.transaction(house.region.town_codes) as conn:
            await store.record_entrustment(conn, row)


def _fields(row: Entrustment) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


async def _live(house: House) -> list[Entrustment]:
    async with house.database.transaction(house.region.town_codes) as conn:
        return await actions.live_entrustments(conn, house.clock.today())


async def test_all_six_towns_are_entrusted_and_marked_unconfirmed(house: House) -> None:
    rows = await _live(house)
    assert {row.town for row in rows} == house.region.town_codes
    assert not any(row.is_confirmed for row in rows)
    assert rows[0].covers("prepare", "any-procedure")
    assert not rows[0].covers("decide", "any-procedure")


async def test_entrustments_of_a_town_out_of_scope_are_not_seen(house: House) -> None:
    async with house.database.transaction([TOWNS[0]]) as conn:
        rows = await actions.live_entrustments(conn, house.clock.today())
    assert {row.town for row in rows} == {TOWNS[0]}


async def test_the_sample_can_be_loaded_twice(house: House) -> None:
    await sample.load_sample_posts(house)
    async with house.database.transaction() as conn:
        posts = await store.list_sample_posts(conn)
    assert len(posts) == 15
    assert all(post.name.startswith("見本") for post in posts)


async def test_a_town_has_no_association_post(house: House) -> None:
    with pytest.raises(RoleDoesNotFit):
        async with house.database.transaction() as conn:
            await actions.open_post(conn, house, "town-244414", StaffRole.ASSOCIATION, "見本")


async def who(http: httpx.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await http.get("/desk/who")).json()
    return answer


def post_id(organisation: str, role: StaffRole, name: str) -> str:
    return str(sample.sample_post_id(organisation, role, name))


OFFICER = post_id("town-244422", StaffRole.TOWN_OFFICER, "見本 職員A")
STAFF = post_id("association", StaffRole.ASSOCIATION, "見本 広域職員A")


async def test_a_sample_officer_comes_in_for_trying_out(http: httpx.AsyncClient) -> None:
    page = await http.get("/desk/sign-in")
    response = await http.post("/desk/sign-in/sample", data={"post": OFFICER, "return_to": "/desk"})
    assert OFFICER in page.text
    assert (response.status_code, response.headers["location"]) == (303, "/desk")
    assert await who(http) == {"id": OFFICER, "kind": "town_officer", "towns": ["244422"]}


async def test_there_are_no_sample_officers_in_production(
    http: httpx.AsyncClient, house: House
) -> None:
    house.settings = type(house.settings)(
        profile=Profile.PRODUCTION,
        home=house.settings.home,
        region_dir=house.settings.region_dir,
    )
    page = await http.get("/desk/sign-in")
    sample_try = await http.post("/desk/sign-in/sample", data={"post": OFFICER})
    code_try = await http.post("/desk/sign-in/code", data={"code": "x"})
    assert OFFICER not in page.text
    assert (sample_try.status_code, code_try.status_code) == (404, 404)
    assert await who(http) == {}


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/desk//evil", "/desk\\evil", "/my", ""]
)
async def test_nobody_is_sent_away_after_signing_in(http: httpx.AsyncClient, target: str) -> None:
    form = {"post": OFFICER, "return_to": target}
    response = await http.post("/desk/sign-in/sample", data=form)
    assert response.headers["location"] == "/desk"


async def test_an_entrustment_that_ends_ends_what_was_seen_through_it(
    http: httpx.AsyncClient, house: House
) -> None:
    await http.post("/desk/sign-in/sample", data={"post": STAFF, "return_to": "/desk"})
    before = await who(http)
    quiet = await jobs.end_outdated_sessions(house)
    tomorrow = house.clock.today() + timedelta(days=1)
    async with house.database.transaction(house.region.town_codes) as conn:
        await store.end_entrustment(conn, "preparation-2026-244422", tomorrow)
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(timedelta(days=1, hours=-4))
    same_day = await jobs.end_outdated_sessions(house)
    house.clock.advance(timedelta(hours=5))
    await http.post("/desk/sign-in/sample", data={"post": STAFF, "return_to": "/desk"})

    assert len(before["towns"]) == 6
    assert (quiet, same_day) == (0, 1)
    assert len((await who(http))["towns"]) == 5


async def test_the_post_of_an_actor_says_who_they_are(house: House) -> None:
    head = sample.sample_post_id("town-244414", StaffRole.AUTHORITY_HEAD, "見本 決裁者")
    async with house.database.transaction(house.region.town_codes) as conn:
        actor = await actions.staff_actor(conn, head, house.clock.today())
    assert (actor.kind, actor.towns) == (ActorKind.AUTHORITY_HEAD, {TownCode("244414")})
    assert actor.organisation == "town-244414"


async def test_the_desk_looks_anew_at_what_is_entrusted(house: House) -> None:
    staff = sample.sample_post_id("association", StaffRole.ASSOCIATION, "見本 広域職員A")
    async with house.database.transaction(house.region.town_codes) as conn:
        before = await actions.staff_actor(conn, staff, house.clock.today())
        await store.end_entrustment(conn, "preparation-2026-244422", house.clock.today())
    after = await actions.current_actor(house, before)
    async with house.database.transaction() as conn:
        await actions.end_post(conn, house, staff)
    assert before.towns - after.towns == {TownCode("244422")}
    with pytest.raises(NotSignedIn):
        await actions.current_actor(house, before)


def parsed(command: Any, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return parser.parse_args(words)


async def added(house: House, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    add = next(c for c in commands.COMMANDS if (c.noun, c.verb) == ("officer", "add"))
    assert await add.run(house, parsed(add, *words)) == 0
    printed: dict[str, str] = json.loads(capsys.readouterr().out)
    return printed


async def test_officer_add_prints_a_code_that_signs_in(
    http: httpx.AsyncClient, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = await added(house, capsys, "244414", "見本 試験職員")
    form = {"code": printed["trial_code"], "return_to": "/desk"}
    first = await http.post("/desk/sign-in/code", data=form)
    again = await http.post("/desk/sign-in/code", data=form)
    wrong = await http.post("/desk/sign-in/code", data={"code": "wrong"})

    assert (first.status_code, again.status_code, wrong.status_code) == (303, 303, 403)
    assert (await who(http))["towns"] == ["244414"]


async def enrol(
    http: httpx.AsyncClient, code: str, key: Authenticator, **how: Any
) -> httpx.Response:
    page = await http.get("/desk/enrol", params={"code": code})
    credential = key.register(given.options_of(page), **how)
    form = {"ceremony": given.ceremony_of(page), "credential": credential}
    return await http.post("/desk/enrol", data=form)


async def come_in(http: httpx.AsyncClient, key: Authenticator, **how: Any) -> httpx.Response:
    page = await http.get("/desk/sign-in")
    credential = key.sign_in(given.options_of(page), **how)
    form = {"ceremony": given.ceremony_of(page), "credential": credential, "return_to": "/desk"}
    return await http.post("/desk/sign-in", data=form)


async def test_a_code_becomes_a_passkey_and_the_passkey_opens_the_desk(
    http: httpx.AsyncClient, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    key = Authenticator()
    printed = await added(house, capsys, "244431", "見本 新任", "--role", "head")
    enrolled = await enrol(http, printed["enrolment_code"], key)
    after_enrolment = await who(http)
    await http.post("/desk/sign-out")
    outside = await who(http)
    entered = await come_in(http, key)
    spent = await http.get("/desk/enrol", params={"code": printed["enrolment_code"]})

    assert (enrolled.status_code, entered.status_code) == (303, 303)
    assert outside == {}
    assert after_enrolment == await who(http)
    assert after_enrolment["kind"] == "authority_head"
    assert spent.status_code == 403


@pytest.mark.parametrize(
    "how", [{"origin": "https://evil.example"}, {"flags": 0x01}, {"flags": 0x04}]
)
async def test_wrong_origin_or_no_verified_user_opens_nothing(
    http: httpx.AsyncClient, house: House, capsys: pytest.CaptureFixture[str], how: dict[str, Any]
) -> None:
    key = Authenticator()
    printed = await added(house, capsys, "244431", "見本 新任")
    await enrol(http, printed["enrolment_code"], key)
    await http.post("/desk/sign-out")
    refused = await come_in(http, key, **how)
    assert refused.status_code == 403
    assert await who(http) == {}


async def test_a_challenge_counts_once_and_a_stranger_not_at_all(
    http: httpx.AsyncClient, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    key = Authenticator()
    printed = await added(house, capsys, "244431", "見本 新任")
    await enrol(http, printed["enrolment_code"], key)
    page = await http.get("/desk/sign-in")
    form = {
        "ceremony": given.ceremony_of(page),
        "credential": key.sign_in(given.options_of(page)),
    }
    first = await http.post("/desk/sign-in", data=form)
    again = await http.post("/desk/sign-in", data=form)
    stranger = await come_in(http, Authenticator())
    garbage = await http.post("/desk/sign-in", data={**form, "credential": "{}"})

    assert first.status_code == 303
    assert [r.status_code for r in (again, stranger, garbage)] == [403, 403, 403]


async def test_a_counter_that_goes_back_stops_the_passkey(
    http: httpx.AsyncClient, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    key = Authenticator()
    printed = await added(house, capsys, "244431", "見本 新任")
    await enrol(http, printed["enrolment_code"], key)
    key.count = 0
    copied = await come_in(http, key)
    key.count = 100
    stopped = await come_in(http, key)
    assert (copied.status_code, stopped.status_code) == (403, 403)


async def test_a_closed_post_is_out_at_once(http: httpx.AsyncClient, house: House) -> None:
    await http.post("/desk/sign-in/sample", data={"post": OFFICER})
    async with house.database.transaction() as conn:
        await actions.end_post(
            conn, house, sample.sample_post_id("town-244422", StaffRole.TOWN_OFFICER, "見本 職員A")
        )
    again = await http.post("/desk/sign-in/sample", data={"post": OFFICER})
    assert await who(http) == {}
    assert again.status_code == 404
