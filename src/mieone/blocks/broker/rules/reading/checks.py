"""Shapes that many members share: JSON itself, URIs, names, instants."""

import re
from datetime import UTC, datetime
from typing import Final

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.terms import check_name

__all__ = ["check_name", "check_uri", "read_instant"]

MAX_URI: Final = 2048
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f<>\"{}|\\^`\ud800-\udfff]+\Z")
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,12})?(?:Z|[+-]00:?00)\Z", re.ASCII
)


def check_uri(text: JsonValue, what: str) -> str:
    """An absolute URI; `what` names the member in the reason."""
    if not isinstance(text, str) or len(text) > MAX_URI or _URI.match(text) is None:
        raise BadRequestData(f"{what} is not a URI")
    if not text.isprintable():
        # Nobody could tell it from the one without what cannot be seen (RFC 3987 4.1).
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
