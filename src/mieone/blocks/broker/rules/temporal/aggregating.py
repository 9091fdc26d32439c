"""What the values of one period come to, as ETSI GS CIM 009 clause 4.5.19 has it.

Numbers (and booleans, and sizes of lists) are summed up by the database; texts, dates and times are
compared here. Where a period holds both, the numbers say its extremes.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from typing import Final

from mieone.blocks.broker.model import Instance, JsonValue
from mieone.blocks.broker.model.temporal import AggregationMethod, ValueSort
from mieone.blocks.broker.rules.instants import find_instant

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def text_values(
    texts: Iterable[tuple[ValueSort, Instance]], methods: Sequence[AggregationMethod]
) -> dict[AggregationMethod, JsonValue]:
    """Least, greatest and average of texts, dates and times: of the sort most of them are."""
    found: dict[ValueSort, list[str]] = {}
    for sort, instance in texts:
        found.setdefault(sort, []).append(_text(instance.value))
    if not found:
        return {}
    sort = max(found, key=lambda one: (len(found[one]), one.value))
    values = found[sort]
    results: dict[AggregationMethod, JsonValue] = {}
    for method in methods:
        if method is AggregationMethod.MINIMUM:
            results[method] = min(values, key=lambda text: _key(sort, text))
        elif method is AggregationMethod.MAXIMUM:
            results[method] = max(values, key=lambda text: _key(sort, text))
        elif method is AggregationMethod.AVERAGE and sort is ValueSort.TIME:
            average = _average_time(values)
            if average is not None:
                results[method] = average
    return results


def _text(value: JsonValue) -> str:
    if isinstance(value, dict):
        value = value.get("@value")
    return value if isinstance(value, str) else ""


def _key(sort: ValueSort, text: str) -> tuple[datetime, str]:
    """Date-times as instants whatever their zones; everything else as it is spelt."""
    if sort is ValueSort.DATE_TIME:
        return find_instant(text) or _EARLIEST, text
    return _EARLIEST, text


def _average_time(values: Sequence[str]) -> str | None:
    seconds = [one for one in map(_seconds, values) if one is not None]
    if not seconds:
        return None
    whole = round(math.fsum(seconds) / len(seconds)) % 86_400
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}Z"


def _seconds(text: str) -> float | None:
    """Of a time of the day in UTC."""
    try:
        read = time.fromisoformat(text)
    except ValueError:
        return None
    offset = read.utcoffset()
    whole = read.hour * 3600 + read.minute * 60 + read.second + read.microsecond / 1_000_000
    return (whole - (offset.total_seconds() if offset else 0.0)) % 86_400
