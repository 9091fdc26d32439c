"""Values in q: quoted texts, numbers, booleans, times, URIs; lists and ranges of them."""

import math
import re
from typing import Final

from mieone.blocks.broker.model import Scalar, Span
from mieone.blocks.broker.problems import TooComplexQuery
from mieone.blocks.broker.rules.instants import find_instant

from .reader import MOST_VALUES, Reader

_NUMBER: Final = re.compile(r"[+-]?(\d{1,300})(\.\d{1,300})?([eE][+-]?\d{1,4})?", re.ASCII)
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>\\^`{}]+")
_VALUE_ENDS: Final = ',;|()"'
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}


def read_values(reader: Reader) -> tuple[tuple[Scalar | Span, ...], bool]:
    """The values of a comparison, and whether one stood in quotes."""
    values: list[Scalar | Span] = []
    is_quoted = False
    while True:
        value, was_quoted = _read_value(reader)
        values.append(value)
        is_quoted = is_quoted or was_quoted
        if len(values) > MOST_VALUES:
            raise TooComplexQuery(f"{reader.what} lists more than {MOST_VALUES} values")
        if not reader.take(","):
            return tuple(values), is_quoted


def read_pattern(reader: Reader) -> str:
    """In quotes, or bare up to the end of the term; brackets inside it are balanced."""
    reader.skip_blanks()
    if reader.peek() == '"':
        return _read_quoted(reader)
    start = reader.at
    open_brackets: list[str] = []
    while not reader.is_at_end:
        mark = reader.peek()
        if open_brackets and mark == open_brackets[-1]:
            open_brackets.pop()
        elif mark in _OPENING:
            open_brackets.append(_OPENING[mark])
        elif not open_brackets and mark in ";|)":
            break
        reader.at += 2 if mark == "\\" else 1
    reader.at = min(reader.at, len(reader.text))
    if reader.at == start:
        reader.fail("a pattern is missing")
    return reader.text[start : reader.at]


def _read_value(reader: Reader) -> tuple[Scalar | Span, bool]:
    reader.skip_blanks()
    start = reader.at
    if reader.peek() == '"':
        low: Scalar = _read_quoted(reader)
        if not reader.take(".."):
            return low, True
        return _span(reader, low, _read_end(reader), start), True
    written = reader.take_until(_VALUE_ENDS)
    if ".." in written and not _URI.fullmatch(written):
        first, _, last = written.partition("..")
        low, high = _scalar(reader, first, start), _scalar(reader, last, start)
        return _span(reader, low, high, start), False
    return _scalar(reader, written, start), False


def _read_end(reader: Reader) -> Scalar:
    if reader.peek() == '"':
        return _read_quoted(reader)
    start = reader.at
    return _scalar(reader, reader.take_until(_VALUE_ENDS), start)


def _span(reader: Reader, low: Scalar, high: Scalar, start: int) -> Span:
    if _sort(low) is not _sort(high) or isinstance(low, bool):
        reader.fail("the ends of a range are not comparable", start)
    return Span(low, high)


def _sort(value: Scalar) -> type:
    return float if isinstance(value, int | float) else type(value)


def _scalar(reader: Reader, written: str, start: int) -> Scalar:
    written = written.strip(" ")
    if written in ("true", "false"):
        return written == "true"
    matched = _NUMBER.fullmatch(written)
    if matched is not None:
        if not (matched[2] or matched[3]):
            return int(written)
        number = float(written)
        if math.isfinite(number):
            return number
    instant = find_instant(written)
    if instant is not None:
        return instant
    if not (_TIME.fullmatch(written) or _URI.fullmatch(written)):
        reader.fail(f"{written!r} is no value; texts stand in quotes", start)
    return written


def _read_quoted(reader: Reader) -> str:
    """A backslash keeps a quote or another backslash; before anything else it stands for itself."""
    start = reader.at
    reader.expect('"')
    parts: list[str] = []
    while True:
        parts.append(reader.take_until('"\\'))
        if reader.take('"'):
            return "".join(parts)
        if reader.is_at_end:
            reader.fail("the closing quote is missing", start)
        if reader.take('\\"'):
            parts.append('"')
        elif reader.take("\\\\"):
            parts.append("\\")
        else:
            reader.take("\\")
            parts.append("\\")
