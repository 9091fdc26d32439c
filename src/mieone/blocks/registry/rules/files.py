"""A register file, read and checked: good rows are taken, every bad one is named with its reason.

A reason never repeats a value. Format: docs/formats/register-import.md.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from mieone.blocks.registry.model import (
    COLUMNS,
    Entry,
    Finding,
    RegisterFile,
    ResidentStatus,
    Sex,
    Weight,
)
from mieone.blocks.registry.problems import FileNotText, FileWithoutRows, FileWrongColumns

from .characters import comparable_kana, count_characters, has_private_use
from .my_number import holds_my_number

LONGEST = 120
OLDEST_YEARS = 130
_ADDRESSEE = re.compile(r"A-[0-9A-Z]{1,15}")
_HOUSEHOLD = re.compile(r"S-[0-9A-Z]{1,15}")
_POSTAL = re.compile(r"[0-9]{7}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KANA = re.compile(r"[ァ-ヺー・.,'\-A-Z]+")
_TWELVE_DIGITS = re.compile(r"[0-9０-９](?:[^0-9０-９]{0,2}[0-9０-９]){11}")
_DATES = ("born_on", "moved_in_on", "status_on", "protected_from", "protected_until")
_REQUIRED = (
    "addressee_number",
    "household_number",
    "relationship",
    "name",
    "born_on",
    "sex",
    "oaza",
    "status",
)
_SENDABLE = frozenset(status for status in ResidentStatus if status is not ResidentStatus.ABSENT)

Row = Mapping[str, str]
Check = Callable[[str], str | None]


class Wrong(msgspec.Struct, frozen=True):
    """What is the matter with one column of a row (None: with the row as a whole)."""

    column: str | None
    reason: str
    weight: Weight = Weight.REFUSED


def read_register_file(content: bytes, today: date) -> RegisterFile:
    """Raises FileNotText, FileWrongColumns, FileWithoutRows; anything less is a finding."""
    rows = _read_rows(content)
    usage = Counter(row.get("addressee_number", "") for _, row in rows)
    heads: set[str] = set()
    entries: list[Entry] = []
    findings: list[Finding] = []
    refused: set[str] = set()
    has_unreadable = False
    for number, row in rows:
        wrongs = [*check_row(row, today), *_check_twice(row, usage)]
        entry = None if any(one.weight is Weight.REFUSED for one in wrongs) else make_entry(row)
        if entry is not None and entry.is_head and entry.status is ResidentStatus.RESIDENT:
            if entry.household_number in heads:
                wrongs, entry = [*wrongs, Wrong("relationship", "second_head")], None
            else:
                heads.add(entry.household_number)
        findings.extend(_finding(number, one) for one in wrongs)
        if entry is not None:
            entries.append(entry)
        elif _ADDRESSEE.fullmatch(row.get("addressee_number", "")):
            refused.add(row["addressee_number"])
        else:
            has_unreadable = True
    return RegisterFile(
        entries=tuple(entries),
        findings=tuple(findings),
        row_count=len(rows),
        refused_numbers=frozenset(refused),
        has_unreadable_number=has_unreadable,
    )


def check_row(row: Row, today: date) -> list[Wrong]:
    """Everything wrong with a row, at once."""
    if len(row) != len(COLUMNS):
        return [Wrong(None, "field_count")]
    # Nothing else is said about a row that may hold a My Number: it must be found and destroyed.
    if secret := _find_my_numbers(row):
        return secret
    missing = [Wrong(name, "missing") for name in _REQUIRED if not row[name]]
    shapes = [
        Wrong(name, reason)
        for name, check in _CHECKS.items()
        if row[name] and (reason := check(row[name])) is not None
    ]
    wrongs = [*missing, *shapes]
    return wrongs or [*_check_dates(row, today), *_remarks(row)]


def make_entry(row: Row) -> Entry:
    """Of a row that was checked."""
    optional = {name: row[name] or None for name in COLUMNS}
    dates = {name: date.fromisoformat(row[name]) if row[name] else None for name in _DATES}
    return msgspec.convert({**optional, **dates}, Entry)


def _read_rows(content: bytes) -> list[tuple[int, Row]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise FileNotText from wrong
    if "\x00" in text:
        raise FileNotText
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, fields) for fields in reader if fields]
    except csv.Error as wrong:
        raise FileNotText from wrong
    if not lines:
        raise FileWithoutRows
    header = [name.strip() for name in lines[0][1]]
    if sorted(header) != sorted(COLUMNS):
        unknown = sorted({*header} ^ {*COLUMNS}) or sorted(header)
        raise FileWrongColumns(
            columns=", ".join(name for name in unknown if name in COLUMNS) or "—"
        )
    return [(number, _as_row(header, fields)) for number, fields in lines[1:]]


def _as_row(header: Sequence[str], fields: Sequence[str]) -> Row:
    """An empty row stands for one with another number of fields."""
    return dict(zip(header, fields, strict=True)) if len(fields) == len(header) else {}


def _check_twice(row: Row, usage: Mapping[str, int]) -> Iterator[Wrong]:
    # Nobody can say which of the two is right, so neither is taken.
    if row and usage[row["addressee_number"]] > 1:
        yield Wrong("addressee_number", "number_twice")


def _finding(number: int, wrong: Wrong) -> Finding:
    return Finding(row=number, column=wrong.column, reason=wrong.reason, weight=wrong.weight)


def _find_my_numbers(row: Row) -> list[Wrong]:
    # One look at the whole row: the gap is wider than any separator within a number.
    if _TWELVE_DIGITS.search("\n\n\n".join(row.values())) is None:
        return []
    return [Wrong(name, "my_number") for name in COLUMNS if holds_my_number(row[name])]


def _check_dates(row: Row, today: date) -> Iterator[Wrong]:
    born_on = date.fromisoformat(row["born_on"])
    if born_on > today:
        yield Wrong("born_on", "in_future")
    elif born_on.year < today.year - OLDEST_YEARS:
        yield Wrong("born_on", "too_long_ago")
    for name in ("moved_in_on", "status_on"):
        if row[name] and not born_on <= date.fromisoformat(row[name]) <= today:
            yield Wrong(name, "outside_life")
    if row["status"] != ResidentStatus.RESIDENT and not row["status_on"]:
        yield Wrong("status_on", "missing")
    if row["protected_until"] and not row["protected_from"]:
        yield Wrong("protected_from", "missing")
    elif row["protected_until"] and row["protected_until"] <= row["protected_from"]:
        yield Wrong("protected_until", "ends_before_start")


def _remarks(row: Row) -> Iterator[Wrong]:
    for name in ("name", "former_name", "alias", "oaza", "banchi", "building"):
        if has_private_use(row[name]):
            yield Wrong(name, "private_use", Weight.REMARK)
    for name, kana in (
        ("name", "name_kana"),
        ("former_name", "former_name_kana"),
        ("alias", "alias_kana"),
    ):
        if row[name] and not row[kana]:
            yield Wrong(kana, "kana_missing", Weight.REMARK)


def _is_text(value: str) -> str | None:
    if not value.isprintable() and any(ord(one) < 32 or ord(one) == 127 for one in value):
        return "control_character"
    if value != value.strip():
        return "outer_space"
    return "too_long" if len(value) > LONGEST and count_characters(value) > LONGEST else None


def _is_kana(value: str) -> str | None:
    return _is_text(value) or (None if _KANA.fullmatch(comparable_kana(value)) else "not_kana")


def _is_date(value: str) -> str | None:
    if not _DATE.fullmatch(value):
        return "not_a_date"
    try:
        date.fromisoformat(value)
    except ValueError:
        return "not_a_date"
    return None


def _is_addressee_number(value: str) -> str | None:
    return None if _ADDRESSEE.fullmatch(value) else "not_prefixed"


def _is_household_number(value: str) -> str | None:
    return None if _HOUSEHOLD.fullmatch(value) else "not_prefixed"


def _is_postal_code(value: str) -> str | None:
    return None if _POSTAL.fullmatch(value) else "not_seven_digits"


def _is_sex(value: str) -> str | None:
    return None if value in set(Sex) else "not_a_choice"


def _is_status(value: str) -> str | None:
    return None if value in _SENDABLE else "not_a_choice"


_CHECKS: Mapping[str, Check] = {
    "addressee_number": _is_addressee_number,
    "household_number": _is_household_number,
    "relationship": _is_text,
    "name": _is_text,
    "name_kana": _is_kana,
    "former_name": _is_text,
    "former_name_kana": _is_kana,
    "alias": _is_text,
    "alias_kana": _is_kana,
    "sex": _is_sex,
    "postal_code": _is_postal_code,
    "oaza": _is_text,
    "banchi": _is_text,
    "building": _is_text,
    "status": _is_status,
    **dict.fromkeys(_DATES, _is_date),
}
