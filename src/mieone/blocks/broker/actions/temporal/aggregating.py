"""Histories summed up by period: numbers by the database, texts and times here."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from mieone.blocks.broker.model import Instance, JsonValue
from mieone.blocks.broker.model.temporal import (
    Aggregation,
    AggregationMethod,
    Bucket,
    Series,
    TemporalQuery,
    TimeRelation,
    TimeSpan,
    ValueSort,
)
from mieone.blocks.broker.problems import InvalidRequest, TooManyResults
from mieone.blocks.broker.rules.temporal.aggregating import text_values
from mieone.blocks.broker.rules.temporal.periods import (
    find_start,
    list_starts,
    period_end,
)
from mieone.blocks.broker.rules.temporal.rendering import Told
from mieone.blocks.broker.store import histories
from mieone.blocks.broker.store.histories import LATEST, Bound, Extent, Slicing, Sums
from mieone.core.database import Conn

from .spans import window_of

MOST_BUCKETS: Final = 100_000
MOST_TEXTS: Final = 200_000
_TEXT_METHODS: Final = frozenset(
    {AggregationMethod.MINIMUM, AggregationMethod.MAXIMUM, AggregationMethod.AVERAGE}
)
_Values = dict[AggregationMethod, JsonValue]


class _Group:
    """Series that are cut alike."""

    def __init__(self, series: Sequence[Series], bounds: Sequence[Bound]) -> None:
        self.series = series
        self.bounds = bounds
        self.keys = [one.key for one in series]


async def aggregate(
    conn: Conn, tenant: str, series: Sequence[Series], asked: TemporalQuery, are_named: bool
) -> list[Told]:
    """`are_named`: an attribute that none of the methods fits raises InvalidRequest, else is left out.

    Raises TooManyResults, TooComplexQuery.
    """
    assert asked.aggregation is not None
    window = window_of(asked.span)
    bounds = [Bound()] * len(series)
    if asked.span.last_n is not None:
        found = await histories.list_bounds(
            conn, tenant, window, [one.key for one in series], asked.span.last_n
        )
        bounds = [found.get(place, Bound()) for place in range(len(series))]
    group = _Group(series, bounds)
    extents = await histories.list_extents(conn, tenant, window, group.keys, bounds)
    told: list[Told] = []
    for part, anchor, last in _groups(group, extents, asked):
        told += await _aggregate_group(conn, tenant, part, asked, anchor, last)
    kinds = await histories.list_kinds(conn, tenant, [one.series.key for one in told])
    fitting = [
        Told(series=one.series, buckets=one.buckets, kind=kinds.get(place))
        for place, one in enumerate(told)
        if any(bucket.values for bucket in one.buckets)
    ]
    if are_named and len(fitting) < len(told):
        raise InvalidRequest("none of aggrMethods can be applied to one of the attributes")
    return fitting


def _groups(
    group: _Group, extents: Mapping[int, Extent], asked: TemporalQuery
) -> list[tuple[_Group, datetime, datetime]]:
    """Series of one anchor together; without a beginning in the question an entity has its own."""
    span = asked.span
    places: dict[str, list[int]] = {}
    for place in sorted(extents):
        has_start = span.at is not None and span.relation is not TimeRelation.BEFORE
        places.setdefault("" if has_start else group.series[place].entity_id, []).append(place)
    parts = []
    for chosen in places.values():
        part = _Group([group.series[place] for place in chosen], [group.bounds[p] for p in chosen])
        first = min(extents[place].first_at for place in chosen)
        last = max(extents[place].last_at for place in chosen)
        anchor = span.at if span.at is not None and "" in places else first
        parts.append((part, anchor, last))
    return parts


async def _aggregate_group(
    conn: Conn,
    tenant: str,
    group: _Group,
    asked: TemporalQuery,
    anchor: datetime,
    last: datetime,
) -> list[Told]:
    aggregation = asked.aggregation
    assert aggregation is not None
    slicing = _slice(aggregation, group, anchor, last)
    window = window_of(asked.span)
    question = (conn, tenant, window, group.keys, group.bounds, slicing)
    try:
        sums = await histories.aggregate(*question, MOST_BUCKETS + 1)
    except asyncpg.NumericValueOutOfRangeError:
        raise InvalidRequest("the numbers are too large for these methods") from None
    if len(sums) > MOST_BUCKETS:
        raise TooManyResults(f"an answer holds at most {MOST_BUCKETS} periods")
    distinct: dict[tuple[int, datetime], int] = {}
    if AggregationMethod.DISTINCT_COUNT in aggregation.methods:
        distinct = await histories.count_distinct(*question, MOST_BUCKETS + 1)
    texts: dict[tuple[int, datetime], _Values] = {}
    if _TEXT_METHODS.intersection(aggregation.methods) and any(one.texts for one in sums):
        rows = await histories.list_texts(*question, MOST_TEXTS + 1)
        texts = _sum_texts(rows, aggregation)
    buckets: dict[int, list[Bucket]] = {}
    for one in sorted(sums, key=lambda each: each.start):
        place = (one.place, one.start)
        values = texts.get(place, {}) | _values(one, aggregation, distinct.get(place, 0))
        end = _end_of(one.start, anchor, last, slicing, aggregation, asked.span)
        buckets.setdefault(one.place, []).append(Bucket(start=one.start, end=end, values=values))
    return [Told(series=group.series[place], buckets=buckets[place]) for place in sorted(buckets)]


def _slice(aggregation: Aggregation, group: _Group, anchor: datetime, last: datetime) -> Slicing:
    period, anchors = aggregation.period, [anchor] * len(group.keys)
    if period.is_whole_range:
        return Slicing(anchors=anchors, starts=[anchor])
    if period.months:
        return Slicing(anchors=anchors, starts=list_starts(anchor, period, last))
    return Slicing(anchors=anchors, step=timedelta(microseconds=period.microseconds))


def _end_of(
    start: datetime,
    anchor: datetime,
    last: datetime,
    slicing: Slicing,
    aggregation: Aggregation,
    span: TimeSpan,
) -> datetime:
    period = aggregation.period
    if period.is_whole_range:
        end = span.at if span.relation is TimeRelation.BEFORE else span.end_at
        return end or last
    if slicing.step is None:
        return period_end(anchor, period, find_start(slicing.starts, start))
    try:
        return start + slicing.step
    except OverflowError:
        return LATEST


def _values(sums: Sums, aggregation: Aggregation, distinct: int) -> _Values:
    values: _Values = {}
    for method in aggregation.methods:
        value = _value(method, sums, distinct)
        if value is not None:
            values[method] = value
    return values


def _value(method: AggregationMethod, sums: Sums, distinct: int) -> float | None:
    match method:
        case AggregationMethod.TOTAL_COUNT:
            return sums.total
        case AggregationMethod.DISTINCT_COUNT:
            return distinct
        case AggregationMethod.SUM:
            return sums.sum
        case AggregationMethod.AVERAGE:
            return sums.average
        case AggregationMethod.MINIMUM:
            return sums.minimum
        case AggregationMethod.MAXIMUM:
            return sums.maximum
        case AggregationMethod.DEVIATION:
            return (sums.deviation or 0.0) if sums.spread else None
        case AggregationMethod.SQUARES:
            return (sums.squares or 0.0) if sums.spread else None


def _sum_texts(
    rows: Sequence[tuple[int, datetime, str, Instance]], aggregation: Aggregation
) -> dict[tuple[int, datetime], _Values]:
    """Raises TooManyResults."""
    if len(rows) > MOST_TEXTS:
        raise TooManyResults(f"at most {MOST_TEXTS} texts are compared for one answer")
    grouped: dict[tuple[int, datetime], list[tuple[ValueSort, Instance]]] = {}
    for place, start, sort, instance in rows:
        grouped.setdefault((place, start), []).append((ValueSort(sort), instance))
    return {place: text_values(texts, aggregation.methods) for place, texts in grouped.items()}
