"""Tokens in use: who calls, what a token is worth, and its early end."""

from collections.abc import Sequence

import msgspec

from mieone.blocks.identity.oauth import store
from mieone.blocks.identity.oauth.model import Caller, Token, TokenKind
from mieone.blocks.identity.oauth.problems import (
    CallerNonceNeeded,
    CallerProofRefused,
    CallerRefused,
    CallerUnauthenticated,
    InvalidDpopProof,
    InvalidRequest,
    Reason,
    UseDpopNonce,
)
from mieone.blocks.identity.oauth.rules import dpop, tokens
from mieone.core.database import Conn
from mieone.core.problems import Refusal

from .authentication import Knock, authenticate_client, keep_spent
from .context import Provider, good_nonces

BOTH = (TokenKind.ACCESS, TokenKind.REFRESH)


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """What came with a request to one of our resources."""

    authorization: Sequence[str]
    dpop_headers: Sequence[str]
    method: str
    path: str


async def find_caller(conn: Conn, provider: Provider, presented: Presented) -> Caller:
    """The program behind the request; token, proof and grant are looked at every time."""
    access_token = _read_token(presented.authorization)
    token = await store.find_live_token(conn, access_token, [TokenKind.ACCESS], provider.now)
    if token is None:
        raise CallerRefused(Reason.TOKEN_UNKNOWN)
    await _prove(conn, provider, presented, access_token, token)
    return Caller(
        client_id=token.client_id,
        organisation_id=token.organisation_id,
        sector=token.sector,
        scopes=frozenset(token.scopes),
        person_id=token.person_id,
        sub=token.sub,
        grant_id=token.grant_id,
        epoch=token.epoch,
        acr=token.acr,
        authenticated_at=token.authenticated_at,
        userinfo_claims=token.userinfo_claims,
        details=token.details,
    )


def _read_token(authorization: Sequence[str]) -> str:
    if not authorization:
        raise CallerUnauthenticated(Reason.TOKEN_UNKNOWN)
    scheme, _, access_token = authorization[0].partition(" ")
    if len(authorization) > 1 or not access_token.strip():
        raise CallerRefused(Reason.MALFORMED)
    if scheme.lower() == "bearer":
        raise CallerRefused(Reason.TOKEN_BEARER)
    if scheme.lower() != "dpop":
        raise CallerUnauthenticated(Reason.TOKEN_UNKNOWN)
    return access_token.strip()


async def _prove(
    conn: Conn, provider: Provider, presented: Presented, access_token: str, token: Token
) -> None:
    expected = dpop.Expected(
        method=presented.method,
        urls=(provider.url(presented.path), provider.people_origin + presented.path),
        now=provider.now,
        nonces=good_nonces(provider.keyring, provider.now),
        access_token=access_token,
        jkt=token.jkt,
    )
    try:
        proof = dpop.check_proof(presented.dpop_headers, expected)
    except UseDpopNonce as problem:
        raise CallerNonceNeeded(problem.reason) from problem
    except InvalidDpopProof as problem:
        raise CallerProofRefused(problem.reason) from problem
    spent = await store.spend_value(
        conn, "dpop", proof.jkt, proof.jti, provider.now + dpop.REMEMBERED
    )
    if not spent:
        raise CallerProofRefused(Reason.DPOP_REPLAYED)


async def introspect(conn: Conn, provider: Provider, knock: Knock) -> dict[str, object] | Refusal:
    """RFC 7662. A client learns about its own tokens only; others are simply not active."""
    client = await authenticate_client(conn, provider, knock)

    async def act() -> dict[str, object]:
        if "token" not in knock.params:
            raise InvalidRequest(Reason.MISSING_PARAMETER, parameter="token")
        token = await store.find_live_token(conn, knock.params["token"], BOTH, provider.now)
        if token is None or token.client_id != client.client_id:
            return {"active": False}
        return dict(tokens.shape_introspection(token, provider.issuer))

    return await keep_spent(conn, act)


async def revoke(conn: Conn, provider: Provider, knock: Knock) -> Refusal | None:
    """RFC 7009. A refresh token takes everything of its grant with it."""
    client = await authenticate_client(conn, provider, knock)

    async def act() -> None:
        if "token" not in knock.params:
            raise InvalidRequest(Reason.MISSING_PARAMETER, parameter="token")
        voided = await store.void_token(conn, knock.params["token"], client.client_id, provider.now)
        if voided is not None and voided[0] is TokenKind.REFRESH and voided[1] is not None:
            await store.raise_epoch_of_grant(conn, voided[1])

    return await keep_spent(conn, act)
