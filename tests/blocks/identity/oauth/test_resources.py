"""Machine entrances: a token counts only with its key, its scheme, its proof, every time."""

from datetime import timedelta
from typing import Any

import pytest

from mieone.blocks.identity.oauth.callers import check_step_up
from mieone.blocks.identity.oauth.model import Caller
from mieone.blocks.identity.oauth.problems import CallerMustStepUp
from mieone.blocks.identity.oauth.rules import jose
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.sessions import Acr

from . import given
from .given import ISSUER, Program

WHOAMI = ISSUER + "/api/identity/v1/whoami"


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "dPoP"])
async def test_the_schemes_name_has_no_case(program: Program, scheme: str) -> None:
    token = (await program.tokens())["access_token"]
    assert (await program.call(token, scheme=scheme)).status_code == 200


async def test_bearer_use_of_a_bound_token_is_refused(program: Program) -> None:
    token = (await program.tokens())["access_token"]
    response = await program.call(token, scheme="Bearer")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("DPoP ")


async def test_without_a_token_the_challenge_names_no_error(program: Program) -> None:
    response = await program.http.get("/api/identity/v1/whoami")
    challenge = response.headers["www-authenticate"]
    assert response.status_code == 401
    assert challenge.startswith('DPoP algs="ES256')
    assert "error" not in challenge


REFUSED: dict[str, dict[str, Any]] = {
    "no ath": {"ath": None},
    "wrong ath": {"ath": jose.s256("other")},
    "wrong htm": {"htm": "POST"},
    "wrong htu": {"htu": ISSUER + "/api/identity/v1/other"},
    "no htu": {"htu": None},
    "no jti": {"jti": None},
    "an hour old": {"iat": 1},
    "stale nonce": {"nonce": "old"},
    "no typ": {"header": {"typ": None}},
    "another key": {"header": {"jwk": given.ec_key().as_dict(private=False)}},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
async def test_a_wrong_proof_is_refused(program: Program, changes: dict[str, Any]) -> None:
    token = (await program.tokens())["access_token"]
    response = await program.call(token, **changes)
    assert response.status_code == 401
    assert 'error="' in response.headers["www-authenticate"]


async def test_a_stale_nonce_is_answered_with_a_fresh_one(program: Program) -> None:
    token = (await program.tokens())["access_token"]
    first = await program.call(token, nonce="old")
    second = await program.call(token, nonce=first.headers["dpop-nonce"])
    assert 'error="use_dpop_nonce"' in first.headers["www-authenticate"]
    assert second.status_code == 200


async def test_no_proof_and_two_proofs_are_refused(program: Program) -> None:
    token = (await program.tokens())["access_token"]
    ath = jose.s256(token)
    two = [program.proof("/api/identity/v1/whoami", method="GET", ath=ath) for _ in range(2)]
    for proofs in ([], two):
        assert (await program.call(token, proofs=proofs)).status_code == 401


async def test_a_proof_counts_once(program: Program) -> None:
    token = (await program.tokens())["access_token"]
    shown = [program.proof("/api/identity/v1/whoami", method="GET", ath=jose.s256(token))]
    first = await program.call(token, proofs=shown)
    again = await program.call(token, proofs=shown)
    assert (first.status_code, again.status_code) == (200, 401)


async def test_a_stolen_token_without_its_key_is_worth_nothing(program: Program) -> None:
    token = (await program.tokens())["access_token"]
    foreign = given.proof(given.ec_key(), WHOAMI, program.now, "GET", ath=jose.s256(token))
    assert (await program.call(token, proofs=[foreign])).status_code == 401


async def test_a_token_lives_five_minutes(program: Program, clock: FixedClock) -> None:
    token = (await program.tokens())["access_token"]
    clock.advance(timedelta(seconds=299))
    assert (await program.call(token)).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert (await program.call(token)).status_code == 401


async def test_a_refresh_token_is_no_access_token(program: Program) -> None:
    issued = await program.tokens(scope="openid offline_access")
    assert (await program.call(issued["refresh_token"])).status_code == 401


async def test_a_service_may_ask_for_a_stronger_sign_in(house: House) -> None:
    caller = Caller(
        client_id="nursery",
        organisation_id="vison",
        sector="s",
        scopes=frozenset(),
        acr=Acr.PASSKEY,
        authenticated_at=house.clock.now() - timedelta(minutes=5),
    )
    check_step_up(caller, Acr.PASSKEY, timedelta(minutes=5), house)
    for wanted, age in [(Acr.CARD, None), (Acr.PASSKEY, timedelta(minutes=1))]:
        with pytest.raises(CallerMustStepUp) as refused:
            check_step_up(caller, wanted, age, house)
        challenge = refused.value.headers["WWW-Authenticate"]
        assert 'error="insufficient_user_authentication"' in challenge
        assert f'acr_values="urn:mie:acr:{wanted.value}"' in challenge


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_userinfo_names_the_person_by_sub_alone(program: Program, method: str) -> None:
    issued = await program.tokens(scope="openid profile address")
    token = issued["access_token"]
    shown = program.proof("/oauth/userinfo", method=method, ath=jose.s256(token))
    headers = {"Authorization": f"DPoP {token}", "DPoP": shown}
    response = await program.http.request(method, "/oauth/userinfo", headers=headers)
    claims = jose.claims_of(jose.read(issued["id_token"]))
    assert response.json() == {"sub": claims["sub"]}


async def test_userinfo_needs_openid(program: Program) -> None:
    issued = (await program.post("/oauth/token", {"grant_type": "client_credentials"})).json()
    response = await program.call(issued["access_token"], "/oauth/userinfo")
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
