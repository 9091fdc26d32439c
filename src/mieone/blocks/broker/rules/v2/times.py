"""Times as NGSI v2 reads and writes them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_PATTERN: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:T(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|([+-])(\d\d)(?::?(\d\d))?)?)?",
    re.ASCII,
)


def find_time(text: object) -> datetime | None:
    """ISO 8601, date alone or with a time of any precision; UTC where no zone is told."""
    matched = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, off_h, off_m = matched.groups()
    offset = timedelta(hours=int(off_h or 0), minutes=int(off_m or 0))
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=timezone(-offset if sign == "-" else offset),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_time(at: datetime) -> str:
    """Always with milliseconds and always in UTC."""
    whole = at.astimezone(UTC)
    milli = whole.microsecond // 1000
    # strftime writes the year 999 with three digits.
    return f"{whole.year:04d}-{whole:%m-%dT%H:%M:%S}.{milli:03d}Z"
