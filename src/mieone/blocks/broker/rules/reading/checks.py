"""Shapes that many members share: JSON itself, URIs, names, instants."""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData, InvalidRequest
from mieone.blocks.broker.rules.terms import check_name

__all__ = ["check_name", "check_uri", "parse_json", "read_instant", "split_context"]

MAX_DEPTH: Final = 64
MAX_URI: Final = 2048
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f<>\"{}|\\^`\ud800-\udfff]+\Z")
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,12})?(?:Z|[+-]00:?00)\Z", re.ASCII
)


def parse_json(body: bytes) -> JsonValue:
    """Raises InvalidRequest for what is not JSON, BadRequestData for what is nested too deep."""
    try:
        document: JsonValue = msgspec.json.decode(body)
    except RecursionError:
        raise BadRequestData(f"the body is nested deeper than {MAX_DEPTH} levels") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH or b"\\u0000" in body:
        _check_tree(document)
    return document


def _check_tree(document: JsonValue) -> None:
    # Level by level, not by recursion: the depth is what is in question.
    level: list[JsonValue] = [document]
    for _ in range(MAX_DEPTH + 1):
        below: list[JsonValue] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and "\0" in value:
                raise BadRequestData("a text holds the character U+0000")
        if not below:
            return
        level = below
    raise BadRequestData(f"the body is nested deeper than {MAX_DEPTH} levels")


def split_context(document: JsonValue) -> tuple[dict[str, JsonValue], JsonValue]:
    """The document without @context, and its @context (None when there is none).

    Raises BadRequestData for a document that is no object.
    """
    if not isinstance(document, dict):
        raise BadRequestData("an object is expected")
    if "@context" not in document:
        return document, None
    rest = {name: value for name, value in document.items() if name != "@context"}
    return rest, document["@context"]


def check_uri(text: JsonValue, what: str) -> str:
    """An absolute URI; `what` names the member in the reason."""
    if not isinstance(text, str) or len(text) > MAX_URI or _URI.match(text) is None:
        raise BadRequestData(f"{what} is not a URI")
    return text


def read_instant(text: JsonValue, what: str) -> datetime:
    """An ISO 8601 date and time in UTC, with or without parts of a second."""
    if isinstance(text, str) and _INSTANT.match(text):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError:
            pass
    raise BadRequestData(f"{what} is not a DateTime in UTC, such as 2026-04-01T00:00:00Z")
