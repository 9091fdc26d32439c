"""From a query to its plan."""

from collections.abc import Sequence

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
    OneType,
    Path,
    Query,
    ScopeQuery,
    TypeSelection,
)
from mieone.blocks.broker.rules.geometry import find_boxes
from mieone.blocks.broker.rules.projection import VOCABULARY, is_indexable
from mieone.blocks.broker.rules.q.conditions import RESERVED
from mieone.blocks.broker.rules.scope_keys import ANY, find_key
from mieone.blocks.broker.rules.wanted import Values

from .joining import join_all, join_any, join_ranges
from .shapes import (
    ByAll,
    ByBounds,
    ByIds,
    ByNames,
    ByPattern,
    ByScopes,
    ByTypes,
    ByValues,
    Narrowing,
    Plan,
)


def make_plan(query: Query) -> Plan:
    parts: list[Narrowing] = []
    is_exact = not (
        query.scope or query.paths or query.datasets or query.geo or query.metadata_condition
    )
    if query.entities:
        found = [_of_selector(selector) for selector in query.entities]
        is_exact = _add(parts, join_any(found)) and is_exact
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
    return join_all(found)


def _of_types(selection: TypeSelection) -> Narrowing | None:
    match selection:
        case OneType(name):
            return ByTypes(types=(name,), is_exact=True)
        case AllTypes(parts):
            return join_all([_of_types(part) for part in parts])
        case AnyType(parts):
            return join_any([_of_types(part) for part in parts])


def _of_scopes(query: ScopeQuery) -> Narrowing | None:
    return join_any(
        [
            join_all([ByScopes(keys=(find_key(pattern),)) for pattern in patterns])
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
            return join_all(join_ranges([_of_condition(part) for part in parts]))
        case AnyOf(parts):
            return join_any([_of_condition(part) for part in parts])


def _of_metadata(condition: Condition) -> Narrowing | None:
    match condition:
        case Exists(path):
            return ByNames(names=path.names[:1], is_exact=False)
        case Compare():
            return ByNames(names=condition.path.names[:1], is_exact=False)
        case Absent():
            return None
        case AllOf(parts):
            return join_all([_of_metadata(part) for part in parts])
        case AnyOf(parts):
            return join_any([_of_metadata(part) for part in parts])


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
