"""The parameters of a temporal query, checked: the same for an address and for a body."""

from datetime import datetime
from typing import Final, TypeVar

import msgspec

from mieone.blocks.broker.model.temporal import (
    Aggregation,
    AggregationMethod,
    Period,
    TimeProperty,
    TimeRelation,
    TimeSpan,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.reading import read_instant

from .periods import parse_period

MAX_LAST_N: Final = 1_000_000
_Word = TypeVar("_Word", TimeRelation, TimeProperty, AggregationMethod)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """As sent; None where nothing was."""

    relation: str | None = None
    at: str | None = None
    end_at: str | None = None
    property: str | None = None
    last_n: int | None = None
    methods: tuple[str, ...] = ()
    period: str | None = None


def read_span(words: Words, *, is_needed: bool) -> TimeSpan:
    """`is_needed`: without a time relation it is no temporal query. Raises BadRequestData."""
    if words.relation is None:
        if is_needed:
            raise BadRequestData("a temporal query needs timerel and timeAt")
        if words.at is not None or words.end_at is not None:
            raise BadRequestData("timeAt and endTimeAt go only with timerel")
        return _span(words, None, None, None)
    relation = _read(TimeRelation, words.relation, "timerel")
    if words.at is None:
        raise BadRequestData("timerel needs timeAt")
    at = read_instant(words.at, "timeAt")
    if relation is not TimeRelation.BETWEEN:
        if words.end_at is not None:
            raise BadRequestData("endTimeAt goes only with timerel=between")
        return _span(words, relation, at, None)
    if words.end_at is None:
        raise BadRequestData("timerel=between needs endTimeAt")
    end_at = read_instant(words.end_at, "endTimeAt")
    if end_at < at:
        raise BadRequestData("endTimeAt lies before timeAt")
    return _span(words, relation, at, end_at)


def _span(
    words: Words, relation: TimeRelation | None, at: datetime | None, end_at: datetime | None
) -> TimeSpan:
    name = None
    if words.property is not None:
        name = _read(TimeProperty, words.property, "timeproperty")
    elif relation is not None:
        name = TimeProperty.OBSERVED_AT
    if words.last_n is not None and not 1 <= words.last_n <= MAX_LAST_N:
        raise BadRequestData(f"lastN takes a whole number from 1 to {MAX_LAST_N}")
    return TimeSpan(relation=relation, at=at, end_at=end_at, property=name, last_n=words.last_n)


def read_aggregation(words: Words) -> Aggregation:
    """Raises BadRequestData."""
    if not words.methods:
        raise BadRequestData("aggregatedValues needs aggrMethods")
    methods = tuple(_read(AggregationMethod, word, "aggrMethods") for word in words.methods)
    period = Period() if words.period is None else parse_period(words.period)
    return Aggregation(methods=tuple(dict.fromkeys(methods)), period=period)


def _read(kind: type[_Word], word: str, what: str) -> _Word:
    try:
        return kind(word)
    except ValueError:
        raise BadRequestData(f"{what} takes one of {', '.join(kind)}") from None
