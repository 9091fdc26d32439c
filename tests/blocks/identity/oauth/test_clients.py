"""Clients, keys, discovery, and identifiers that nobody can join."""

import argparse
import itertools
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mieone.blocks.identity.actions.persons import pairwise_id
from mieone.blocks.identity.oauth import commands, store
from mieone.blocks.identity.oauth.actions.context import rotate_signing_key
from mieone.blocks.identity.oauth.model import Client
from mieone.blocks.identity.oauth.problems import BadRegistration, ClientExists, SectorTaken
from mieone.blocks.identity.oauth.rules import jose
from mieone.blocks.identity.oauth.verifying import verify_grants
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.sessions import Acr

from . import given
from .given import Program


async def test_discovery_says_what_the_profile_asks(program: Program) -> None:
    described = (await program.http.get("/.well-known/openid-configuration")).json()
    again = (await program.http.get("/.well-known/oauth-authorization-server")).json()

    assert described == again
    assert described["issuer"] == given.ISSUER
    assert described["require_pushed_authorization_requests"] is True
    assert described["authorization_response_iss_parameter_supported"] is True
    assert described["response_types_supported"] == ["code"]
    assert described["code_challenge_methods_supported"] == ["S256"]
    assert described["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert described["subject_types_supported"] == ["pairwise"]
    assert described["backchannel_logout_session_supported"] is True
    assert "RS256" not in described["token_endpoint_auth_signing_alg_values_supported"]
    assert "RS256" not in described["dpop_signing_alg_values_supported"]


async def test_every_endpoint_discovery_names_is_there(program: Program) -> None:
    described = (await program.http.get("/.well-known/openid-configuration")).json()
    named = [v for k, v in described.items() if k.endswith(("_endpoint", "jwks_uri"))]
    answers = [await program.http.options(url) for url in named]
    assert len(named) == 8
    assert not [str(one.url) for one in answers if one.status_code == 404]


async def test_the_endpoints_stand_in_the_api_description(house: House) -> None:
    described = given.make_app(house).openapi_schema.to_schema()
    assert {"/oauth/par", "/oauth/token", "/oauth/userinfo"} <= described["paths"].keys()


async def test_a_retired_key_stays_published(program: Program, house: House) -> None:
    before = await program.tokens()
    new = rotate_signing_key(house.keyring)
    after = await program.tokens()
    keys = (await program.http.get("/oauth/jwks")).json()["keys"]
    shown = {key["kid"]: key for key in keys}
    kids = [jose.read(tokens["id_token"]).headers()["kid"] for tokens in (before, after)]

    assert kids[1] == new != kids[0]
    assert set(kids) <= shown.keys()
    assert not [key for key in keys if jose.PRIVATE_MEMBERS & key.keys()]
    for tokens in (before, after):
        jose.check_signed_by_one_of(jose.read(tokens["id_token"]), keys)


async def test_a_name_and_a_sector_belong_to_one_client(house: House) -> None:
    await given.stored_client(house)
    with pytest.raises(SectorTaken):
        await given.stored_client(house, client_id="other")
    shared, _ = await given.stored_client(house, client_id="other", may_share_sector=True)
    with pytest.raises(ClientExists):
        await given.stored_client(house)
    assert shared.sector == "nursery.example"


async def test_a_private_key_cannot_be_registered(house: House) -> None:
    private = {name: str(value) for name, value in given.ec_key().as_dict(private=True).items()}
    with pytest.raises(BadRegistration):
        await given.stored_client(house, keys=(private,))
    with pytest.raises(BadRegistration):
        await given.stored_client(house, keys=())


async def enter_as(house: House, person_id: UUID, made: tuple[Client, Any]) -> dict[str, Any]:
    redirect = made[0].redirect_uris[0]
    async with given.browser(given.make_app(house)) as http:
        await given.sign_in(house, http, person_id, Acr.CARD)
        program = Program(house, http, *made)
        answer = await program.answer(await program.pushed(redirect_uri=redirect))
        issued = await program.redeem(answer["code"], redirect_uri=redirect)
        return jose.claims_of(jose.read(issued.json()["id_token"]))


async def test_nothing_in_two_clients_tokens_joins_a_person(house: House, person_id: UUID) -> None:
    one = await given.stored_client(house)
    other = await given.stored_client(
        house, client_id="taxi", organisation_id="taxi", redirect_uris=("https://t.example/cb",)
    )
    first, again = await enter_as(house, person_id, one), await enter_as(house, person_id, one)
    second = await enter_as(house, person_id, other)

    assert first["sub"] == again["sub"]
    # What every token of that minute says is no identifier of the person.
    shared = {"iss", "iat", "exp", "nonce", "acr", "amr"}
    joined = {k for k in first.keys() & second.keys() if first[k] == second[k]} - shared
    assert joined == set()
    assert str(person_id) not in json.dumps([first, second])


async def test_subs_are_chance_and_never_repeat(house: House) -> None:
    people = [await given.stored_person(house) for _ in range(30)]
    async with house.database.transaction() as conn:
        subs = [
            await pairwise_id(conn, f"sector-{sector}", person)
            for sector, person in itertools.product(range(10), people)
        ]
        again = await pairwise_id(conn, "sector-0", people[0])
    assert len(set(subs)) == len(subs)
    assert again == subs[0]


async def test_what_expired_is_forgotten_and_what_lives_stays(
    program: Program, house: House, clock: FixedClock
) -> None:
    from_yesterday = await program.tokens(scope="openid offline_access")
    clock.advance(timedelta(days=2))
    async with house.database.transaction() as conn:
        removed = await store.void_expired(conn, clock.now(), clock.now() - timedelta(days=1))
    form = {"grant_type": "refresh_token", "refresh_token": from_yesterday["refresh_token"]}
    refreshed = await program.post("/oauth/token", form)
    assert removed > 3
    assert refreshed.status_code == 200


async def test_a_person_sees_where_they_entered_and_leaves(program: Program) -> None:
    before = await program.http.get("/id/services")
    issued = await program.tokens()
    page = await program.http.get("/id/services")
    answer = await program.http.post("/id/services/nursery/end")
    after = await program.http.get(answer.headers["location"])
    silent = await program.answer(await program.pushed(prompt="none"))

    assert "見本保育園" not in before.text
    assert "見本保育園" in page.text
    assert "見本保育園" not in after.text
    assert (await program.call(issued["access_token"])).status_code == 401
    assert silent["error"] == "consent_required"


async def test_verify_names_a_grant_without_its_person(program: Program, house: House) -> None:
    await program.code()
    async with house.database.transaction() as conn:
        quiet = await verify_grants(house, conn)
        await conn.execute("UPDATE identity.access_grant SET person_id = uuidv7()")
        found = await verify_grants(house, conn)
    assert list(quiet) == []
    assert [finding.check for finding in found] == ["identity:grants"]


def parsed(command: Any, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return parser.parse_args(words)


async def test_client_add_prints_all_a_stranger_needs(
    house: House, person_id: UUID, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    add = next(c for c in commands.COMMANDS if (c.noun, c.verb) == ("client", "add"))
    words = ["harness", "--redirect", given.CALLBACK, "--dataset", "household@1"]
    assert await add.run(house, parsed(add, *words)) == 0
    printed = json.loads(capsys.readouterr().out)
    assert await add.run(house, parsed(add, *words)) == 1
    assert json.loads(capsys.readouterr().out)["problem"] == "oauth/client-exists"

    key = given.ECKey.import_key(printed["private_jwk"])
    async with house.database.transaction() as conn:
        client = await store.find_client(conn, "harness")
    assert client is not None
    assert not [key for key in client.keys if "d" in key]
    claims = await enter_as(house, person_id, (client, key))
    assert claims["aud"] == "harness"
