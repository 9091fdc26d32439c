"""Legal clocks are functions of events; nobody can stop a statutory one."""

from datetime import date, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.procedures.rules.calendar import CalendarEnds
from mieone.blocks.procedures.rules.clocks import (
    ClockKind,
    ClockRule,
    Happening,
    Span,
    last_day_after_days,
    last_day_after_months,
    read_clock,
)

from . import given

CALENDAR = given.library().calendar
PAUSE = (Span(starts="ask_correction", ends="correct"),)


def clock(kind: ClockKind, days: int, **more: object) -> ClockRule:
    return ClockRule(
        id="clock", kind=kind, starts=("submit",), stops=("decide",), days=days, pauses=PAUSE,
        source="test", verified=True, **more,
    )  # type: ignore[arg-type]  # fmt: skip


def happenings(*pairs: tuple[str, str]) -> list[Happening]:
    return [Happening(date.fromisoformat(on), n, act) for n, (on, act) in enumerate(pairs)]


def test_the_first_day_is_not_counted() -> None:
    assert last_day_after_days(date(2026, 4, 1), 30) == date(2026, 5, 1)
    assert last_day_after_days(date(2026, 1, 31), 15) == date(2026, 2, 15)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-30", "2026-04-30"),
        ("2026-02-28", "2026-05-31"),
        ("2026-03-31", "2026-06-30"),
        ("2026-11-29", "2027-02-28"),
        ("2026-11-30", "2027-02-28"),
        ("2026-05-10", "2026-08-10"),
    ],
)
def test_three_months_to_appeal(start: str, end: str) -> None:
    assert last_day_after_months(date.fromisoformat(start), 3) == date.fromisoformat(end)


def test_a_last_day_on_sunday_moves_only_where_the_definition_says_so() -> None:
    events = happenings(("2026-01-31", "submit"))
    stays = read_clock(clock(ClockKind.FILING, 15), events, CALENDAR, date(2026, 2, 1))
    moves = read_clock(clock(ClockKind.FILING, 15, roll=True), events, CALENDAR, date(2026, 2, 1))
    assert stays
    assert stays.due_on == date(2026, 2, 15)
    assert stays.days_left == 14
    assert moves
    assert moves.due_on == date(2026, 2, 16)


def test_a_run_of_holidays_is_closed_as_a_whole() -> None:
    days = [date(2026, 9, 19) + timedelta(days=n) for n in range(5)]
    assert all(CALENDAR.is_closed(day) for day in days)
    assert CALENDAR.next_business_day(days[0]) == date(2026, 9, 24)
    assert CALENDAR.next_business_day(date(2026, 12, 29)) == date(2027, 1, 4)


def test_a_year_without_holidays_on_file_is_not_guessed() -> None:
    with pytest.raises(CalendarEnds):
        CALENDAR.is_closed(date(2099, 1, 4))


def test_the_standard_period_rests_while_the_applicant_is_awaited() -> None:
    rule = clock(ClockKind.STANDARD, 14)
    asked = happenings(("2026-04-01", "submit"), ("2026-04-03", "ask_correction"))
    answered = [*asked, Happening(date(2026, 4, 10), 2, "correct")]

    waiting = read_clock(rule, asked, CALENDAR, date(2026, 4, 5))
    going_on = read_clock(rule, answered, CALENDAR, date(2026, 4, 11))

    assert waiting
    assert waiting.is_paused
    assert waiting.due_on is None
    assert going_on
    assert going_on.due_on == date(2026, 4, 22)


def test_asking_and_answering_on_one_day_costs_nothing() -> None:
    rule = clock(ClockKind.STANDARD, 14)
    events = happenings(
        ("2026-04-01", "submit"), ("2026-04-03", "ask_correction"), ("2026-04-03", "correct")
    )
    found = read_clock(rule, events, CALENDAR, date(2026, 4, 4))
    assert found
    assert found.due_on == date(2026, 4, 15)


def test_a_second_request_for_correction_has_its_own_term() -> None:
    rule = ClockRule(
        id="c", kind=ClockKind.CORRECTION, starts=("ask_correction",), stops=("correct",), days=14,
        source="test", verified=True,
    )  # fmt: skip
    events = happenings(
        ("2026-04-01", "ask_correction"),
        ("2026-04-05", "correct"),
        ("2026-04-08", "ask_correction"),
    )
    found = read_clock(rule, events, CALENDAR, date(2026, 4, 9))
    assert found
    assert found.due_on == date(2026, 4, 22)
    assert found.stopped_on is None


days = st.dates(date(2026, 4, 1), date(2026, 6, 30))
waits = st.lists(st.tuples(days, st.integers(0, 20)), max_size=4)


def as_events(pairs: list[tuple[date, int]]) -> list[Happening]:
    events = [Happening(date(2026, 4, 1), 0, "submit")]
    for n, (start, length) in enumerate(pairs):
        events.append(Happening(start, 2 * n + 1, "ask_correction"))
        events.append(Happening(start + timedelta(days=length), 2 * n + 2, "correct"))
    return events


@for_all(waits, st.randoms(), st.sampled_from([ClockKind.STANDARD, ClockKind.STATUTORY]))
def test_the_order_events_are_given_in_does_not_matter(pairs, random, kind) -> None:  # type: ignore[no-untyped-def]
    events = as_events(pairs)
    shuffled = list(events)
    random.shuffle(shuffled)
    today = date(2026, 5, 1)
    rule = clock(kind, 30)
    assert read_clock(rule, events, CALENDAR, today) == read_clock(rule, shuffled, CALENDAR, today)


@for_all(waits)
def test_pauses_never_shorten_a_period_and_never_touch_a_statutory_one(pairs) -> None:  # type: ignore[no-untyped-def]
    today = date(2026, 5, 1)
    plain = as_events([])
    paused = as_events(pairs)
    for kind in (ClockKind.STANDARD, ClockKind.STATUTORY):
        rule = clock(kind, 30)
        without = read_clock(rule, plain, CALENDAR, today)
        with_pauses = read_clock(rule, paused, CALENDAR, today)
        assert without
        assert with_pauses
        assert without.due_on
        if kind is ClockKind.STATUTORY:
            assert with_pauses.due_on == without.due_on
        elif with_pauses.due_on:
            assert with_pauses.due_on >= without.due_on
