"""Times as text: what counts as an instant, read the same way for indexes and for conditions."""

import re
from datetime import UTC, date, datetime
from typing import Final

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?"
)


def find_instant(text: str) -> datetime | None:
    """A date-time (UTC when it names no zone) or a date (its first moment in UTC), to the µs."""
    if len(text) > 40:
        return None
    if _DATE.fullmatch(text):
        return _first_moment(text)
    matched = _DATE_TIME.fullmatch(text)
    if matched is None:
        return None
    stem, fraction, zone = matched.groups()
    micro = f".{fraction[:6].ljust(6, '0')}" if fraction else ""
    full = stem if len(stem) > 16 else f"{stem}:00"
    try:
        read = datetime.fromisoformat(f"{full}{micro}{zone or 'Z'}")
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _first_moment(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
