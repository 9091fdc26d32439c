"""Histories recomputed the simplest way: lists, loops and the standard's words."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Fact(NamedTuple):
    name: str
    dataset: str
    value: Any
    observed_at: datetime | None
    created_at: datetime
    place: int


def remember(
    posts: list[tuple[datetime, list[tuple[str, str, Any, datetime | None]]]],
) -> list[Fact]:
    """What is known after these posts: an observedAt that comes again replaces what it told."""
    known: dict[Any, Fact] = {}
    place = 0
    for created_at, instances in posts:
        for name, dataset, value, observed_at in instances:
            place += 1
            key = (name, dataset, observed_at) if observed_at else place
            known[key] = Fact(name, dataset, value, observed_at, created_at, place)
    return sorted(known.values(), key=lambda fact: fact.place)


def time_of(fact: Fact, time: str | None) -> datetime | None:
    if time == "observedAt":
        return fact.observed_at
    if time is None:
        return fact.observed_at or fact.created_at
    return fact.created_at


def within(facts: list[Fact], span: Any) -> list[Fact]:
    kept = []
    for fact in facts:
        at = time_of(fact, span.property)
        if at is None:
            continue
        if span.relation == "before" and not at < span.at:
            continue
        if span.relation == "after" and not at >= span.at:
            continue
        if span.relation == "between" and not span.at <= at < span.end_at:
            continue
        kept.append(fact)
    return kept


def newest(facts: list[Fact], span: Any) -> list[Fact]:
    if span.last_n is None:
        return facts
    kept = []
    for fact in facts:
        later = [
            other
            for other in facts
            if (other.name, other.dataset) == (fact.name, fact.dataset)
            and (time_of(other, span.property), other.place)
            > (time_of(fact, span.property), fact.place)
        ]
        if len(later) < span.last_n:
            kept.append(fact)
    return kept


def cut(facts: list[Fact], span: Any, limit: int) -> tuple[list[Fact], datetime | None]:
    """As many as an answer holds, with all that share the last one's time."""
    times = sorted((time_of(fact, span.property) for fact in facts), reverse=bool(span.last_n))
    if len(times) <= limit:
        return facts, None
    edge = times[limit - 1]
    if span.last_n:
        return [fact for fact in facts if time_of(fact, span.property) >= edge], edge
    return [fact for fact in facts if time_of(fact, span.property) <= edge], edge


def add(at: datetime, months: int, micro: int) -> datetime:
    year, month = at.year, at.month + months
    while month > 12:
        year, month = year + 1, month - 12
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 29 if month == 2 and is_leap else MONTHS[month - 1]
    moved = at.replace(year=year, month=month, day=min(at.day, last))
    return moved + timedelta(microseconds=micro)


def periods(anchor: datetime, period: Any, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    number = 0
    while True:
        start = add(anchor, period.months * number, period.microseconds * number)
        if start > until:
            return
        number += 1
        yield start, add(anchor, period.months * number, period.microseconds * number)


def is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float | list)


def number(value: Any) -> float:
    return float(len(value)) if isinstance(value, list) else float(value)


def sort_of(value: Any) -> str:
    if isinstance(value, str):
        return "s"
    if isinstance(value, dict):
        return {"DateTime": "t", "Time": "h"}.get(value.get("@type", ""), "")
    return ""


def as_text(value: Any) -> str:
    return value["@value"] if isinstance(value, dict) else value


def text_key(sort: str, text: str) -> Any:
    return (datetime.fromisoformat(text).astimezone(UTC), text) if sort == "t" else text


def aggregate(values: list[Any], method: str) -> Any:
    """None where the method does not apply."""
    if method == "totalCount":
        return len(values)
    if method == "distinctCount":
        distinct: list[Any] = []
        for value in values:
            if not any(same(value, other) for other in distinct):
                distinct.append(value)
        return len(distinct)
    numbers = [number(value) for value in values if is_number(value)]
    plain = [number(value) for value in values if is_number(value) and not isinstance(value, list)]
    sorts = [sort_of(value) for value in values if sort_of(value)]
    common = max(sorted(set(sorts), reverse=True), key=sorts.count) if sorts else ""
    texts = [as_text(value) for value in values if sort_of(value) == common and common]
    match method:
        case "sum":
            return math.fsum(numbers) if numbers else None
        case "avg" if numbers:
            return math.fsum(numbers) / len(numbers)
        case "avg":
            return average_time(texts) if common == "h" else None
        case "min" | "max":
            choose = min if method == "min" else max
            if numbers:
                return choose(numbers)
            return choose(texts, key=lambda text: text_key(common, text)) if texts else None
        case "sumsq":
            return math.fsum(one * one for one in plain) if plain else None
        case "stddev":
            return deviation(plain) if plain else None
    raise AssertionError(method)


def deviation(values: list[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1))


def average_time(texts: list[str]) -> str:
    parts = [text.rstrip("Z").split(":") for text in texts]
    seconds = [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in parts]
    whole = round(sum(seconds) / len(seconds))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}Z"


def same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other)


def aggregated(facts: list[Fact], span: Any, asked: Any) -> dict[Any, dict[str, list[Any]]]:
    """By attribute and dataset, then by method: value, start, end of every period that has one."""
    if not facts:
        return {}
    times = {fact.place: time_of(fact, span.property) for fact in facts}
    first, last = min(times.values()), max(times.values())
    anchor = span.at if span.relation in ("after", "between") else first
    if asked.period.is_whole_range:
        end = {"before": span.at, "between": span.end_at}.get(span.relation)
        ranges = [(anchor, end)]
    else:
        ranges = list(periods(anchor, asked.period, last))
    results: dict[Any, dict[str, list[Any]]] = {}
    for key in sorted({(fact.name, fact.dataset) for fact in facts}):
        own = [fact for fact in facts if (fact.name, fact.dataset) == key]
        for start, end in ranges:
            inside = [
                fact
                for fact in own
                if asked.period.is_whole_range or start <= times[fact.place] < end
            ]
            for method in asked.methods:
                value = aggregate([fact.value for fact in inside], method) if inside else None
                if value is not None:
                    told = [value, start, end or last]
                    results.setdefault(key, {}).setdefault(str(method), []).append(told)
    return results
