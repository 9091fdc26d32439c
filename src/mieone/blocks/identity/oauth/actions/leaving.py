"""Signing out: asked for by a client, decided by the person, told to every client of the session."""

import secrets
from datetime import timedelta
from urllib.parse import urlencode

import msgspec

from mieone.blocks.identity.oauth import store
from mieone.blocks.identity.oauth.model import LogoutRequest
from mieone.blocks.identity.oauth.problems import InvalidLogout, Reason
from mieone.blocks.identity.oauth.rules import hints
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.sessions import Session, end_session

from .context import Provider, public_keys

ASK_FOR = timedelta(minutes=10)


class LogoutWish(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of RP-Initiated Logout 1.0, as they came."""

    id_token_hint: str | None = None
    client_id: str | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = None


class Left(msgspec.Struct, frozen=True, kw_only=True):
    is_done: bool
    redirect_uri: str | None = None


async def ask_to_leave(conn: Conn, provider: Provider, wish: LogoutWish) -> str:
    """Check and keep the wish; returns its reference for the people's origin."""
    request = await _checked(conn, provider, wish)
    reference = secrets.token_urlsafe(32)
    await store.record_logout_request(conn, reference, request, provider.now + ASK_FOR)
    return reference


async def _checked(conn: Conn, provider: Provider, wish: LogoutWish) -> LogoutRequest:
    client_id, sid = wish.client_id, None
    if wish.id_token_hint is not None:
        hint = hints.read_hint(wish.id_token_hint, public_keys(provider.keyring), provider.issuer)
        if hint is None or client_id not in (None, hint.client_id):
            raise InvalidLogout(Reason.LOGOUT_HINT)
        client_id, sid = hint.client_id, hint.sid
    if wish.post_logout_redirect_uri is None:
        return LogoutRequest(client_id=client_id, sid=sid)
    client = None if client_id is None else await store.find_client(conn, client_id)
    uri = wish.post_logout_redirect_uri
    if client is None or uri not in client.post_logout_redirect_uris:
        raise InvalidLogout(Reason.LOGOUT_URI)
    if wish.state is not None:
        uri += ("&" if "?" in uri else "?") + urlencode({"state": wish.state})
    return LogoutRequest(client_id=client_id, sid=sid, redirect_uri=uri)


async def leave(
    conn: Conn, provider: Provider, reference: str, session: Session | None, is_confirmed: bool
) -> Left:
    """End the session, or say that the person must be asked first."""
    request = await store.find_logout_request(conn, reference, provider.now)
    if request is None:
        raise InvalidLogout(Reason.REQUEST_URI_UNKNOWN)
    if session is None:
        return Left(is_done=True, redirect_uri=request.redirect_uri)
    if not is_confirmed and not await _is_own_session(conn, request, session):
        return Left(is_done=False)
    await sign_out(conn, provider, session)
    return Left(is_done=True, redirect_uri=request.redirect_uri)


async def _is_own_session(conn: Conn, request: LogoutRequest, session: Session) -> bool:
    """A client that shows our own token of this very session need not make the person confirm."""
    if request.sid is None or request.client_id is None:
        return False
    digest = await store.find_session_of_sid(conn, request.sid, request.client_id)
    return digest == session.token_digest


async def sign_out(conn: Conn, provider: Provider, session: Session) -> None:
    """End the session here and queue the news for every client that knew it."""
    await end_session(conn, session.token_digest, provider.now)
    await queue_logouts(conn, provider, session.token_digest)


async def queue_logouts(conn: Conn, provider: Provider, session_digest: bytes) -> int:
    """For whoever ends a session elsewhere: each client hears of its own `sid` only."""
    ended = await store.end_client_sessions(conn, session_digest, provider.now)
    for sid, client_id, sub in ended:
        await store.record_logout_delivery(conn, uuid7(), client_id, sub, sid, provider.now)
    return len(ended)
