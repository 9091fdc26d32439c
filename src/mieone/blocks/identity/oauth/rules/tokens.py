"""What our signed tokens say, and how long anything lives."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from mieone.blocks.identity.oauth.model import Code, Token, TokenKind
from mieone.blocks.identity.oauth.problems import InvalidGrant, Reason

from . import jose, levels, pkce
from .requests import shape_details

PUSHED_LIFE = timedelta(seconds=90)
CODE_LIFE = timedelta(seconds=60)
ACCESS_LIFE = timedelta(minutes=5)
REFRESH_LIFE = timedelta(days=90)
ID_TOKEN_LIFE = timedelta(minutes=5)
LOGOUT_TOKEN_LIFE = timedelta(minutes=2)
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def check_code(code: Code, client_id: str, redirect_uri: str, verifier: str) -> None:
    """Bound to client, redirect URI and PKCE; the DPoP key is checked beside it."""
    if code.client_id != client_id:
        raise InvalidGrant(Reason.CODE_OTHER_CLIENT)
    if redirect_uri != code.redirect_uri:
        raise InvalidGrant(Reason.CODE_REDIRECT_URI)
    pkce.check_verifier(verifier, code.code_challenge)


def as_refresh_token(token: Token, token_hash: bytes) -> Token:
    """The long-lived companion of an access token, bound to the same key."""
    expires_at = token.issued_at + REFRESH_LIFE
    return msgspec.structs.replace(
        token, kind=TokenKind.REFRESH, token_hash=token_hash, expires_at=expires_at
    )


def as_access_token(
    refresh: Token, token_hash: bytes, scopes: tuple[str, ...], now: datetime
) -> Token:
    return msgspec.structs.replace(
        refresh,
        kind=TokenKind.ACCESS,
        token_hash=token_hash,
        scopes=scopes,
        issued_at=now,
        expires_at=now + ACCESS_LIFE,
    )


def id_token_claims(
    code: Code, access_token: str, issuer: str, now: datetime, nonce: str | None
) -> dict[str, object]:
    """No name, no birth date, no address: those have one way out, and it is not this one."""
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": code.sub,
        "aud": code.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + ID_TOKEN_LIFE).timestamp()),
        "acr": levels.urn_of(code.acr),
        "amr": list(levels.METHODS.get(code.acr, ())),
        "sid": code.sid,
        "at_hash": jose.half_hash(access_token),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if code.asks_auth_time:
        claims["auth_time"] = int(code.authenticated_at.timestamp())
    return claims


def logout_token_claims(
    issuer: str, client_id: str, sub: str, sid: str, jti: str, now: datetime
) -> dict[str, object]:
    """OpenID Connect Back-Channel Logout 1.0, 2.4; a nonce is prohibited."""
    return {
        "iss": issuer,
        "aud": client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + LOGOUT_TOKEN_LIFE).timestamp()),
        "jti": jti,
        "sub": sub,
        "sid": sid,
        "events": {LOGOUT_EVENT: {}},
    }


def shape_introspection(token: Token, issuer: str) -> Mapping[str, object]:
    """RFC 7662 for a token that lives; a dead one is told as inactive and nothing more."""
    shown: dict[str, object] = {
        "active": True,
        "iss": issuer,
        "client_id": token.client_id,
        "scope": " ".join(token.scopes),
        "token_type": "DPoP",
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "cnf": {"jkt": token.jkt},
    }
    if token.sub is not None:
        shown["sub"] = token.sub
    if token.acr is not None and token.authenticated_at is not None:
        shown["acr"] = levels.urn_of(token.acr)
        shown["auth_time"] = int(token.authenticated_at.timestamp())
    if token.details:
        shown["authorization_details"] = shape_details(token.details)
    return shown
