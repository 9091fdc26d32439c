"""Answers to who is over a quota: each API's own form, made once and sent without further ado."""

from functools import cache
from typing import Final
from uuid import uuid4

import msgspec
from litestar.types import Send

from mieone.blocks.broker.problems import OverQuota
from mieone.web import CATALOGUES, Language, read_texts

from .ld_problems import problem_document
from .v2_problems import CORRELATOR
from .visits import Api, Visit

_ID: Final = "problems.over-quota"


class Refusals:
    def __init__(self) -> None:
        self._bodies: dict[tuple[Api, str, str], bytes] = {}

    async def send(self, visit: Visit, problem: OverQuota, *, is_read: bool, send: Send) -> None:
        """With the body unread the connection ends here."""
        language = _language(visit) if visit.api is Api.OWN else ""
        key = (visit.api, problem.reason, language)
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = _render(visit.api, problem, language)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode(), text.encode()) for name, text in problem.headers.items()),
        ]
        if visit.api is Api.OWN:
            headers[0] = (b"content-type", b"application/problem+json")
            headers.append((b"content-language", language.encode()))
        elif visit.api is Api.V2:
            headers.append((CORRELATOR.lower().encode(), _correlator(visit).encode()))
        elif visit.tenant and visit.tenant.isidentifier():
            headers.append((b"ngsild-tenant", visit.tenant.encode("latin-1")))
        if not is_read and visit.is_http_1:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _render(api: Api, problem: OverQuota, language: str) -> bytes:
    if api is Api.LD:
        return msgspec.json.encode(problem_document(problem))
    if api is Api.V2:
        return msgspec.json.encode({"error": problem.ngsi_v2, "description": problem.reason})
    return msgspec.json.encode(
        {
            "type": f"/problems/{problem.slug}",
            "title": _texts(language)[f"broker.{_ID}.title"],
            "status": problem.status,
            "detail": _texts(language)[f"broker.{_ID}.detail"].replace("{reason}", problem.reason),
        }
    )


@cache
def _texts(language: str) -> dict[str, str]:
    return read_texts(CATALOGUES / language / "broker.yaml")


def _language(visit: Visit) -> str:
    return Language.EN if visit.language.lower().startswith("en") else Language.JA


def _correlator(visit: Visit) -> str:
    sent = visit.correlator
    return sent if sent.isascii() and sent.isprintable() and 0 < len(sent) <= 256 else str(uuid4())
