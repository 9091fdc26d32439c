"""What a comparison looks for, sorted by the columns that the indexes stand on."""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

from mieone.blocks.broker.model import Comparison, Scalar, Span

from .projection import FALSE, TRUE, is_indexable

EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Values:
    def __init__(self) -> None:
        self.numbers: list[float] = []
        self.words: list[str] = []
        self.instants: list[datetime] = []
        self.number_ranges: list[tuple[float, float]] = []
        self.instant_ranges: list[tuple[datetime, datetime]] = []

    def take(self, operator: Comparison, value: Scalar | Span) -> bool:
        """False for what no index knows: order among texts, patterns, inequality."""
        if isinstance(value, Span):
            return operator is Comparison.EQUAL and self._take_range(value.low, value.high)
        match operator:
            case Comparison.EQUAL:
                return self._take_equal(value)
            case Comparison.GREATER | Comparison.GREATER_EQUAL:
                return self._take_range(_above(value, operator is Comparison.GREATER), None)
            case Comparison.LESS | Comparison.LESS_EQUAL:
                return self._take_range(None, _below(value, operator is Comparison.LESS))
            case _:
                return False

    def _take_equal(self, value: Scalar) -> bool:
        if isinstance(value, bool):
            self.words.append(TRUE if value else FALSE)
        elif isinstance(value, datetime):
            self.instants.append(value)
        elif isinstance(value, str):
            # A long text equals opaque values only, which are candidates anyway.
            if is_indexable(value):
                self.words.append(value)
        else:
            number = _double(value)
            if number is None:
                return False
            self.numbers.append(number)
        return True

    def _take_range(self, low: Scalar | None, high: Scalar | None) -> bool:
        ends = [end for end in (low, high) if end is not None]
        if not ends or any(isinstance(end, bool | str) for end in ends):
            return False
        if all(isinstance(end, datetime) for end in ends):
            start = low if isinstance(low, datetime) else EARLIEST
            end = high if isinstance(high, datetime) else LATEST
            self.instant_ranges.append((start, end))
            return True
        numbers = [_double(end) for end in (low, high) if isinstance(end, int | float)]
        if None in numbers or len(numbers) != len(ends):
            return False
        least = -math.inf if low is None else _double(low)
        most = math.inf if high is None else _double(high)
        if least is None or most is None:
            return False
        self.number_ranges.append((least, most))
        return True


def _double(value: Scalar) -> float | None:
    """The same number as the index has it, or None."""
    if isinstance(value, bool | str | datetime):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if number == value else None


def _above(value: Scalar, is_strict: bool) -> Scalar | None:
    if not is_strict:
        return value
    if isinstance(value, datetime):
        return value + _MICROSECOND if value < LATEST else None
    number = _double(value)
    return None if number is None else math.nextafter(number, math.inf)


def _below(value: Scalar, is_strict: bool) -> Scalar | None:
    if not is_strict:
        return value
    if isinstance(value, datetime):
        return value - _MICROSECOND if value > EARLIEST else None
    number = _double(value)
    return None if number is None else math.nextafter(number, -math.inf)
