"""The evaluator: small, safe, and honest about what it does not know."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.procedures.rules import functions
from mieone.blocks.procedures.rules.expression_types import infer_type
from mieone.blocks.procedures.rules.expressions import ExpressionError, evaluate, parse
from mieone.blocks.procedures.rules.values import Kind, ListType, Record, RecordType, Unknown

from . import given

CALENDAR = given.library().calendar


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os')",
        "(1).real",
        "a.b.c",
        "2 ** 99999",
        "1.5",
        "b'x'",
        "[1, 2]",
        "{1: 2}",
        "lambda: 1",
        "f'{a}'",
        "open('x')",
        "count(x for x in xs if count(y for y in xs) > 1)",
        "sum(x for x in (1, 2))",
        "[x for x in xs]",
        "(x := 1)",
        "a if b",
        "date(a)",
        "date('2024-13-01')",
        "decimal('x')",
        "min(a, key=b)",
        "1 / 2",
        "a @ b",
        "a[0]",
        "await a",
        "None",
        "a is b",
        "+" + "(" * 30 + "1" + ")" * 30,
        "not " * 25 + "a",
        " + ".join(["1"] * 101),
        "\x00",
        "",
    ],
)
def test_what_is_not_on_the_list_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        parse(source)


def test_arithmetic_dates_and_records_work() -> None:
    scope = {
        "rows": tuple(Record(f"rows[{n}]", {"n": n}) for n in range(4)),
        "day": date(2026, 1, 31),
        "r": Record("r", {"x": 5}),
    }

    def value(source: str) -> object:
        return evaluate(parse(source), scope, CALENDAR)

    assert value("sum(row.n for row in rows if row.n > 1)") == 5
    assert value("count(row for row in rows)") == 4
    assert value("max(row.n for row in rows) - min(1, 2)") == 2
    assert value("add_days(day, 15) == date('2026-02-15')") is True
    assert value("next_business_day(date('2026-09-19'))") == date(2026, 9, 24)
    assert value("r.x in (1, 5) and not r.x in (2, 3)") is True
    assert value("1 < r.x < 4 or r.x // 2 == 2") is True
    assert value("round_half_up(decimal('12391.57'), 10)") == 12390
    assert value("floor_to(999, 100)") == 900


def test_too_many_steps_stop() -> None:
    rows = tuple(Record(f"rows[{n}]", {"n": n}) for n in range(11_000))
    with pytest.raises(ExpressionError):
        evaluate(parse("sum(row.n for row in rows)"), {"rows": rows})


def test_division_by_zero_is_an_error_of_the_file() -> None:
    with pytest.raises(ExpressionError):
        evaluate(parse("1 // a"), {"a": 0})


def test_a_missing_input_is_named_and_spreads() -> None:
    row = Record("children[1]", {})
    found = evaluate(parse("sum(c.yen for c in cs) + other"), {"cs": (row,)})
    assert found == Unknown(frozenset({"children[1].yen", "other"}))


@pytest.mark.parametrize(
    ("source", "settled"),
    [("a and False", False), ("a or True", True), ("True and a", None), ("not a", None)],
)
def test_unknown_is_never_turned_into_no(source: str, settled: bool | None) -> None:
    found = evaluate(parse(source), {})
    assert found is settled or (settled is None and isinstance(found, Unknown))


NAMES = ("a", "b", "c")
leaves = st.sampled_from([*NAMES, "True", "False"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} and {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} or {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} == {p[1]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        inner.map(lambda p: f"(not {p})"),
    ),
    max_leaves=6,
)


@for_all(
    formulas,
    st.dictionaries(st.sampled_from(NAMES), st.booleans()),
    st.tuples(*[st.booleans()] * 3),
)
def test_an_answer_given_without_an_input_holds_whatever_that_input_is(
    source: str, known: dict[str, bool], rest: tuple[bool, ...]
) -> None:
    expression = parse(source)
    early = evaluate(expression, known)
    late = evaluate(expression, {**dict(zip(NAMES, rest, strict=True)), **known})
    assert isinstance(early, Unknown) or early == late


@pytest.mark.parametrize(
    "source",
    ["a + flag", "flag < flag", "a == text", "nobody", "row.nobody", "rows == rows", "not a",
     "add_days(a, a)", "flag and a", "a if flag else text", "sum(r.day for r in rows)", "a in (1, 'x')"],
)  # fmt: skip
def test_wrong_types_are_found_before_publishing(source: str) -> None:
    record = RecordType({"n": Kind.INT, "day": Kind.DATE})
    scope = {
        "a": Kind.INT, "flag": Kind.BOOL, "text": Kind.TEXT, "row": record, "rows": ListType(record),
    }  # fmt: skip
    with pytest.raises(ExpressionError):
        infer_type(parse(source), scope)


@pytest.mark.parametrize(
    ("birth", "years", "end"),
    [
        ("2008-04-01", 18, "2026-03-31"),
        ("2008-04-02", 18, "2027-03-31"),
        ("2008-03-31", 18, "2026-03-31"),
        ("2008-02-29", 18, "2026-03-31"),
        ("2022-01-01", 3, "2025-03-31"),
    ],
)
def test_who_is_born_on_the_first_of_april_belongs_to_the_older_year(
    birth: str, years: int, end: str
) -> None:
    assert functions.fy_end_after_age(date.fromisoformat(birth), years) == date.fromisoformat(end)


def test_ages_turn_on_the_birthday_and_after_the_last_of_february() -> None:
    assert functions.age_on(date(2020, 5, 2), date(2023, 5, 1)) == 2
    assert functions.age_on(date(2020, 5, 2), date(2023, 5, 2)) == 3
    assert functions.age_on(date(2020, 2, 29), date(2023, 2, 28)) == 2
    assert functions.age_on(date(2020, 2, 29), date(2023, 3, 1)) == 3


@for_all(st.dates(date(1950, 1, 1), date(2050, 1, 1)), st.dates(date(1950, 1, 1), date(2050, 1, 1)))
def test_months_between_is_the_inverse_of_add_months(start: date, end: date) -> None:
    months = functions.months_between(start, end)
    if start <= end:
        assert functions.add_months(start, months) <= end < functions.add_months(start, months + 1)


@for_all(st.integers(0, 10**7), st.sampled_from([1, 10, 100, 1000]))
def test_rounding_stays_within_half_a_unit(amount: int, unit: int) -> None:
    assert abs(functions.round_half_up(Decimal(amount), unit) - amount) * 2 <= unit
    assert 0 <= amount - functions.floor_to(amount, unit) < unit
