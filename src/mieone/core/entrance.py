"""What every request passes before a handler sees it, and what every answer carries away."""

import secrets
import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from mieone.core.house import House
from mieone.core.problems import TooMany
from mieone.core.rate import Rate, network_of
from mieone.core.sessions import COOKIES, Session, entrance_of, find_session

MACHINE_PATHS = (
    "/api/",
    "/oauth/",
    "/.well-known/",
    "/ngsi-ld/",
    "/v2",
    "/version",
    "/metrics",
    "/health/",
)

WATCHED_PATHS = ("/health/", "/metrics")
"""What an operator's own watchers ask every few seconds, from beside us and not through the proxy."""

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
    """Wraps every route; one short transaction only where a session cookie came along."""

    def __init__(self, app: ASGIApp, house: House, rate: Rate | None = None) -> None:
        """One is made for each route; they share the rate. Without one nobody is counted."""
        self._app = app
        self._house = house
        self._rate = rate

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
        state["started_s"] = time.perf_counter()
        state["csp_nonce"] = secrets.token_urlsafe(16)
        session = await self._session(path, headers.get("cookie", ""))
        state["session"] = session
        state["actor"] = session.actor if session else None
        self._check_rate(scope, headers, session)
        await self._app(scope, receive, send)

    def _check_rate(self, scope: HTTPScope, headers: Headers, session: Session | None) -> None:
        """Raises TooMany, which says when to come back."""
        if self._rate is None or not _is_counted(scope["path"], headers):
            return
        visitor = session.token_digest.hex() if session else self._address(scope, headers)
        wait_s = self._rate.wait_s(visitor, time.monotonic()) if visitor else 0
        if wait_s:
            raise TooMany(wait_s=wait_s)

    def _address(self, scope: HTTPScope, headers: Headers) -> str:
        """Whom the proxy in front names last; without a proxy, the other end of the connection."""
        if self._house.settings.is_behind_proxy:
            # A proxy that names nobody would make one visitor of all: rather let everybody in.
            return network_of(headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip())
        client = scope["client"]
        return network_of(client[0]) if client else ""

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


def _is_counted(path: str, headers: Headers) -> bool:
    if path.startswith(WATCHED_PATHS):
        return "x-forwarded-for" in headers
    return not path.startswith("/static/")


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return found.value if found and found.value else None


def _policy(nonce: str) -> str:
    # Signing in to an outside service ends in a redirect from one of our forms to its own address.
    own_lines = f" 'nonce-{nonce}'" if nonce else ""
    return (
        f"default-src 'none'; script-src 'self'{own_lines}; style-src 'self'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self'; "
        "manifest-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self' https: http://localhost:*"
    )


async def finish_answer(message: Message, scope: Scope) -> None:
    """Every answer passes here, also of paths that lead nowhere and of what the framework refuses."""
    if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
        return
    state = scope.get("state", {})
    headers = MutableScopeHeaders.from_message(message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _policy(state.get("csp_nonce", "")))
    if scope.get("scheme") == "https":
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    REQUESTS.labels(scope["method"], str(message["status"])).inc()
    if "started_s" in state:
        SECONDS.observe(time.perf_counter() - state["started_s"])


async def _redirect(send: Send, target: str) -> None:
    location = urlsplit(target).geturl().encode("latin-1")
    await send({"type": "http.response.start", "status": 308, "headers": [(b"location", location)]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
