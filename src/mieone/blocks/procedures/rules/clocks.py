"""Legal clocks: pure functions of events, a calendar and the definition."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from .calendar import Calendar
from .functions import add_months

ONE_DAY = timedelta(days=1)


class ClockKind(StrEnum):
    FILING = "filing"
    """申請期限: from the event to the arrival of the application."""
    STANDARD = "standard"
    """標準処理期間: a goal; it pauses while the applicant or another office is awaited."""
    STATUTORY = "statutory"
    """法定処理期限: never pauses."""
    CORRECTION = "correction"
    APPEAL = "appeal"


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pause: it begins with one act and ends with another."""

    starts: str
    ends: str


class ClockRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    kind: ClockKind
    starts: tuple[str, ...]
    stops: tuple[str, ...] = ()
    days: int | None = None
    months: int | None = None
    business_days_only: bool = False
    roll: bool = False
    """Whether a last day on a closed day moves to the next business day: only where law says so."""
    pauses: tuple[Span, ...] = ()
    law_ref: str = ""
    source: str
    verified: bool


class Happening(msgspec.Struct, frozen=True, order=True):
    """An act on a day in JST, all that a clock sees of an event."""

    on: date
    seq: int
    act: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    clock_id: str
    kind: ClockKind
    started_on: date
    due_on: date | None
    """None while the clock stands still: then the last day is not known yet."""
    stopped_on: date | None
    is_paused: bool
    days_left: int | None
    verified: bool

    @property
    def is_overdue(self) -> bool:
        return self.days_left is not None and self.days_left < 0


def last_day_after_days(start: date, days: int) -> date:
    """民法140条: the first day is not counted."""
    return start + timedelta(days=days)


def last_day_after_months(start: date, months: int) -> date:
    """民法140条・143条: counted from the next day, ending the day before the matching day."""
    first = start + ONE_DAY
    matching = add_months(first, months)
    # Where the last month lacks the matching day, the period ends with that month.
    return matching if matching.day < first.day else matching - ONE_DAY


def read_clock(
    rule: ClockRule, happenings: Iterable[Happening], calendar: Calendar, today: date
) -> Reading | None:
    """Where the clock stands today; None before it starts. The order given does not matter."""
    known = sorted(set(happenings))
    starts = [h for h in known if h.act in rule.starts]
    if not starts:
        return None
    # A correction may be asked for again, and each request has a term of its own.
    start = starts[-1] if rule.kind is ClockKind.CORRECTION else starts[0]
    started = start.on
    stopped = next((h.on for h in known if h.act in rule.stops and h > start), None)
    pauses = [] if rule.kind is ClockKind.STATUTORY else _pauses(rule, known, started, stopped)
    paused = stopped is None and any(end is None for _, end in pauses)
    due = None if paused else _due_on(rule, started, pauses, calendar)
    return Reading(
        clock_id=rule.id,
        kind=rule.kind,
        started_on=started,
        due_on=due,
        stopped_on=stopped,
        is_paused=paused,
        days_left=None if due is None or stopped else (due - today).days,
        verified=rule.verified,
    )


def _pauses(
    rule: ClockRule, known: list[Happening], started: date, stopped: date | None
) -> list[tuple[date, date | None]]:
    found: list[tuple[date, date | None]] = []
    for span in rule.pauses:
        opened: date | None = None
        for happening in known:
            if happening.on < started or (stopped and happening.on > stopped):
                continue
            if happening.act == span.starts and opened is None:
                opened = happening.on
            elif happening.act == span.ends and opened is not None:
                found.append((opened, happening.on))
                opened = None
        if opened is not None:
            found.append((opened, stopped))
    return found


def _due_on(
    rule: ClockRule,
    started: date,
    pauses: list[tuple[date, date | None]],
    calendar: Calendar,
) -> date:
    if rule.months is not None:
        due = last_day_after_months(started, rule.months)
    elif rule.days is not None:
        due = _count_days(started, rule.days, pauses, calendar, rule.business_days_only)
    else:
        raise ValueError(f"clock {rule.id} has neither days nor months")
    return calendar.next_business_day(due) if rule.roll else due


def _count_days(
    started: date,
    days: int,
    pauses: list[tuple[date, date | None]],
    calendar: Calendar,
    business_days_only: bool,
) -> date:
    day, counted = started, 0
    while counted < days:
        day += ONE_DAY
        resting = any(start < day and (end is None or day <= end) for start, end in pauses)
        closed = business_days_only and calendar.is_closed(day)
        counted += not (resting or closed)
    return day
