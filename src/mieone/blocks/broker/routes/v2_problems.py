"""Failures in NGSI v2's own form: `error` and `description`."""

from typing import Final
from uuid import uuid4

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from mieone.blocks.broker.problems import BrokerProblem
from mieone.core.problems import Problem
from mieone.web import AnyRequest

CORRELATOR: Final = "Fiware-Correlator"
_log = structlog.get_logger(__name__)
_STATUS: Final = {"Unprocessable": 422}
"""Where v2 answers another status than NGSI-LD does."""
_FRAMEWORK: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAlowed",
    406: "NotAcceptable",
    411: "ContentLengthRequired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
}
_REASONS: Final = {
    404: "there is no such path here",
    405: "this path does not take this method",
    413: "the body is larger than this broker takes",
    415: "a body comes as application/json",
    429: "too many requests; wait a little",
}


def render_v2_problem(request: AnyRequest, error: Exception) -> Response[bytes]:
    headers: dict[str, str] = {}
    if isinstance(error, Problem):
        status, name, reason = _tell(error)
        headers.update(error.headers)
    else:
        status = error.status_code if isinstance(error, HTTPException) else 500
        name = _FRAMEWORK.get(status, "BadRequest" if status < 500 else "InternalServerError")
        reason = _REASONS.get(status, "the request cannot be read")
        headers.update(_allowed(error))
    path = request.scope.get("path_template", "")
    if status >= 500 and not isinstance(error, Problem):
        reason = "something broke on our side"
        _log.error("request_failed", path=path, exc_info=error)
    else:
        _log.info("request_refused", path=path, type=name)
    return Response(
        msgspec.json.encode({"error": name, "description": reason}),
        status_code=status,
        headers={
            "Content-Type": "application/json",
            CORRELATOR: correlator_of(request),
            **headers,
        },
    )


def correlator_of(request: AnyRequest) -> str:
    """What the client calls this request, or what the entrance does."""
    sent = request.headers.get(CORRELATOR.lower(), "")
    if sent.isascii() and sent.isprintable() and 0 < len(sent) <= 256:
        return sent
    return str(request.scope["state"].setdefault("broker_correlator", str(uuid4())))


def _tell(problem: Problem) -> tuple[int, str, str]:
    if isinstance(problem, BrokerProblem):
        status = _STATUS.get(problem.ngsi_v2, problem.status)
        return status, problem.ngsi_v2, problem.reason
    name = _FRAMEWORK.get(problem.status, "BadRequest")
    return problem.status, name, _REASONS.get(problem.status, problem.slug)


def _allowed(error: Exception) -> dict[str, str]:
    headers = error.headers if isinstance(error, HTTPException) else None
    return {name.title(): text for name, text in (headers or {}).items()}
