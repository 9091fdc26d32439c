"""The browser's way: what may be loaded, who must sign in, what goes back to the client."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import pytest

from mieone.blocks.identity.oauth.rules import jose
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.ports import ConsentDetail, ConsentRequested, ConsentSettled
from mieone.core.problems import NotFound
from mieone.core.sessions import COOKIES, Acr
from mieone.core.settings import Entrance

from . import given
from .given import Program


async def test_a_plain_request_is_refused_with_a_page(program: Program) -> None:
    params = {k: v for k, v in program.request(client_id="nursery").items() if v is not None}
    response = await program.http.get("/oauth/authorize", params=params)

    assert response.status_code == 400
    assert "pushed_authorization_request_required" in response.text
    assert "location" not in response.headers


async def test_another_clients_request_is_refused(program: Program) -> None:
    response = await program.open(await program.pushed(), client_id="other")
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_a_request_may_be_loaded_again_until_it_is_used(program: Program) -> None:
    request_uri = await program.pushed()

    first = await program.open(request_uri)
    again = await program.open(request_uri)
    await program.answer(request_uri)
    used = await program.open(request_uri)

    assert (first.status_code, again.status_code, used.status_code) == (303, 303, 400)


async def test_a_request_is_loaded_in_time_or_never(program: Program, clock: FixedClock) -> None:
    request_uri = await program.pushed()
    clock.advance(timedelta(seconds=91))
    assert (await program.open(request_uri)).status_code == 400


async def test_a_slow_reader_is_let_finish(program: Program, clock: FixedClock) -> None:
    location = (await program.open(await program.pushed())).headers["location"]
    clock.advance(timedelta(minutes=20))
    assert (await program.http.get(urlsplit(location).path)).status_code == 200


async def test_the_authorization_endpoint_takes_a_post(program: Program) -> None:
    form = {"client_id": "nursery", "request_uri": await program.pushed()}
    response = await program.http.post("/oauth/authorize", data=form)
    assert response.status_code == 303


async def test_unknown_parameters_are_ignored(program: Program) -> None:
    answer = await program.answer(await program.pushed(extra="foobar", display="popup"))
    assert "code" in answer


@pytest.mark.parametrize("length", [64, 1000])
async def test_long_state_and_nonce_come_back_unchanged(program: Program, length: int) -> None:
    state, nonce = "s&=é" + "s" * length, "n" * length
    answer = await program.answer(await program.pushed(state=state, nonce=nonce))
    issued = (await program.redeem(answer["code"])).json()
    claims = jose.claims_of(jose.read(issued["id_token"]))
    assert (answer["state"], claims["nonce"]) == (state, nonce)


async def test_state_and_nonce_may_be_left_out(program: Program) -> None:
    answer = await program.answer(await program.pushed(state=None, nonce=None))
    issued = (await program.redeem(answer["code"])).json()
    assert "state" not in answer
    assert "nonce" not in jose.claims_of(jose.read(issued["id_token"]))


async def test_scopes_in_any_order(program: Program) -> None:
    issued = await program.tokens(scope="profile openid")
    assert set(issued["scope"].split()) == {"openid", "profile"}
    assert "id_token" in issued


async def test_who_is_not_signed_in_is_sent_to_the_door_and_comes_back(program: Program) -> None:
    program.http.cookies.delete(COOKIES[Entrance.PEOPLE])
    response = await program.walk(await program.pushed())

    target = urlsplit(response.headers["location"])
    assert target.path == "/sign-in"
    assert dict(parse_qsl(target.query))["return_to"].startswith("/enter/")


async def test_a_person_says_no(program: Program) -> None:
    request_uri = await program.pushed()
    location = (await program.open(request_uri)).headers["location"]
    response = await program.http.post(urlsplit(location).path, data={"answer": "refuse"})

    answer = dict(parse_qsl(urlsplit(response.headers["location"]).query))
    assert response.status_code == 303
    assert (answer["error"], answer["state"]) == ("access_denied", "a-state")
    assert answer["iss"] == given.ISSUER
    assert (await program.open(request_uri)).status_code == 400


async def test_the_second_time_nobody_asks_again(program: Program) -> None:
    await program.code()
    location = (await program.open(await program.pushed())).headers["location"]
    second = await program.http.get(urlsplit(location).path)
    assert second.headers["location"].startswith(given.CALLBACK)


async def test_prompt_consent_asks_again(program: Program) -> None:
    await program.code()
    location = (await program.open(await program.pushed(prompt="consent"))).headers["location"]
    assert (await program.http.get(urlsplit(location).path)).status_code == 200


async def test_prompt_none_shows_nothing(program: Program) -> None:
    before = await program.answer(await program.pushed(prompt="none"))
    await program.code()
    after = await program.answer(await program.pushed(prompt="none"))
    program.http.cookies.delete(COOKIES[Entrance.PEOPLE])
    gone = await program.answer(await program.pushed(prompt="none"))

    assert before["error"] == "consent_required"
    assert "code" in after
    assert gone["error"] == "login_required"


async def sign_in_page(program: Program, **changes: Any) -> dict[str, str] | None:
    response = await program.walk(await program.pushed(**changes))
    target = urlsplit(response.headers.get("location", ""))
    return dict(parse_qsl(target.query)) if target.path == "/sign-in" else None


async def test_prompt_login_and_max_age_ask_for_a_new_sign_in(
    program: Program, clock: FixedClock
) -> None:
    clock.advance(timedelta(seconds=30))
    assert (await sign_in_page(program, prompt="login") or {})["again"] == "1"
    assert await sign_in_page(program, max_age="1") is not None
    assert await sign_in_page(program, max_age="10000") is None


async def test_a_new_sign_in_satisfies_prompt_login_and_is_told(
    program: Program, house: House, clock: FixedClock, person_id: UUID
) -> None:
    clock.advance(timedelta(hours=1))
    request_uri = await program.pushed(prompt="login", max_age="0")
    assert "/sign-in" in (await program.walk(request_uri)).headers["location"]
    clock.advance(timedelta(seconds=20))
    await given.sign_in(house, program.http, person_id, Acr.PASSKEY)
    signed_in_at = int(program.now.timestamp())
    clock.advance(timedelta(seconds=20))
    issued = (await program.redeem((await program.answer(request_uri))["code"])).json()
    claims = jose.claims_of(jose.read(issued["id_token"]))
    assert claims["auth_time"] == signed_in_at
    assert claims["acr"] == "urn:mie:acr:passkey"


CARD_ESSENTIAL = json.dumps(
    {"id_token": {"acr": {"essential": True, "values": ["urn:mie:acr:card"]}}}
)


async def test_an_essential_level_is_reached_or_refused(
    program: Program, house: House, clock: FixedClock, person_id: UUID
) -> None:
    await given.sign_in(house, program.http, person_id, Acr.PASSKEY)
    request_uri = await program.pushed(claims=CARD_ESSENTIAL)
    first = await program.walk(request_uri)
    refused = await program.answer(request_uri)
    assert dict(parse_qsl(urlsplit(first.headers["location"]).query))["acr"] == "card"
    assert refused["error"] == "unmet_authentication_requirements"
    second = await program.pushed(claims=CARD_ESSENTIAL)
    await program.walk(second)
    await given.sign_in(house, program.http, person_id, Acr.CARD)
    issued = (await program.redeem((await program.answer(second))["code"])).json()
    assert jose.claims_of(jose.read(issued["id_token"]))["acr"] == "urn:mie:acr:card"


async def test_a_card_that_signed_long_ago_is_a_passkey(
    program: Program, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=16))
    page = await sign_in_page(program, acr_values="urn:mie:acr:card")
    assert page is not None
    assert page["acr"] == "card"


async def test_an_essential_level_nobody_knows_cannot_be_met(program: Program) -> None:
    claims = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:other:gold"}}})
    answer = await program.answer(await program.pushed(claims=claims))
    assert answer["error"] == "unmet_authentication_requirements"


async def test_a_hint_at_another_person_is_refused(program: Program, house: House) -> None:
    issued = await program.tokens()
    same = await program.answer(await program.pushed(id_token_hint=issued["id_token"]))
    other = await given.stored_person(house)
    await given.sign_in(house, program.http, other, Acr.CARD)
    another = await program.answer(await program.pushed(id_token_hint=issued["id_token"]))
    garbage = await program.answer(await program.pushed(id_token_hint="e30.e30.x"))

    assert "code" in same
    assert another["error"] == "login_required"
    assert garbage["error"] == "login_required"


class Gate:
    """A person who reads the sheet and decides; stands where block `consent` stands."""

    def __init__(self, granted: tuple[ConsentDetail, ...] | None) -> None:
        self.granted = granted
        self.asked: list[ConsentDetail] = []

    async def request(
        self, conn: Any, person: UUID, client: str, details: Any, back: str, decided: Any = None
    ) -> ConsentRequested | ConsentSettled:
        self.asked = list(details)
        if decided is None or self.granted is None:
            return ConsentRequested(url=f"{given.PEOPLE}/consent/request/1?back={back}")
        return ConsentSettled(granted=self.granted)


DETAILS = json.dumps(
    [
        {
            "type": "mieone_dataset",
            "dataset": "household",
            "version": 1,
            "items": ["name", "address"],
            "purpose": "booking",
        }
    ]
)


async def ask_for_data(
    program: Program, house: House, gate: Gate, scope: str = "openid"
) -> tuple[str, dict[str, str]]:
    house.consent_gate = gate
    request_uri = await program.pushed(authorization_details=DETAILS, scope=scope)
    first = await program.walk(request_uri)
    path = urlsplit((await program.open(request_uri)).headers["location"]).path
    back = await program.http.get(path, params={"consent_request": str(uuid4())})
    query = urlsplit(back.headers["location"]).query
    return first.headers["location"], dict(parse_qsl(query))


async def test_data_is_asked_for_on_the_consent_sheet_and_told_as_granted(
    program: Program, house: House
) -> None:
    detail = ConsentDetail(dataset="household@1", items=("name",), purpose="booking")
    gate = Gate((detail,))

    sheet, answer = await ask_for_data(program, house, gate)
    issued = (await program.redeem(answer["code"])).json()

    assert sheet.startswith(f"{given.PEOPLE}/consent/request/")
    assert gate.asked[0].items == ("name", "address")
    assert issued["authorization_details"][0]["items"] == ["name"]


async def test_data_that_is_refused_is_access_denied(program: Program, house: House) -> None:
    _sheet, answer = await ask_for_data(program, house, Gate(()))
    assert answer["error"] == "access_denied"


class StrangeGate(Gate):
    async def request(self, *_: Any, **__: Any) -> ConsentSettled:
        raise NotFound(what="purpose")


async def test_a_purpose_nobody_knows_is_told_to_the_client(program: Program, house: House) -> None:
    house.consent_gate = StrangeGate(None)
    answer = await program.answer(await program.pushed(authorization_details=DETAILS))
    assert answer["error"] == "invalid_authorization_details"


async def test_data_is_never_granted_silently(program: Program, house: House) -> None:
    await program.code()
    house.consent_gate = Gate(None)
    silent = await program.answer(
        await program.pushed(authorization_details=DETAILS, prompt="none")
    )
    assert silent["error"] == "consent_required"


async def test_without_a_consent_block_nothing_personal_is_granted(program: Program) -> None:
    answer = await program.answer(await program.pushed(authorization_details=DETAILS))
    assert answer["error"] == "access_denied"
