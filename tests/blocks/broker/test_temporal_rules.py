"""Durations, periods, ids and policies of histories, by properties."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.model import AttributeKind, Instance
from mieone.blocks.broker.model.temporal import HistoryPolicy, Period, ValueSort
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.temporal import keys, policies
from mieone.blocks.broker.rules.temporal.measuring import fingerprint, measure
from mieone.blocks.broker.rules.temporal.periods import (
    find_start,
    list_starts,
    parse_period,
    period_end,
    period_start,
)

SECONDS = st.integers(31_536_000_000_000, 7_258_118_400_000_000)
INSTANTS = SECONDS.map(
    lambda micro: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
)
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("text", "months", "microseconds"),
    [
        ("PT1H", 0, HOUR),
        ("P1D", 0, 24 * HOUR),
        ("P2W", 0, 14 * 24 * HOUR),
        ("P3Y6M4DT12H30M5S", 42, (4 * 24 + 12) * HOUR + 1_805_000_000),
        ("PT0S", 0, 0),
        ("P0D", 0, 0),
        ("PT0.5S", 0, 500_000),
        ("P1M", 1, 0),
        ("PT1M", 0, 60_000_000),
    ],
)
def test_a_duration_is_read(text: str, months: int, microseconds: int) -> None:
    assert parse_period(text) == Period(months=months, microseconds=microseconds)


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "1H", "P1H", "P1DT", "PT1D", "P1W2D", "p1d", "P-1D", "P1.5D", "P9999999Y"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadRequestData):
        parse_period(text)


@for_all(at=INSTANTS, months=st.integers(1, 14), micro=st.sampled_from([0, HOUR, 36 * HOUR]))
def test_calendar_periods_leave_no_gap(at: datetime, months: int, micro: int) -> None:
    period = Period(months=months, microseconds=micro)
    starts = list_starts(at, period, at + timedelta(days=900))

    assert starts[0] == at
    assert starts == sorted(set(starts))
    for number, start in enumerate(starts):
        assert period_start(at, period, number) == start
        assert find_start(starts, start) == number
        end = period_end(at, period, number)
        assert end > start
        if number + 1 < len(starts):
            assert end == starts[number + 1]
            assert find_start(starts, end - timedelta(microseconds=1)) == number


def test_a_month_from_its_last_day_is_the_last_day_of_the_next() -> None:
    anchor = datetime(2027, 12, 31, 9, tzinfo=UTC)
    days = [period_start(anchor, Period(months=1), number).date() for number in range(4)]
    assert days == [date(2027, 12, 31), date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31)]


@for_all(at=INSTANTS, later=st.integers(0, 10**13), step=st.integers(1, 10**12))
def test_an_instant_lies_in_its_period(at: datetime, later: int, step: int) -> None:
    period, instant = Period(microseconds=step), at + timedelta(microseconds=later)
    number = later // step
    assert period_start(at, period, number) <= instant < period_end(at, period, number)


@for_all(at=INSTANTS, place=st.integers(0, 2**24 - 1))
def test_an_instance_id_tells_when_it_was_recorded(at: datetime, place: int) -> None:
    made = keys.instance_id(at, place)
    assert keys.recording_time(made) == at
    assert keys.find_instance_id(keys.instance_uri(made)) == made


@for_all(ats=st.lists(INSTANTS, min_size=2, max_size=5, unique=True))
def test_instance_ids_sort_as_they_were_recorded(ats: list[datetime]) -> None:
    made = [keys.instance_id(at, place) for at in sorted(ats) for place in range(3)]
    assert made == sorted(made)


def value(kind: AttributeKind, told: object) -> Instance:
    return Instance(kind=kind, value=told)  # type: ignore[arg-type]


def test_values_are_sorted_as_the_standard_tabulates_them() -> None:
    of_property = AttributeKind.PROPERTY
    assert measure(value(of_property, 2)).number == 2.0
    assert measure(value(of_property, True)).sort is ValueSort.BOOLEAN
    assert measure(value(of_property, [1, 2, 3])).number == 3.0
    assert measure(value(of_property, {"@type": "DateTime", "@value": "x"})).sort is (
        ValueSort.DATE_TIME
    )
    assert measure(value(of_property, {"a": 1})).sort is ValueSort.OTHER
    assert measure(value(AttributeKind.RELATIONSHIP, "urn:x:1")).sort is ValueSort.OTHER
    assert measure(value(of_property, 10**400)).sort is ValueSort.OTHER


def test_equal_values_have_one_fingerprint() -> None:
    assert fingerprint(1) == fingerprint(1.0)
    assert fingerprint({"a": 1, "b": [2.0]}) == fingerprint({"b": [2], "a": 1.0})
    assert len({fingerprint(one) for one in (1, True, "1", None, [1], {"a": 1})}) == 6


def policy(**parts: object) -> HistoryPolicy:
    given = {"keeps_history": True, "valid_from": date(2026, 1, 1), "reason": "x", **parts}
    return HistoryPolicy(**given)  # type: ignore[arg-type]


def test_the_closer_policy_wins() -> None:
    known = (
        policy(retention_days=30),
        policy(tenant="a", keeps_history=False),
        policy(type="T", retention_days=365),
    )
    assert policies.decide_keeping(known, "b", ["U"], default=False)
    assert not policies.decide_keeping(known, "a", ["U"], default=True)
    assert policies.decide_keeping(known, "a", ["T"], default=False)
    assert policies.decide_keeping(known, "a", ["U", "T"], default=False)
    assert policies.decide_retention(known, "b", ["U"]) == 30
    assert policies.decide_retention(known, "b", ["U", "T"]) == 365
    assert policies.longest_retention(known[:1]) == 30
    assert policies.longest_retention(known[2:]) is None


def test_a_policy_holds_only_in_its_time() -> None:
    past = policy(valid_from=date(2025, 1, 1), valid_until=date(2026, 1, 1))
    assert policies.list_valid([past, policy()], date(2026, 1, 1)) == (policy(),)
    assert policies.decide_keeping((), "a", ["T"], default=True)
