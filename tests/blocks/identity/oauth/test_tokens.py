"""The token endpoint: codes, proofs, refresh tokens, a client's own name."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from mieone.blocks.identity.oauth.actions import registering
from mieone.blocks.identity.oauth.rules import jose
from mieone.core.clock import FixedClock
from mieone.core.house import House

from . import given
from .given import ISSUER, Program


async def test_a_code_counts_once_and_its_reuse_kills_what_came_of_it(program: Program) -> None:
    code = await program.code(scope="openid offline_access")
    first = await program.redeem(code)
    again = await program.redeem(code)
    seen = await program.call(first.json()["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    refreshed = await program.post("/oauth/token", form)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert seen.status_code == 401
    assert refreshed.json()["error"] == "invalid_grant"


async def test_of_two_at_the_same_time_one_wins(racing_program: Program) -> None:
    program = racing_program
    code = await program.code()
    both = await asyncio.gather(program.redeem(code), program.redeem(code))
    assert sorted(response.status_code for response in both) == [200, 400]


async def test_a_code_dies_after_a_minute(program: Program, clock: FixedClock) -> None:
    code = await program.code()
    clock.advance(timedelta(seconds=60))
    assert (await program.redeem(code)).json()["error"] == "invalid_grant"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "wrong verifier": ({"code_verifier": "x" * 43}, "invalid_grant"),
    "no verifier": ({"code_verifier": None}, "invalid_grant"),
    "other redirect": ({"redirect_uri": given.GOODBYE}, "invalid_grant"),
    "no redirect": ({"redirect_uri": None}, "invalid_grant"),
    "no code": ({"code": None}, "invalid_grant"),
    "unknown code": ({"code": "abc"}, "invalid_grant"),
    "no grant type": ({"grant_type": None}, "invalid_request"),
    "password": ({"grant_type": "password"}, "unsupported_grant_type"),
    "no proof": ({"proofs": []}, "invalid_dpop_proof"),
    "garbage proof": ({"proofs": ["a.b.c"]}, "invalid_dpop_proof"),
}


@pytest.mark.parametrize(("changes", "error"), REFUSED.values(), ids=REFUSED)
async def test_a_wrong_exchange_is_refused_and_the_code_stays_good(
    program: Program, changes: dict[str, Any], error: str
) -> None:
    code = await program.code()
    refused = await program.redeem(code, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert (await program.redeem(code)).status_code == 200


async def test_two_proofs_are_refused(program: Program) -> None:
    both = [program.proof("/oauth/token"), program.proof("/oauth/token")]
    response = await program.redeem(await program.code(), proofs=both)
    assert response.json()["error"] == "invalid_dpop_proof"


async def test_a_proof_counts_once(program: Program) -> None:
    shown = program.proof("/oauth/token")
    form = {"grant_type": "client_credentials"}
    first = await program.post("/oauth/token", form, [shown])
    again = await program.post("/oauth/token", form, [shown])
    assert first.status_code == 200
    assert again.json()["error_description"] == "dpop_jti_replayed"


async def test_of_ten_equal_proofs_at_the_same_time_one_counts(racing_program: Program) -> None:
    program = racing_program
    token = (await program.tokens())["access_token"]
    shown = [program.proof("/api/identity/v1/whoami", method="GET", ath=jose.s256(token))]
    all_ten = await asyncio.gather(*(program.call(token, proofs=shown) for _ in range(10)))
    assert sorted(response.status_code for response in all_ten) == [200] + [401] * 9


async def test_a_code_is_bound_to_its_client(program: Program, house: House) -> None:
    code = await program.code()
    other, key = await given.stored_client(
        house, client_id="other", organisation_id="other", redirect_uris=("https://o.example/cb",)
    )
    thief = Program(house, program.http, other, key)
    assert (await thief.redeem(code)).json()["error"] == "invalid_grant"
    assert (await program.redeem(code)).status_code == 200


@pytest.mark.parametrize("how", ["dpop_jkt", "proof"])
async def test_a_code_bound_to_a_key_needs_that_key(program: Program, how: str) -> None:
    jkt = program.dpop_key.thumbprint()
    bound = {"dpop_jkt": jkt} if how == "dpop_jkt" else {"proofs": [program.proof("/oauth/par")]}
    code = await program.code(**bound)
    foreign = given.proof(given.ec_key(), ISSUER + "/oauth/token", program.now)
    refused = await program.redeem(code, proofs=[foreign])
    assert refused.json()["error"] == "invalid_dpop_proof"
    assert (await program.redeem(code)).status_code == 200


@pytest.mark.parametrize("seconds", [-10, 10])
async def test_ten_seconds_before_and_after_are_fine(program: Program, seconds: int) -> None:
    at = int((program.now + timedelta(seconds=seconds)).timestamp())
    shown = [program.proof("/oauth/token", iat=at)]
    assert (await program.redeem(await program.code(), proofs=shown)).status_code == 200


async def test_a_refresh_token_stays_the_same_and_is_bound(
    program: Program, clock: FixedClock
) -> None:
    issued = await program.tokens(scope="openid offline_access profile")
    form = {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    clock.advance(timedelta(minutes=6))
    first = await program.post("/oauth/token", form)
    again = await program.post("/oauth/token", {**form, "scope": "openid"})
    wider = await program.post("/oauth/token", {**form, "scope": "openid email"})
    foreign = given.proof(given.ec_key(), ISSUER + "/oauth/token", program.now)
    stolen = await program.post("/oauth/token", form, [foreign])

    assert (first.status_code, again.status_code) == (200, 200)
    assert "refresh_token" not in first.json()
    assert again.json()["scope"] == "openid"
    assert wider.json()["error"] == "invalid_scope"
    assert stolen.json()["error"] == "invalid_dpop_proof"
    assert (await program.call(first.json()["access_token"])).status_code == 200


async def test_no_refresh_token_unless_asked(program: Program) -> None:
    assert "refresh_token" not in await program.tokens()


async def test_a_client_speaks_in_its_own_name(program: Program) -> None:
    issued = (await program.post("/oauth/token", {"grant_type": "client_credentials"})).json()
    seen = await program.call(issued["access_token"])
    assert "id_token" not in issued
    assert (seen.json()["client"], seen.json()["sub"]) == ("nursery", None)
    assert "openid" not in seen.json()["scopes"]


async def test_what_is_taken_back_dies_with_the_next_request(
    program: Program, house: House, person_id: UUID
) -> None:
    issued = await program.tokens(scope="openid offline_access")
    before = await program.call(issued["access_token"])
    async with house.database.transaction() as conn:
        await registering.raise_epoch(conn, person_id, "nursery")
    after = await program.call(issued["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    refreshed = await program.post("/oauth/token", form)

    assert (before.status_code, after.status_code) == (200, 401)
    assert refreshed.json()["error"] == "invalid_grant"
    assert (await program.tokens())["access_token"]


async def test_between_code_and_tokens_a_withdrawal_counts_too(
    program: Program, house: House, person_id: UUID
) -> None:
    code = await program.code()
    async with house.database.transaction() as conn:
        await registering.raise_epoch(conn, person_id, "nursery")
    assert (await program.redeem(code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identity.person SET state = 'suspended'",
        "UPDATE identity.client SET state = 'closed'",
    ],
)
async def test_a_suspended_person_and_a_closed_client_have_no_tokens(
    program: Program, house: House, statement: str
) -> None:
    issued = await program.tokens()
    async with house.database.transaction() as conn:
        await conn.execute(statement)
    assert (await program.call(issued["access_token"])).status_code == 401


async def test_introspection_tells_a_client_of_its_own_tokens_only(
    program: Program, house: House
) -> None:
    token = (await program.tokens())["access_token"]
    own = (await program.post("/oauth/introspect", {"token": token}, [])).json()
    other, key = await given.stored_client(
        house, client_id="other", organisation_id="other", redirect_uris=("https://o.example/cb",)
    )
    stranger = Program(house, program.http, other, key)
    foreign = (await stranger.post("/oauth/introspect", {"token": token}, [])).json()
    nobody = await program.http.post("/oauth/introspect", data={"token": token})

    assert own["active"] is True
    assert own["cnf"] == {"jkt": program.dpop_key.thumbprint()}
    assert foreign == {"active": False}
    assert nobody.status_code == 401


async def test_a_token_given_back_is_dead(program: Program) -> None:
    issued = await program.tokens(scope="openid offline_access")
    refresh = {"token": issued["refresh_token"]}
    unknown = await program.post("/oauth/revoke", {"token": "abc"}, [])
    response = await program.post("/oauth/revoke", refresh, [])
    assert (unknown.status_code, response.status_code) == (200, 200)
    assert (await program.call(issued["access_token"])).status_code == 401


async def test_nothing_that_opens_something_is_stored(program: Program, house: House) -> None:
    code = await program.code(scope="openid offline_access")
    issued = (await program.redeem(code)).json()
    async with house.database.transaction() as conn:
        rows = await conn.fetch(
            "SELECT t::text AS row FROM identity.token AS t UNION ALL "
            "SELECT c::text FROM identity.code AS c UNION ALL "
            "SELECT p::text FROM identity.pushed_request AS p"
        )
    dump = "\n".join(row["row"] for row in rows)
    assert not [v for v in (code, issued["access_token"], issued["refresh_token"]) if v in dump]
