"""Several narrowings as one: either, both, and the two ends of a range."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from .shapes import ByAll, ByAny, ByIds, ByScopes, ByTypes, ByValues, Narrowing


def join_all(found: Sequence[Narrowing | None]) -> Narrowing | None:
    """Some of the parts are enough to narrow."""
    parts = tuple(_flat(ByAll, found))
    is_exact = None not in found and all(part.is_exact for part in parts)
    if len(parts) == 1 and (is_exact or not parts[0].is_exact):
        return parts[0]
    return ByAll(parts=parts, is_exact=is_exact) if parts else None


def join_any(found: Sequence[Narrowing | None]) -> Narrowing | None:
    """One part that does not narrow, and nothing does."""
    parts = tuple(_flat(ByAny, found))
    if None in found or not parts:
        return None
    return parts[0] if len(parts) == 1 else _merged(parts)


def _flat(
    kind: type[ByAll] | type[ByAny], found: Sequence[Narrowing | None]
) -> Iterator[Narrowing]:
    for part in found:
        if isinstance(part, kind):
            yield from part.parts
        elif part is not None:
            yield part


def _merged(parts: tuple[Narrowing, ...]) -> Narrowing:
    """Several that one statement answers become one."""
    is_exact = all(part.is_exact for part in parts)
    if all(isinstance(part, ByTypes) for part in parts):
        types = [name for part in parts if isinstance(part, ByTypes) for name in part.types]
        return ByTypes(types=tuple(dict.fromkeys(types)), is_exact=is_exact)
    if all(isinstance(part, ByScopes) for part in parts):
        keys = [key for part in parts if isinstance(part, ByScopes) for key in part.keys]
        return ByScopes(keys=tuple(dict.fromkeys(keys)))
    if all(isinstance(part, ByIds) and not part.is_v2 for part in parts):
        ids = [one for part in parts if isinstance(part, ByIds) for one in part.ids]
        return ByIds(ids=tuple(dict.fromkeys(ids)), is_exact=is_exact)
    return ByAny(parts=parts, is_exact=is_exact)


def join_ranges(found: Sequence[Narrowing | None]) -> list[Narrowing | None]:
    """`a>=1;a<2` is one range, which an index finds at once, instead of two large halves."""
    left: list[Narrowing | None] = []
    for part in found:
        for place, other in enumerate(left):
            joined = _join(other, part)
            if joined is not None:
                left[place] = joined
                break
        else:
            left.append(part)
    return left


def _join(one: Narrowing | None, other: Narrowing | None) -> ByValues | None:
    if not isinstance(one, ByValues) or not isinstance(other, ByValues) or one.name != other.name:
        return None
    number_ranges = _intersect(one.number_ranges, other.number_ranges)
    instant_ranges = _intersect(one.instant_ranges, other.instant_ranges)
    if len(number_ranges) + len(instant_ranges) != 1:
        return None
    joined = ByValues(
        name=one.name, number_ranges=number_ranges, instant_ranges=instant_ranges, is_joined=True
    )
    is_all = all(_holds_one_range(part) for part in (one, other))
    return joined if is_all else None


def _holds_one_range(part: ByValues) -> bool:
    ranges = len(part.number_ranges) + len(part.instant_ranges)
    return ranges == 1 and not (part.numbers or part.words or part.instants)


_End = TypeVar("_End", float, datetime)


def _intersect(
    one: tuple[tuple[_End, _End], ...], other: tuple[tuple[_End, _End], ...]
) -> tuple[tuple[_End, _End], ...]:
    """Perhaps empty, low above high; nothing where it is not one range each."""
    if len(one) != 1 or len(other) != 1:
        return ()
    return ((max(one[0][0], other[0][0]), min(one[0][1], other[0][1])),)
