"""Signing out: asked for by a client, told to all of them, and never to a stranger's address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from mieone.blocks.identity.oauth import jobs
from mieone.blocks.identity.oauth.rules import jose
from mieone.blocks.identity.oauth.rules.tokens import LOGOUT_EVENT
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.sessions import Acr, digest_of

from . import given
from .given import Program


async def leave(program: Program, **params: str) -> httpx.Response:
    response = await program.http.get("/oauth/logout", params=params)
    if response.status_code != 303:
        return response
    return await program.http.get(urlsplit(response.headers["location"]).path)


async def is_signed_in(program: Program) -> bool:
    answer = await program.answer(await program.pushed(prompt="none"))
    return "code" in answer


async def test_with_our_own_token_the_person_is_out_and_back(program: Program) -> None:
    hint = (await program.tokens())["id_token"]
    response = await leave(
        program, id_token_hint=hint, post_logout_redirect_uri=given.GOODBYE, state="s 1"
    )
    assert response.status_code == 303
    assert response.headers["location"] == f"{given.GOODBYE}?state=s+1"
    assert not await is_signed_in(program)


async def test_without_a_hint_the_person_is_asked(program: Program) -> None:
    await program.code()
    for params in ({}, {"state": "x"}, {"client_id": "nursery"}):
        page = await leave(program, **params)
        assert page.status_code == 200
        assert 'value="leave"' in page.text
    assert await is_signed_in(program)


async def test_who_says_no_stays_and_who_says_yes_leaves(program: Program) -> None:
    await program.code()
    started = await program.http.get("/oauth/logout")
    path = urlsplit(started.headers["location"]).path
    await program.http.post(path, data={"answer": "stay"})
    assert await is_signed_in(program)
    page = await program.http.post(path, data={"answer": "leave"})
    assert page.status_code == 200
    assert not await is_signed_in(program)


BAD: dict[str, dict[str, str]] = {
    "hint of nobody": {"id_token_hint": "e30.e30.e30"},
    "address not registered": {"post_logout_redirect_uri": "https://evil.example/"},
    "address with a query": {"post_logout_redirect_uri": given.GOODBYE + "?x=1"},
    "hint of another client": {"client_id": "other"},
}


@pytest.mark.parametrize("params", BAD.values(), ids=BAD)
async def test_a_doubtful_request_is_a_page_and_no_redirect(
    program: Program, params: dict[str, str]
) -> None:
    hint = (await program.tokens())["id_token"]
    response = await leave(program, **{"id_token_hint": hint, **params})
    assert response.status_code == 400
    assert "location" not in response.headers
    assert await is_signed_in(program)


async def test_a_changed_hint_is_refused(program: Program) -> None:
    head, _, tail = (await program.tokens())["id_token"].split(".")
    forged = f"{head}.{given.b64({'iss': given.ISSUER, 'sub': 'x', 'aud': 'nursery'})}.{tail}"
    assert (await leave(program, id_token_hint=forged)).status_code == 400


async def test_an_address_without_any_client_is_refused(program: Program) -> None:
    response = await leave(program, post_logout_redirect_uri=given.GOODBYE)
    assert response.status_code == 400


@asynccontextmanager
async def listening(status: int) -> AsyncIterator[tuple[str, list[str]]]:
    """A client's back channel on this machine, answering with `status`."""
    received: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        received.append((await reader.readexactly(length)).decode())
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/logout", received
    finally:
        server.close()
        await server.wait_closed()


async def entered_and_left(house: House, person: Any, uri: str) -> dict[str, object]:
    made = await given.stored_client(house, backchannel_logout_uri=uri)
    async with given.browser(given.make_app(house)) as http:
        await given.sign_in(house, http, person, Acr.CARD)
        program = Program(house, http, *made)
        hint = (await program.tokens())["id_token"]
        await leave(program, id_token_hint=hint)
        return jose.claims_of(jose.read(hint))


async def test_clients_hear_of_it_in_a_logout_token(house: House, person_id: Any) -> None:
    async with listening(200) as (uri, received):
        entered = await entered_and_left(house, person_id, uri)
        first = await jobs.deliver_logouts(house)
        second = await jobs.deliver_logouts(house)
    signed = jose.read(dict(parse_qsl(received[0]))["logout_token"])
    claims = jose.claims_of(signed)

    assert (first, second, len(received)) == (1, 0, 1)
    assert signed.headers()["typ"] == "logout+jwt"
    assert (claims["sub"], claims["sid"]) == (entered["sub"], entered["sid"])
    assert claims["aud"] == "nursery"
    assert claims["events"] == {LOGOUT_EVENT: {}}
    assert "nonce" not in claims


async def test_a_deaf_client_ends_as_a_dead_letter(
    house: House, person_id: Any, clock: FixedClock
) -> None:
    async with listening(500) as (uri, received):
        await entered_and_left(house, person_id, uri)
        for _ in range(12):
            await jobs.deliver_logouts(house)
            clock.advance(timedelta(minutes=6))
    async with house.database.transaction() as conn:
        row = await conn.fetchrow("SELECT state, last_error FROM identity.logout_delivery")
    assert len(received) == jobs.MAX_ATTEMPTS
    assert row is not None
    assert tuple(row) == ("dead_letter", "status_500")


async def test_sid_is_another_one_at_every_client(house: House, person_id: Any) -> None:
    async with listening(200) as (uri, _):
        claims = await entered_and_left(house, person_id, uri)
    assert isinstance(claims["sid"], str)
    assert digest_of(claims["sid"]).hex() not in str(claims)
