"""Every failure rendered once: as a page for people, as RFC 9457 JSON for machines."""

import secrets
from collections.abc import Mapping

import msgspec
import structlog
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.response import Response

from mieone.core.entrance import MACHINE_PATHS
from mieone.core.problems import Problem
from mieone.core.sessions import entrance_of
from mieone.core.settings import Entrance

from .page import AnyRequest, Page, read_page
from .site import Site

_HOMES = {Entrance.DESK: "/desk", Entrance.SHOP: "/shop", Entrance.DEVELOPERS: "/developers"}
_log = structlog.get_logger(__name__)


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `code` is what people say on the telephone, and what our log holds."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    code: str = ""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One failure, put into messages but not yet into words."""

    slug: str
    status: int
    message_id: str
    values: Mapping[str, object] = {}
    headers: Mapping[str, str] = {}
    code: str


def render_problem(site: Site, request: AnyRequest, error: Exception) -> Response[object]:
    """The one place where a failure becomes an answer."""
    occurrence = _occurrence(error)
    page = read_page(site, request)
    _note(occurrence, error, request.scope.get("path_template", ""))
    if wants_json(request):
        return _json(page, occurrence)
    return _page(page, occurrence)


def wants_json(request: AnyRequest) -> bool:
    """Machine paths always; elsewhere only who asks for JSON and not for a page."""
    accepted = request.headers.get("accept", "")
    is_machine = request.url.path.startswith(MACHINE_PATHS)
    return is_machine or ("json" in accepted and "text/html" not in accepted)


def problem_type(slug: str) -> str:
    return f"/problems/{slug}"


def _occurrence(error: Exception) -> Occurrence:
    code = secrets.token_hex(4).upper()
    if isinstance(error, Problem):
        return Occurrence(
            slug=error.slug,
            status=error.status,
            message_id=error.message_id,
            values=error.detail,
            headers=error.headers,
            code=code,
        )
    status = error.status_code if isinstance(error, HTTPException) else 500
    name = _FRAMEWORK.get(status, "bad-shape" if status < 500 else "unexpected")
    return Occurrence(
        slug=f"core/{name}", status=status, message_id=f"core.problems.{name}", code=code
    )


# What the framework itself refuses, by status, under names of ours.
_FRAMEWORK = {
    401: "not-signed-in",
    403: "not-permitted",
    404: "not-found",
    405: "not-found",
    413: "too-large",
    429: "too-many",
}


def _note(occurrence: Occurrence, error: Exception, path: str) -> None:
    """By the route, never by the address: that may name a person, a case or a bill."""
    if occurrence.status >= 500:
        _log.error("request_failed", code=occurrence.code, path=path, exc_info=error)
    else:
        _log.info("request_refused", code=occurrence.code, slug=occurrence.slug, path=path)


def _json(page: Page, occurrence: Occurrence) -> Response[object]:
    title, detail = _words(page, occurrence)
    members = {
        name: value
        for name, value in occurrence.values.items()
        if isinstance(value, str | int | float | bool)
    }
    body = ProblemBody(
        type=problem_type(occurrence.slug),
        title=title,
        status=occurrence.status,
        detail=detail,
        instance=page.path,
        code=occurrence.code,
    )
    return Response(
        {**members, **msgspec.to_builtins(body)},
        status_code=occurrence.status,
        media_type="application/problem+json",
        headers={"Content-Language": page.language.value, **occurrence.headers},
    )


def _page(page: Page, occurrence: Occurrence) -> Response[object]:
    entrance = entrance_of(page.path)
    home = _HOMES.get(entrance, "/")
    content = page.html(
        "web/problem.html",
        title=page.t(f"{occurrence.message_id}.title", **occurrence.values),
        detail=page.t(f"{occurrence.message_id}.detail", **occurrence.values),
        next_id=f"web.problem.next_steps.{_next_step(occurrence.status)}",
        status=occurrence.status,
        code=occurrence.code,
        home_href=home,
        sign_in_href=f"{home.rstrip('/')}/sign-in",
    )
    return Response(
        content,
        status_code=occurrence.status,
        media_type=MediaType.HTML,
        headers={
            "Content-Language": page.language.value,
            "Cache-Control": "no-store",
            **occurrence.headers,
        },
    )


def _words(page: Page, occurrence: Occurrence) -> tuple[str, str]:
    # Machines are told in Japanese or English; readings are for people.
    title = page.plain(f"{occurrence.message_id}.title", **occurrence.values)
    detail = page.plain(f"{occurrence.message_id}.detail", **occurrence.values)
    return title, detail


def _next_step(status: int) -> str:
    match status:
        case 401:
            return "sign_in"
        case 404 | 410:
            return "look"
        case 429 | 503:
            return "wait"
        case 400 | 409 | 413 | 422:
            return "again"
        case _:
            return "ask"
