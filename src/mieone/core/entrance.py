"""What every request passes before a handler sees it: origin, session, nonce, headers, measures."""

import secrets
import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from mieone.core.house import House
from mieone.core.sessions import COOKIES, Session, entrance_of, find_session

MACHINE_PATHS = ("/api/", "/oauth/", "/.well-known/", "/ngsi-ld/", "/v2", "/metrics", "/health/")

REQUESTS = Counter("mieone_requests_total", "Requests answered", ["method", "status"])
SECONDS = Histogram(
    "mieone_request_seconds",
    "Time to answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(self), payment=()",
}


class EntranceMiddleware:
    """Wraps the whole application; one short transaction only where a session cookie came along."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = Headers.from_scope(scope)
        path = scope["path"]
        target = self._moved(headers.get("host", ""), scope)
        if target is not None:
            await _redirect(send, target)
            return
        state = scope.setdefault("state", {})
        nonce = state["csp_nonce"] = secrets.token_urlsafe(16)
        session = await self._session(path, headers.get("cookie", ""))
        state["session"] = session
        state["actor"] = session.actor if session else None
        await self._app(scope, receive, _finishing(send, scope, nonce))

    def _moved(self, host: str, scope: HTTPScope) -> str | None:
        """People use one name for us: passkeys and cookies need it."""
        path = scope["path"]
        numbered = host.rsplit(":", 1)[0] in ("127.0.0.1", "[::1]")
        if not numbered or path.startswith(MACHINE_PATHS) or scope["method"] not in ("GET", "HEAD"):
            return None
        if scope.get("scheme") == "https":
            return None
        query = scope["query_string"].decode("latin-1")
        return f"{self._house.settings.people_origin}{path}{'?' if query else ''}{query}"

    async def _session(self, path: str, cookie: str) -> Session | None:
        if path.startswith("/static/") or not cookie:
            return None
        entrance = entrance_of(path)
        token = _cookie(cookie, COOKIES[entrance])
        if token is None:
            return None
        async with self._house.database.transaction() as conn:
            return await find_session(conn, entrance, token, self._house.clock.now())


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return found.value if found and found.value else None


def _policy(nonce: str) -> str:
    # Signing in to an outside service ends in a redirect from one of our forms to its own address.
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self'; "
        "manifest-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self' https: http://localhost:*"
    )


def _finishing(send: Send, scope: HTTPScope, nonce: str) -> Send:
    started = time.perf_counter()

    async def finish(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", _policy(nonce))
            if scope.get("scheme") == "https":
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            REQUESTS.labels(scope["method"], str(message["status"])).inc()
            SECONDS.observe(time.perf_counter() - started)
        await send(message)

    return finish


async def _redirect(send: Send, target: str) -> None:
    location = urlsplit(target).geturl().encode("latin-1")
    await send({"type": "http.response.start", "status": 308, "headers": [(b"location", location)]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
