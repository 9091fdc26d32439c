"""Who knocks at our own endpoints: the client's signature, its DPoP proof, each used once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import msgspec

from mieone.blocks.identity.oauth import store
from mieone.blocks.identity.oauth.model import Client, ClientState, DpopProof
from mieone.blocks.identity.oauth.problems import (
    InvalidClient,
    InvalidDpopProof,
    OAuthProblem,
    Reason,
)
from mieone.blocks.identity.oauth.rules import assertion, dpop
from mieone.core.database import Conn
from mieone.core.problems import Refusal

from .context import Provider, good_nonces

T = TypeVar("T")


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """A form posted to one of our endpoints, with what proves who sent it."""

    params: dict[str, str]
    dpop_headers: tuple[str, ...]
    path: str
    method: str = "POST"


async def get_active_client(conn: Conn, client_id: str) -> Client:
    client = await store.find_client(conn, client_id)
    if client is None:
        raise InvalidClient(Reason.CLIENT_UNKNOWN)
    if client.state is not ClientState.ACTIVE:
        raise InvalidClient(Reason.CLIENT_NOT_ACTIVE)
    return client


async def authenticate_client(conn: Conn, provider: Provider, knock: Knock) -> Client:
    """The client whose key signed the assertion. Its jti is spent here."""
    text = assertion.find_assertion(knock.params)
    client_id = assertion.read_client_id(text, knock.params.get("client_id"))
    client = await get_active_client(conn, client_id)
    checked = assertion.check_assertion(text, client_id, client.keys, provider.issuer, provider.now)
    spent = await store.spend_value(
        conn, "assertion", client_id, checked.jti, checked.expires_at + timedelta(minutes=1)
    )
    if not spent:
        raise InvalidClient(Reason.ASSERTION_REPLAYED)
    return client


async def prove_possession(
    conn: Conn, provider: Provider, knock: Knock, client: Client, jkt: str | None = None
) -> DpopProof:
    """The key a token will be bound to, or is. The proof's jti is spent here."""
    expected = dpop.Expected(
        method=knock.method,
        urls=(provider.url(knock.path),),
        now=provider.now,
        nonces=good_nonces(provider.keyring, provider.now),
        is_nonce_required=client.dpop_nonce_required,
        jkt=jkt,
    )
    proof = dpop.check_proof(knock.dpop_headers, expected)
    spent = await store.spend_value(
        conn, "dpop", proof.jkt, proof.jti, provider.now + dpop.REMEMBERED
    )
    if not spent:
        raise InvalidDpopProof(Reason.DPOP_REPLAYED)
    return proof


async def keep_spent(conn: Conn, act: Callable[[], Awaitable[T | Refusal]]) -> T | Refusal:
    """What was spent before stays spent: a problem inside undoes only the inside."""
    try:
        async with conn.transaction():
            return await act()
    except OAuthProblem as problem:
        return Refusal(problem)
