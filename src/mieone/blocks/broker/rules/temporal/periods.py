"""ISO 8601 durations and the periods they cut time into. Everything is UTC, so no day is 23 hours."""

import calendar
import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from mieone.blocks.broker.model.temporal import Period
from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery

_DURATION: Final = re.compile(
    r"P(?:(\d{1,6})W|(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d{1,6}))?S)?)?)"
)
_SECOND: Final = 1_000_000
MAX_BOUNDARIES: Final = 20_000


def parse_period(text: str) -> Period:
    """`P[n]Y[n]M[n]DT[n]H[n]M[n]S` or `P[n]W`. Raises BadRequestData."""
    matched = _DURATION.fullmatch(text) if len(text) <= 100 else None
    if matched is None or not any(matched.groups()):
        raise BadRequestData("aggrPeriodDuration takes an ISO 8601 duration such as PT1H or P1M")
    weeks, years, months, days, hours, minutes, seconds = (
        int(part or 0) for part in matched.groups()[:7]
    )
    fraction = int((matched[8] or "").ljust(6, "0"))
    total = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    return Period(months=years * 12 + months, microseconds=total * _SECOND + fraction)


def period_start(anchor: datetime, period: Period, number: int) -> datetime:
    """Where period `number` begins, counted from the anchor each time: 31 January and a month is the
    last of February, and two months is 31 March."""
    at = _add_months(anchor, period.months * number)
    return at + timedelta(microseconds=period.microseconds * number)


def _add_months(at: datetime, months: int) -> datetime:
    if not months:
        return at
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return at.replace(year=year, month=month + 1, day=min(at.day, last))


def list_starts(anchor: datetime, period: Period, until: datetime) -> list[datetime]:
    """Where every period begins that begins at or before `until`. Raises TooComplexQuery."""
    starts: list[datetime] = []
    for number in range(MAX_BOUNDARIES + 1):
        try:
            start = period_start(anchor, period, number)
        except (ValueError, OverflowError):
            return starts
        if start > until:
            return starts
        starts.append(start)
    raise TooComplexQuery(f"the time asked for has more than {MAX_BOUNDARIES} periods")


def find_start(starts: Sequence[datetime], at: datetime) -> int:
    """The number of the period that `at` lies in."""
    return bisect_right(starts, at) - 1


def period_end(anchor: datetime, period: Period, number: int) -> datetime:
    try:
        return period_start(anchor, period, number + 1)
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=anchor.tzinfo)
