"""Answers of a form: what was typed, read into values, and everything wrong with it at once."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from . import expressions
from .calendar import Calendar
from .definition import Definition, Field, FieldType, Page, Words
from .values import Record, Scalar, Unknown, Value, unknown

Raw: TypeAlias = Mapping[str, "str | Sequence[Mapping[str, str]]"]
"""What was typed: `key → text`, and for a repeated page `list → rows of key → text`."""

KANA = re.compile(r"[ァ-ヺー・\s]+")
PHONE = re.compile(r"0\d{1,4}-?\d{1,4}-?\d{3,4}")
MY_NUMBER_LENGTH = 12


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """`bank_name` or `children[0].birth_date`: also the id of the input on the page."""
    page: str
    label: Words
    reason: str
    """One of the message ids under `procedures.form.wrong`, or `check` for words of the file."""
    words: Words | None = None


class Reading(msgspec.Struct, frozen=True):
    values: Mapping[str, Value]
    problems: tuple[FieldProblem, ...]


def read_scalar(field: Field, text: str) -> Scalar | None:
    """The value that was typed, or None when it is not of the field's type."""
    text = text.strip()
    match field.type:
        case FieldType.DATE:
            try:
                return date.fromisoformat(text)
            except ValueError:
                return None
        case FieldType.YES_NO:
            return {"yes": True, "no": False}.get(text)
        case FieldType.AGREEMENT:
            return True if text == "yes" else None
        case FieldType.CHOICE:
            return text if any(option.value == text for option in field.options) else None
        case FieldType.KANA:
            return text if KANA.fullmatch(text) else None
        case FieldType.PHONE:
            return text if PHONE.fullmatch(text) else None
        case FieldType.DIGITS:
            return text if text.isascii() and text.isdigit() else None
        case FieldType.TEXT:
            return text


def looks_like_my_number(text: str) -> bool:
    """個人番号 is refused wherever somebody types it: twelve digits with a right check digit."""
    digits = re.sub(r"[\s-]", "", text)
    if len(digits) != MY_NUMBER_LENGTH or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(
        int(digit) * (n + 1 if n <= 6 else n - 5)
        for n, digit in enumerate(reversed(digits[:-1]), start=1)
    )
    rest = total % 11
    return int(digits[-1]) == (0 if rest <= 1 else 11 - rest)


def read_values(definition: Definition, raw: Raw) -> Mapping[str, Value]:
    """All answers as values; what is missing or unreadable is unknown."""
    values: dict[str, Value] = {}
    for page in definition.pages:
        if page.repeat:
            values[page.repeat] = _read_rows(page, rows_of(raw, page.repeat))
            continue
        for field in page.fields:
            values[field.key] = _read(field, text_of(raw, field.key), field.key)
    return MappingProxyType(values)


def _read_rows(page: Page, rows: Sequence[Mapping[str, str]]) -> Value:
    if not rows:
        return unknown(page.repeat)
    return tuple(
        Record(
            f"{page.repeat}[{n}]",
            MappingProxyType(
                {
                    "position": n,
                    **{
                        f.key: _read(f, row.get(f.key, ""), f"{page.repeat}[{n}].{f.key}")
                        for f in page.fields
                    },
                }
            ),
        )
        for n, row in enumerate(rows)
    )


def _read(field: Field, text: str, path: str) -> Scalar | Unknown:
    value = read_scalar(field, text) if text.strip() else None
    return unknown(path) if value is None else value


def text_of(raw: Raw, key: str) -> str:
    found = raw.get(key, "")
    return found if isinstance(found, str) else ""


def rows_of(raw: Raw, name: str) -> Sequence[Mapping[str, str]]:
    found = raw.get(name, ())
    return () if isinstance(found, str) else found


def truth(source: str, scope: Mapping[str, Value], calendar: Calendar) -> bool | None:
    """A condition of the form; None while it cannot be known."""
    value = expressions.evaluate(expressions.parse(source), scope, calendar)
    return None if isinstance(value, Unknown) else value is True


def is_visible(field: Field, scope: Mapping[str, Value], calendar: Calendar) -> bool:
    """Unknown counts as visible: a question is never hidden because another is unanswered."""
    return truth(field.visible, scope, calendar) is not False


def check_pages(
    definition: Definition,
    raw: Raw,
    dates: Mapping[str, date],
    calendar: Calendar,
    only_page: str = "",
) -> Reading:
    """Every wrong field at once, in the order of the pages."""
    values = read_values(definition, raw)
    problems: list[FieldProblem] = []
    for page in definition.pages:
        if only_page and page.id != only_page:
            continue
        if not page.repeat:
            scope = {**values, **dates}
            for field in page.fields:
                text = text_of(raw, field.key)
                problems += _check_field(page, field, text, field.key, scope, calendar)
            continue
        problems += _check_rows(page, raw, {**values, **dates}, calendar)
    return Reading(values=values, problems=tuple(problems))


def _check_rows(
    page: Page, raw: Raw, scope: Mapping[str, Value], calendar: Calendar
) -> list[FieldProblem]:
    rows = rows_of(raw, page.repeat)
    if not rows:
        return [FieldProblem(path=page.repeat, page=page.id, label=page.title, reason="empty")]
    found: list[FieldProblem] = []
    records = scope[page.repeat]
    for n, row in enumerate(rows):
        record = records[n] if isinstance(records, tuple) else unknown(page.repeat)
        inner = {**scope, "row": record}
        for field in page.fields:
            path = f"{page.repeat}[{n}].{field.key}"
            found += _check_field(page, field, row.get(field.key, ""), path, inner, calendar)
    return found


def _check_field(
    page: Page,
    field: Field,
    text: str,
    path: str,
    scope: Mapping[str, Value],
    calendar: Calendar,
) -> list[FieldProblem]:
    def problem(reason: str, words: Words | None = None) -> list[FieldProblem]:
        return [
            FieldProblem(path=path, page=page.id, label=field.label, reason=reason, words=words)
        ]

    if truth(field.visible, scope, calendar) is False:
        return []
    if not text.strip():
        return problem("empty") if truth(field.required, scope, calendar) else []
    if looks_like_my_number(text):
        return problem("my_number")
    if len(text) > field.max_length:
        return problem("too_long")
    if read_scalar(field, text) is None:
        return problem(field.type)
    broken = [c for c in field.checks if truth(c.expr, scope, calendar) is False]
    return problem("check", broken[0].message) if broken else []


def drop_hidden(
    definition: Definition, raw: Raw, dates: Mapping[str, date], calendar: Calendar
) -> dict[str, str | list[dict[str, str]]]:
    """What is sent: only declared fields, and of those only what the applicant could see."""
    values = {**read_values(definition, raw), **dates}
    kept: dict[str, str | list[dict[str, str]]] = {}
    for page in definition.pages:
        if page.repeat:
            records = values[page.repeat]
            kept[page.repeat] = [
                {
                    f.key: row.get(f.key, "")
                    for f in page.fields
                    if isinstance(records, tuple)
                    and is_visible(f, {**values, "row": records[n]}, calendar)
                }
                for n, row in enumerate(rows_of(raw, page.repeat))
            ]
            continue
        for field in page.fields:
            if is_visible(field, values, calendar):
                kept[field.key] = text_of(raw, field.key)
    return kept
