"""One person, one program, the whole way: PAR, authorize, code, tokens, resource."""

from joserfc.jwk import ECKey

from mieone.blocks.identity.oauth.rules import jose

from . import given
from .given import Program


async def test_a_person_enters_and_the_program_knows_them_again(program: Program) -> None:
    answer = await program.answer(await program.pushed())
    tokens = (await program.redeem(answer["code"])).json()
    seen = await program.call(tokens["access_token"])

    assert (answer["state"], answer["iss"]) == ("a-state", given.ISSUER)
    assert (tokens["token_type"], tokens["expires_in"]) == ("DPoP", 300)
    assert seen.status_code == 200, seen.text
    keys = (await program.http.get("/oauth/jwks")).json()["keys"]
    signed = jose.read(tokens["id_token"])
    jose.check_signature(signed, ECKey.import_key(keys[0]))
    claims = jose.claims_of(signed)
    assert seen.json()["sub"] == claims["sub"]
    assert claims["nonce"] == "a-nonce"
    assert claims["at_hash"] == jose.half_hash(tokens["access_token"])
    assert not {"name", "birthdate", "address", "auth_time"} & claims.keys()
