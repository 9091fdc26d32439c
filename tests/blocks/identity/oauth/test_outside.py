"""What the provider asks of others: a client's keys at its address, a person's values at the door."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from joserfc.jwk import ECKey

from mieone.blocks.identity.oauth.problems import AccessDenied, Reason
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.ports import ConsentDetail, Disclosure, DisclosureRequest, Record
from mieone.core.sessions import Acr

from . import given
from .given import Program
from .test_front_channel import Gate, ask_for_data


@asynccontextmanager
async def publishing(answer: Callable[[], bytes]) -> AsyncIterator[tuple[str, list[int]]]:
    """A client's own address for its keys; counts how often we come."""
    visits: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        visits.append(1)
        body = answer()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks", visits
    finally:
        server.close()
        await server.wait_closed()


def jwks(*keys: ECKey) -> bytes:
    shown = [{**key.as_dict(private=False), "kid": key.thumbprint()} for key in keys]
    return json.dumps({"keys": shown}).encode()


async def test_keys_at_an_address_are_fetched_seldom_and_follow_a_rotation(
    house: House, http: httpx.AsyncClient, clock: FixedClock
) -> None:
    old, new = given.ec_key(), given.ec_key()
    published = [old]

    async def push(key: ECKey) -> int:
        program.key = key
        header = {"kid": key.thumbprint()}
        response = await program.push(assertion=program.assertion(header=header))
        return response.status_code

    async with publishing(lambda: jwks(*published)) as (uri, visits):
        client, _ = await given.stored_client(house, keys=(), jwks_uri=uri)
        program = Program(house, http, client, old)
        first = [await push(old), await push(old)]
        visits_at_first = len(visits)
        too_soon = await push(new)
        published[:] = [new]
        clock.advance(timedelta(seconds=31))
        rotated = await push(new)
        retired = await push(old)

    assert (first, visits_at_first) == ([201, 201], 1)
    assert (too_soon, rotated, retired) == (401, 201, 401)
    assert len(visits) == 2


@pytest.mark.parametrize("body", [b"", b"[]", b'{"keys": 7}', b'{"keys": [{"kty": "oct"}]}'])
async def test_without_usable_keys_a_client_is_nobody(
    house: House, http: httpx.AsyncClient, body: bytes
) -> None:
    async with publishing(lambda: body) as (uri, _):
        client, _key = await given.stored_client(house, keys=(), jwks_uri=uri)
        response = await Program(house, http, client, given.ec_key()).push()
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


class Door:
    """Stands where the exchange stands; remembers what it was asked."""

    def __init__(self, *records: Record) -> None:
        self.records = records
        self.asked: list[DisclosureRequest] = []

    async def __call__(self, request: DisclosureRequest) -> Disclosure:
        self.asked.append(request)
        if not self.records:
            raise AccessDenied(Reason.PERSON_REFUSED)
        return Disclosure(
            request_id=request.request_id,
            dataset=request.dataset,
            records=self.records,
            as_of=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
        )


async def userinfo(
    program: Program, house: House, door: Door, scope: str
) -> tuple[dict[str, object], dict[str, object]]:
    house.disclose = door
    detail = ConsentDetail(dataset="household@1", items=("name", "address"), purpose="booking")
    gate = Gate((detail,))
    _sheet, answer = await ask_for_data(program, house, gate, scope=scope)
    issued = (await program.redeem(answer["code"])).json()
    response = await program.call(issued["access_token"], "/oauth/userinfo")
    return response.json(), issued


async def test_userinfo_shows_the_holder_what_was_agreed_through_the_door(
    program: Program, house: House, person_id: UUID
) -> None:
    own = Record(ref="x", holder=True, items={"name": "見本 花子", "address": "見本町1"})
    spouse = Record(ref=None, holder=False, items={"name": "見本 太郎"})
    door = Door(own, spouse)

    claims, _ = await userinfo(program, house, door, "openid profile address")

    assert claims["name"] == "見本 花子"
    assert claims["address"] == {"formatted": "見本町1", "country": "JP"}
    assert (door.asked[0].service, door.asked[0].items) == ("nursery", ("name", "address"))
    assert door.asked[0].subject.person_id == person_id  # type: ignore[union-attr]


async def test_claims_nobody_asked_for_do_not_pass_the_door(program: Program, house: House) -> None:
    door = Door(Record(ref="x", holder=True, items={"name": "見本 花子"}))
    claims, _ = await userinfo(program, house, door, "openid")
    assert door.asked == []
    assert claims.keys() == {"sub"}


async def test_what_the_door_refuses_is_left_out(program: Program, house: House) -> None:
    claims, _ = await userinfo(program, house, Door(), "openid profile")
    assert claims.keys() == {"sub"}


async def test_a_passkey_is_no_card(house: House, program: Program, person_id: UUID) -> None:
    await given.sign_in(house, program.http, person_id, Acr.PASSKEY)
    issued = await program.tokens()
    claims = given.jose.claims_of(given.jose.read(issued["id_token"]))
    assert (claims["acr"], claims["amr"]) == ("urn:mie:acr:passkey", ["pop", "user", "mfa"])
