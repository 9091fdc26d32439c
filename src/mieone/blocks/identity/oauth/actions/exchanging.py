"""The token endpoint: a code, a refresh token or a client's own name becomes tokens."""

import secrets

from mieone.blocks.identity.oauth import store
from mieone.blocks.identity.oauth.model import (
    Client,
    Code,
    DpopProof,
    IssuedTokens,
    Token,
    TokenKind,
)
from mieone.blocks.identity.oauth.problems import (
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    Reason,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from mieone.blocks.identity.oauth.rules import dpop, requests, tokens
from mieone.core.database import Conn
from mieone.core.problems import Refusal

from .authentication import Knock, authenticate_client, keep_spent, prove_possession
from .context import Provider, sign

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
PERSONAL_SCOPES = frozenset({"openid", "offline_access", *requests.PERSON_SCOPES})


async def exchange(conn: Conn, provider: Provider, knock: Knock) -> IssuedTokens | Refusal:
    client = await authenticate_client(conn, provider, knock)
    proof = await prove_possession(conn, provider, knock, client)

    async def act() -> IssuedTokens | Refusal:
        match knock.params.get("grant_type"):
            case "authorization_code":
                return await _redeem_code(conn, provider, client, proof, knock.params)
            case "refresh_token":
                return await _refresh(conn, provider, client, proof, knock.params)
            case "client_credentials":
                return await _issue_to_client(conn, provider, client, proof, knock.params)
            case None:
                raise InvalidRequest(Reason.MISSING_PARAMETER, parameter="grant_type")
            case _:
                raise UnsupportedGrantType(Reason.GRANT_TYPE)

    return await keep_spent(conn, act)


async def _redeem_code(
    conn: Conn, provider: Provider, client: Client, proof: DpopProof, params: dict[str, str]
) -> IssuedTokens | Refusal:
    code = await store.lock_code(conn, params.get("code", ""))
    if code is None:
        raise InvalidGrant(Reason.CODE_UNKNOWN)
    tokens.check_code(
        code, client.client_id, params.get("redirect_uri", ""), params.get("code_verifier", "")
    )
    if code.dpop_jkt is not None:
        dpop.check_token_key(proof, code.dpop_jkt, InvalidDpopProof)
    if code.used_at is not None:
        # Somebody has a copy: whoever came first, nobody keeps what came of it.
        await store.void_tokens_of_code(conn, code.code_hash, provider.now)
        return Refusal(InvalidGrant(Reason.CODE_REUSED))
    is_granted = await store.is_grant_at_epoch(conn, code.grant_id, code.grant_epoch)
    if provider.now >= code.expires_at or not is_granted:
        raise InvalidGrant(Reason.CODE_UNKNOWN)
    await store.record_code_use(conn, code.code_hash, provider.now)
    return await _issue_to_person(conn, provider, client, proof, code)


async def _issue_to_person(
    conn: Conn, provider: Provider, client: Client, proof: DpopProof, code: Code
) -> IssuedTokens:
    access, refresh = secrets.token_urlsafe(32), None
    token = Token(
        kind=TokenKind.ACCESS,
        token_hash=store.digest(access),
        client_id=client.client_id,
        organisation_id=client.organisation_id,
        sector=client.sector,
        scopes=code.scopes,
        jkt=proof.jkt,
        issued_at=provider.now,
        expires_at=provider.now + tokens.ACCESS_LIFE,
        grant_id=code.grant_id,
        epoch=code.grant_epoch,
        sub=code.sub,
        sid=code.sid,
        acr=code.acr,
        authenticated_at=code.authenticated_at,
        userinfo_claims=code.userinfo_claims,
        details=code.details,
        code_hash=code.code_hash,
    )
    await store.record_token(conn, token)
    if "offline_access" in code.scopes:
        refresh = secrets.token_urlsafe(32)
        await store.record_token(conn, tokens.as_refresh_token(token, store.digest(refresh)))
    return _answer(provider, token, access, refresh, code if "openid" in code.scopes else None)


def _answer(
    provider: Provider, token: Token, access: str, refresh: str | None, code: Code | None
) -> IssuedTokens:
    id_token = None
    if code is not None:
        claims = tokens.id_token_claims(code, access, provider.issuer, provider.now, code.nonce)
        id_token = sign(provider.keyring, "JWT", claims)
    return IssuedTokens(
        access_token=access,
        token_type="DPoP",
        expires_in=int(tokens.ACCESS_LIFE.total_seconds()),
        scope=" ".join(token.scopes),
        refresh_token=refresh,
        id_token=id_token,
        authorization_details=requests.shape_details(token.details) or None,
    )


async def _refresh(
    conn: Conn, provider: Provider, client: Client, proof: DpopProof, params: dict[str, str]
) -> IssuedTokens:
    """Not rotated (FAPI 2.0, 5.3.2.1): the client's key and the DPoP key already bind it."""
    known = await store.find_live_token(
        conn, params.get("refresh_token", ""), [TokenKind.REFRESH], provider.now
    )
    if known is None or known.client_id != client.client_id:
        raise InvalidGrant(Reason.REFRESH_UNKNOWN)
    dpop.check_token_key(proof, known.jkt, InvalidDpopProof)
    scopes = _narrowed(params.get("scope", ""), known.scopes)
    access = secrets.token_urlsafe(32)
    token = tokens.as_access_token(known, store.digest(access), scopes, provider.now)
    await store.record_token(conn, token)
    return _answer(provider, token, access, None, None)


async def _issue_to_client(
    conn: Conn, provider: Provider, client: Client, proof: DpopProof, params: dict[str, str]
) -> IssuedTokens:
    allowed = tuple(scope for scope in client.scopes if scope not in PERSONAL_SCOPES)
    if not allowed:
        raise UnauthorizedClient(Reason.GRANT_TYPE)
    access = secrets.token_urlsafe(32)
    token = Token(
        kind=TokenKind.ACCESS,
        token_hash=store.digest(access),
        client_id=client.client_id,
        organisation_id=client.organisation_id,
        sector=client.sector,
        scopes=_narrowed(params.get("scope", ""), allowed),
        jkt=proof.jkt,
        issued_at=provider.now,
        expires_at=provider.now + tokens.ACCESS_LIFE,
    )
    await store.record_token(conn, token)
    return _answer(provider, token, access, None, None)


def _narrowed(asked: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    scopes = tuple(dict.fromkeys(asked.split()))
    if set(scopes) - set(allowed):
        raise InvalidScope(Reason.SCOPE)
    return scopes or allowed
