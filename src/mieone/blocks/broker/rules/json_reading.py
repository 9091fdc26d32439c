"""JSON of strangers: decoded once, and refused where a store or a reader of ours would break on it."""

import re

import msgspec

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData, InvalidRequest

MAX_DEPTH = 64
MAX_NUMBER = 10**300
"""Beyond this a double has no room left."""
_LONG_NUMBER = re.compile(rb"\d{300}")


def read_json(body: bytes) -> JsonValue:
    """Raises InvalidRequest for what is no JSON, BadRequestData for what we cannot keep."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    try:
        document: JsonValue = msgspec.json.decode(text)
    except RecursionError:
        raise BadRequestData("the body is nested too deeply") from None
    except ValueError as error:
        raise InvalidRequest(f"the body is no JSON: {_reason(error)}") from None
    if _is_suspicious(text):
        _check(document)
    return document


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error) or "it is empty"


def _is_suspicious(text: bytes) -> bool:
    """Cheap and on the safe side: most bodies need no second look."""
    return (
        text.count(b"{") + text.count(b"[") > MAX_DEPTH
        or b"\\u0000" in text
        or _LONG_NUMBER.search(text) is not None
    )


def _check(document: JsonValue) -> None:
    """Level by level, so that depth costs no stack."""
    level: list[JsonValue] = [document]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[JsonValue] = []
        for value in level:
            if isinstance(value, dict):
                _check_text("".join(value))
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, int) and abs(value) > MAX_NUMBER:
                raise BadRequestData("the body holds a number that is too large")
        if not deeper:
            return
        level = deeper
    raise BadRequestData(f"the body is nested more than {MAX_DEPTH} levels deep")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise BadRequestData("the body holds a text with the character U+0000")
