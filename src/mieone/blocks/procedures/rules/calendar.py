"""Days on which public offices are closed (行政機関の休日), with the public holidays as data."""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

ONE_DAY = timedelta(days=1)
NEW_YEAR_CLOSURE = frozenset({(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)})


class CalendarEnds(ValueError):
    """A day outside the years whose holidays are on file: we ask for data instead of guessing."""


class Calendar(msgspec.Struct, frozen=True):
    holidays: frozenset[date]
    first: date
    last: date

    def is_closed(self, day: date) -> bool:
        if not self.first <= day <= self.last:
            raise CalendarEnds(day.isoformat())
        weekend = day.weekday() >= 5
        return weekend or day in self.holidays or (day.month, day.day) in NEW_YEAR_CLOSURE

    def next_business_day(self, day: date) -> date:
        """The day itself when offices are open, else the next day they are."""
        while self.is_closed(day):
            day += ONE_DAY
        return day


def read_calendar(days: Iterable[str]) -> Calendar:
    """A calendar of whole years from ISO dates."""
    holidays = frozenset(date.fromisoformat(day) for day in days)
    years = [day.year for day in holidays]
    return Calendar(holidays=holidays, first=date(min(years), 1, 1), last=date(max(years), 12, 31))
