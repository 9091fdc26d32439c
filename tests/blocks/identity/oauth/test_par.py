"""Pushing a request: what the endpoint takes, and every way it says no."""

from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from mieone.core.clock import FixedClock
from mieone.core.house import House

from . import given
from .given import Program


async def test_a_request_is_pushed_and_bound_to_its_client(program: Program) -> None:
    response = await program.push()

    assert response.status_code == 201
    assert response.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 0 < response.json()["expires_in"] < 600
    assert response.headers["cache-control"] == "no-store"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no response_type": ({"response_type": None}, "invalid_request"),
    "response_type token": ({"response_type": "token"}, "unsupported_response_type"),
    "code id_token": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "form_post": ({"response_mode": "form_post"}, "invalid_request"),
    "no PKCE": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "no method": ({"code_challenge_method": None}, "invalid_request"),
    "plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "odd challenge": ({"code_challenge": "abc"}, "invalid_request"),
    "request_uri": ({"request_uri": "urn:x"}, "invalid_request"),
    "request object": ({"request": "e30.e30."}, "request_not_supported"),
    "other redirect": ({"redirect_uri": given.CALLBACK + "/x"}, "invalid_request"),
    "no redirect": ({"redirect_uri": None}, "invalid_request"),
    "unknown scope": ({"scope": "openid admin"}, "invalid_scope"),
    "unknown prompt": ({"prompt": "dance"}, "invalid_request"),
    "none and login": ({"prompt": "none login"}, "invalid_request"),
    "max_age text": ({"max_age": "soon"}, "invalid_request"),
    "claims no JSON": ({"claims": "{"}, "invalid_request"),
    "claims a list": ({"claims": "[]"}, "invalid_request"),
    "details no JSON": ({"authorization_details": "{"}, "invalid_authorization_details"),
    "details of a stranger's type": (
        {"authorization_details": '[{"type":"payment"}]'},
        "invalid_authorization_details",
    ),
    "dataset not registered": (
        {"scope": "openid dataset:income@1 purpose:booking"},
        "invalid_authorization_details",
    ),
    "dataset without purpose": ({"scope": "openid dataset:household@1"}, "invalid_scope"),
    "dpop_jkt of another key": ({"dpop_jkt": "x" * 43, "proofs": None}, "invalid_dpop_proof"),
    "endless state": ({"state": "x" * 5000}, "invalid_request"),
    "secret": ({"client_secret": "hunter2"}, "invalid_client"),
    "assertion type": ({"client_assertion_type": "other"}, "invalid_client"),
    "client_id of another": ({"client_id": "other"}, "invalid_client"),
}


@pytest.mark.parametrize(("changes", "error"), REFUSED.values(), ids=REFUSED)
async def test_a_wrong_request_is_refused(
    program: Program, changes: dict[str, Any], error: str
) -> None:
    response = await program.push(**changes)

    assert response.status_code == (401 if error == "invalid_client" else 400), response.text
    assert response.json()["error"] == error


async def test_a_doubled_parameter_is_refused(program: Program) -> None:
    content = "scope=openid&scope=openid"
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    response = await program.http.post("/oauth/par", content=content, headers=form)

    assert response.json()["error"] == "invalid_request"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_verbs_are_not_allowed(program: Program, method: str) -> None:
    response = await program.http.request(method, "/oauth/par")
    assert response.status_code == 405


async def test_json_is_no_form(program: Program) -> None:
    response = await program.http.post("/oauth/par", json={"client_id": "nursery"})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [given.ISSUER]},
        {"aud": given.ISSUER + "/oauth/par"},
        {"aud": given.ISSUER + "/oauth/token"},
        {"sub": None},
        {"exp": 1},
        {"header": {"kid": "unknown"}},
    ],
    ids=["aud list", "aud PAR", "aud token", "no sub", "expired", "other kid"],
)
async def test_a_wrong_assertion_is_an_unknown_client(
    program: Program, changes: dict[str, Any]
) -> None:
    response = await program.push(assertion=program.assertion(**changes))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_rs256_is_refused(program: Program) -> None:
    key = RSAKey.generate_key(2048)
    parts = given.assertion(key, "nursery", program.now, {"alg": "PS256"}).split(".")
    forged = ".".join([given.b64({"alg": "RS256"}), parts[1], parts[2]])

    response = await program.push(assertion=forged)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_counts_once(program: Program) -> None:
    shown = program.assertion()

    first = await program.push(assertion=shown)
    again = await program.push(assertion=shown)

    assert (first.status_code, again.status_code) == (201, 401)
    assert again.json()["error_description"] == "assertion_jti_replayed"


async def test_an_assertion_spent_on_a_refused_request_is_spent(program: Program) -> None:
    shown = program.assertion()

    await program.push(assertion=shown, scope="admin")
    again = await program.push(assertion=shown)

    assert again.json()["error_description"] == "assertion_jti_replayed"


async def test_eight_seconds_ahead_are_fine(program: Program) -> None:
    ahead = int((program.now + timedelta(seconds=8)).timestamp())
    response = await program.push(assertion=program.assertion(iat=ahead, nbf=ahead))
    assert response.status_code == 201


async def test_a_suspended_client_is_nobody(program: Program, house: House) -> None:
    async with house.database.transaction() as conn:
        await conn.execute("UPDATE identity.client SET state = 'suspended'")
    response = await program.push()
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_a_client_that_must_use_nonces_is_given_one(
    program: Program, house: House, clock: FixedClock
) -> None:
    async with house.database.transaction() as conn:
        await conn.execute("UPDATE identity.client SET dpop_nonce_required = TRUE")
    first = await program.push(proofs=[program.proof("/oauth/par")])
    nonce = first.headers["dpop-nonce"]
    second = await program.push(proofs=[program.proof("/oauth/par", nonce=nonce)])
    clock.advance(timedelta(minutes=10))
    late = await program.push(proofs=[program.proof("/oauth/par", nonce=nonce)])

    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    assert second.status_code == 201
    assert late.json()["error"] == "use_dpop_nonce"
    assert late.headers["dpop-nonce"] != nonce
