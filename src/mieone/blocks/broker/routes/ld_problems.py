"""Failures in NGSI-LD's own form: RFC 7807, but as application/json (clause 5.5.3)."""

import re

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BrokerProblem
from mieone.core.problems import Problem
from mieone.web import AnyRequest

TYPES = "https://uri.etsi.org/ngsi-ld/errors/"
_log = structlog.get_logger(__name__)

_FRAMEWORK = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "ResourceNotFound",
    405: "MethodNotAllowed",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
}
"""What the framework or the house's entrance refuses, by status."""
_REASONS = {
    404: "there is no such path here",
    405: "this path does not take this method",
    413: "the body is larger than this broker takes",
    429: "too many requests; wait a little",
}
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def problem_document(problem: Problem) -> dict[str, JsonValue]:
    """ProblemDetails, for an answer of its own and for an item of a batch."""
    if isinstance(problem, BrokerProblem):
        return _document(problem.ngsi_ld, problem.status, problem.reason)
    status = problem.status
    return _document(
        _FRAMEWORK.get(status, _fallback(status)), status, _REASONS.get(status, problem.slug)
    )


def render_ld_problem(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Every failure under /ngsi-ld/, as RFC 7807 in NGSI-LD's own types."""
    headers: dict[str, str] = {}
    if isinstance(error, Problem):
        document = problem_document(error)
        headers.update(error.headers)
        status = error.status
    else:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers.update(_allowed(error))
        name = _FRAMEWORK.get(status, _fallback(status))
        document = _document(name, status, _REASONS.get(status, _fallback_reason(status)))
    path = request.scope.get("path_template", "")
    if status >= 500 and not isinstance(error, Problem):
        _log.error("request_failed", path=path, exc_info=error)
    else:
        _log.info("request_refused", path=path, type=document["type"])
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        headers={"Content-Type": "application/json", **_echoed(request), **headers},
    )


def _document(name: str, status: int, reason: str) -> dict[str, JsonValue]:
    title = _WORD.sub(" ", name).capitalize()
    detail = reason or "no more is known"
    # Readers take equal texts for a missing detail.
    if detail == title:
        detail = f"{detail}."
    return {"type": f"{TYPES}{name}", "title": title, "detail": detail, "status": status}


def _fallback(status: int) -> str:
    return "InvalidRequest" if status < 500 else "InternalError"


def _fallback_reason(status: int) -> str:
    return "the request cannot be read" if status < 500 else "something broke on our side"


def _allowed(error: Exception) -> dict[str, str]:
    headers = error.headers if isinstance(error, HTTPException) else None
    return {name.title(): text for name, text in (headers or {}).items()}


def _echoed(request: AnyRequest) -> dict[str, str]:
    tenant = request.headers.get("ngsild-tenant")
    # Only what could be the name of a tenant: nothing else is worth sending back.
    return {"NGSILD-Tenant": tenant} if tenant and re.fullmatch(r"\w{1,50}", tenant) else {}
