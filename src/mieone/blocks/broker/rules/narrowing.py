"""Which index rows hold every entity that fits a query: supersets, or exact where that is said."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

import msgspec

from mieone.blocks.broker.model import (
    ANY_LOCATION,
    CORE_VOCABULARY,
    Absent,
    AllOf,
    AllTypes,
    AnyOf,
    AnyType,
    Compare,
    Condition,
    EntitySelector,
    Exists,
    GeoQuery,
    Iri,
    OneType,
    Path,
    Query,
    ScopeQuery,
    TypeSelection,
)

from .geometry import find_boxes
from .projection import VOCABULARY, Bounds, is_indexable
from .q.conditions import RESERVED
from .scope_keys import ANY, find_key
from .wanted import Values


class ByIds(msgspec.Struct, frozen=True, kw_only=True):
    ids: tuple[str, ...]
    is_v2: bool = False
    is_exact: bool = True


class ByPattern(msgspec.Struct, frozen=True, kw_only=True):
    """The id, as NGSI v2 shows it with `is_v2`: told without the document, but by no index."""

    pattern: str
    is_v2: bool = False
    is_exact: bool = True


class ByTypes(msgspec.Struct, frozen=True, kw_only=True):
    """One of these."""

    types: tuple[Iri, ...]
    is_exact: bool


class ByScopes(msgspec.Struct, frozen=True, kw_only=True):
    """Under one of these keys of `scope_keys`; the scopes themselves decide."""

    keys: tuple[str, ...]
    is_exact: bool = False


class ByNames(msgspec.Struct, frozen=True, kw_only=True):
    """One of these attributes is there."""

    names: tuple[Iri, ...]
    is_exact: bool


class ByValues(msgspec.Struct, frozen=True, kw_only=True):
    """The attribute has one of these values; or an opaque one, and then it is not exact."""

    name: Iri
    numbers: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    instants: tuple[datetime, ...] = ()
    number_ranges: tuple[tuple[float, float], ...] = ()
    instant_ranges: tuple[tuple[datetime, datetime], ...] = ()
    is_joined: bool = False
    """A range that stands for two: where the attribute has several values, each may have its own.
    Whoever has several is a candidate too, and then it is not exact."""
    is_exact: bool = True


class ByBounds(msgspec.Struct, frozen=True, kw_only=True):
    name: Iri | None
    """None: any attribute (NGSI v2's location)."""
    boxes: tuple[Bounds, ...]
    is_exact: bool = False


class ByAny(msgspec.Struct, frozen=True, kw_only=True):
    parts: "tuple[Narrowing, ...]"
    is_exact: bool


class ByAll(msgspec.Struct, frozen=True, kw_only=True):
    """Inside a ByAny only: elsewhere its parts stand for themselves."""

    parts: "tuple[Narrowing, ...]"
    is_exact: bool


Narrowing: TypeAlias = (
    ByIds | ByPattern | ByTypes | ByScopes | ByNames | ByValues | ByBounds | ByAny | ByAll
)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever fits the query is in every part; with `is_exact`, and only that."""

    parts: tuple[Narrowing, ...]
    is_exact: bool


def make_plan(query: Query) -> Plan:
    parts: list[Narrowing] = []
    is_exact = not (
        query.scope or query.paths or query.datasets or query.geo or query.metadata_condition
    )
    if query.entities:
        found = [_of_selector(selector) for selector in query.entities]
        is_exact = _add(parts, _any(found)) and is_exact
    if query.scope is not None:
        _add(parts, _of_scopes(query.scope))
    if query.paths:
        _add(parts, _of_paths(query.paths))
    if query.attributes:
        parts.append(ByNames(names=query.attributes, is_exact=True))
    if query.condition is not None:
        is_exact = _add(parts, _of_condition(query.condition)) and is_exact
    if query.metadata_condition is not None:
        _add(parts, _of_metadata(query.metadata_condition))
    if query.geo is not None:
        _add(parts, _of_geo(query.geo))
    return Plan(parts=tuple(parts), is_exact=is_exact)


def _add(parts: list[Narrowing], found: Narrowing | None) -> bool:
    """Whether what was added says all."""
    if found is None:
        return False
    parts.extend(found.parts if isinstance(found, ByAll) else (found,))
    return found.is_exact


def _all(found: Sequence[Narrowing | None]) -> Narrowing | None:
    """Some of the parts are enough to narrow."""
    parts = tuple(_flat(ByAll, found))
    is_exact = None not in found and all(part.is_exact for part in parts)
    if len(parts) == 1 and (is_exact or not parts[0].is_exact):
        return parts[0]
    return ByAll(parts=parts, is_exact=is_exact) if parts else None


def _any(found: Sequence[Narrowing | None]) -> Narrowing | None:
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


def _of_selector(selector: EntitySelector) -> Narrowing | None:
    found: list[Narrowing | None] = []
    if selector.ids is not None:
        exact = not selector.is_v2
        found.append(ByIds(ids=selector.ids, is_v2=selector.is_v2, is_exact=exact))
    if selector.types is not None:
        found.append(_of_types(selector.types))
    if selector.id_pattern is not None:
        found.append(ByPattern(pattern=selector.id_pattern, is_v2=selector.is_v2))
    if selector.type_pattern is not None:
        found.append(None)
    return _all(found)


def _of_types(selection: TypeSelection) -> Narrowing | None:
    match selection:
        case OneType(name):
            return ByTypes(types=(name,), is_exact=True)
        case AllTypes(parts):
            return _all([_of_types(part) for part in parts])
        case AnyType(parts):
            return _any([_of_types(part) for part in parts])


def _of_scopes(query: ScopeQuery) -> Narrowing | None:
    return _any(
        [
            _all([ByScopes(keys=(find_key(pattern),)) for pattern in patterns])
            for patterns in query.alternatives
        ]
    )


def _of_paths(paths: Sequence[str]) -> ByScopes | None:
    """Everything is below the root, also what has no scope."""
    keys = tuple(find_key(path) for path in paths)
    return None if ANY in keys else ByScopes(keys=keys)


def _of_condition(condition: Condition) -> Narrowing | None:
    match condition:
        case Exists(path):
            return _of_path(path)
        case Absent():
            return None
        case Compare():
            return _of_comparison(condition)
        case AllOf(parts):
            return _all(_join_ranges([_of_condition(part) for part in parts]))
        case AnyOf(parts):
            return _any([_of_condition(part) for part in parts])


def _join_ranges(found: Sequence[Narrowing | None]) -> list[Narrowing | None]:
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


def _of_metadata(condition: Condition) -> Narrowing | None:
    match condition:
        case Exists(path):
            return ByNames(names=path.names[:1], is_exact=False)
        case Compare():
            return ByNames(names=condition.path.names[:1], is_exact=False)
        case Absent():
            return None
        case AllOf(parts):
            return _all([_of_metadata(part) for part in parts])
        case AnyOf(parts):
            return _any([_of_metadata(part) for part in parts])


def _of_path(path: Path) -> Narrowing | None:
    if path.short[0] in RESERVED and path.names[0] == CORE_VOCABULARY + path.short[0]:
        return None
    return ByNames(names=path.names[:1], is_exact=len(path.names) == 1 and not path.members)


def _of_geo(geo: GeoQuery) -> Narrowing | None:
    name = None if geo.property == ANY_LOCATION else geo.property
    boxes = find_boxes(geo)
    if boxes is not None:
        return ByBounds(name=name, boxes=boxes)
    return None if name is None else ByNames(names=(name,), is_exact=False)


def _of_comparison(condition: Compare) -> Narrowing | None:
    presence = _of_path(condition.path)
    if not isinstance(presence, ByNames):
        return None
    found = Values()
    if presence.is_exact and all(
        found.take(condition.operator, value) for value in condition.values
    ):
        vocabulary = [
            VOCABULARY + word for word in (*found.words, *condition.expanded) if is_indexable(word)
        ]
        return ByValues(
            name=presence.names[0],
            numbers=tuple(found.numbers),
            words=(*found.words, *vocabulary),
            instants=tuple(found.instants),
            number_ranges=tuple(found.number_ranges),
            instant_ranges=tuple(found.instant_ranges),
        )
    return msgspec.structs.replace(presence, is_exact=False)
