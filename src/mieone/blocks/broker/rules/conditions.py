"""Whether an entity fits what is asked: the one truth, for queries, subscriptions and sources.

A comparison looks at every instance of the attribute (or those of `datasets`) and holds when it
holds for one of them. A list fits when one of its elements does; it differs (`!=`, `!~=`) when none
is equal. What is not there fits no comparison. Values of different sorts are unequal and unordered.
"""

from datetime import datetime
from typing import TypeVar, assert_never

from mieone.blocks.broker.model import (
    ANY_LOCATION,
    Absent,
    AllOf,
    AllTypes,
    AnyOf,
    AnyType,
    Compare,
    Comparison,
    Condition,
    DatasetId,
    Entity,
    EntitySelector,
    Exists,
    GeoQuery,
    Instance,
    Iri,
    OneType,
    Path,
    Query,
    Scalar,
    ScopeQuery,
    Span,
    TypeSelection,
)

from .geometry import fits_geometry
from .instants import find_instant
from .patterns import is_found
from .targets import Element, Target, list_metadata_targets, list_targets
from .v2.names import fits_names, fits_paths, location_of


def fits_query(entity: Entity, query: Query) -> bool:
    return (
        (not query.entities or any(fits_selector(entity, one) for one in query.entities))
        and (not query.attributes or any(name in entity.attributes for name in query.attributes))
        and (query.scope is None or fits_scope(entity, query.scope))
        and fits_paths(query.paths, entity)
        and (query.condition is None or fits(entity, query.condition, query.datasets))
        and (
            query.metadata_condition is None
            or fits(entity, query.metadata_condition, query.datasets, is_metadata=True)
        )
        and (query.geo is None or fits_geo(entity, query.geo, query.datasets))
    )


def fits_selector(entity: Entity, selector: EntitySelector) -> bool:
    if selector.types is not None and not fits_types(entity.types, selector.types):
        return False
    if selector.is_v2 or selector.type_pattern is not None:
        return fits_names(selector, entity)
    if selector.ids is not None and entity.id not in selector.ids:
        return False
    return selector.id_pattern is None or is_found(selector.id_pattern, entity.id)


def fits_types(types: tuple[Iri, ...], selection: TypeSelection) -> bool:
    match selection:
        case OneType(name):
            return name in types
        case AllTypes(parts):
            return all(fits_types(types, part) for part in parts)
        case AnyType(parts):
            return any(fits_types(types, part) for part in parts)


def fits_scope(entity: Entity, query: ScopeQuery) -> bool:
    return any(
        all(any(_fits_pattern(scope, pattern) for scope in entity.scopes) for pattern in patterns)
        for patterns in query.alternatives
    )


def _fits_pattern(scope: str, pattern: str) -> bool:
    """`/A/#` is /A and all below."""
    wanted, levels = pattern.split("/")[1:], scope.strip("/").split("/")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        want in ("+", level) for want, level in zip(wanted, levels, strict=True)
    )


def fits_geo(
    entity: Entity, asked: GeoQuery, datasets: tuple[DatasetId, ...] | None = None
) -> bool:
    return any(
        fits_geometry(instance.value, asked) for instance in list_places(entity, asked, datasets)
    )


def list_places(
    entity: Entity, asked: GeoQuery, datasets: tuple[DatasetId, ...] | None = None
) -> list[Instance]:
    """The instances that a geo-query looks at."""
    name = location_of(entity) if asked.property == ANY_LOCATION else asked.property
    if name is None:
        return []
    return [
        instance
        for dataset, instance in entity.attributes.get(name, {}).items()
        if datasets is None or dataset in datasets
    ]


def fits(
    entity: Entity,
    condition: Condition,
    datasets: tuple[DatasetId, ...] | None = None,
    *,
    is_metadata: bool = False,
) -> bool:
    """`is_metadata`: the paths are those of NGSI v2's mq."""

    def find(path: Path) -> list[Target]:
        if is_metadata:
            return list_metadata_targets(entity, path, datasets)
        return list_targets(entity, path, datasets)

    match condition:
        case Exists(path):
            return bool(find(path))
        case Absent(path):
            return not find(path)
        case Compare():
            return any(_fits_target(target, condition) for target in find(condition.path))
        case AllOf(parts):
            return all(fits(entity, part, datasets, is_metadata=is_metadata) for part in parts)
        case AnyOf(parts):
            return any(fits(entity, part, datasets, is_metadata=is_metadata) for part in parts)


def _fits_target(target: Target, condition: Compare) -> bool:
    match condition.operator:
        case Comparison.EQUAL:
            return _has_equal(target, condition)
        case Comparison.UNEQUAL:
            return not _has_equal(target, condition)
        case Comparison.MATCH:
            return _has_match(target, condition)
        case Comparison.NO_MATCH:
            return not _has_match(target, condition)
        case (
            Comparison.GREATER | Comparison.GREATER_EQUAL | Comparison.LESS | Comparison.LESS_EQUAL
        ):
            return any(
                _is_ordered(element, value, condition.operator)
                for element in target.elements
                for value in condition.values
                if not isinstance(value, Span)
            )
        case _ as never:
            assert_never(never)


def _has_equal(target: Target, condition: Compare) -> bool:
    for element in target.elements:
        if any(_equals(element, value) for value in condition.values):
            return True
        if target.is_vocabulary and element in condition.expanded:
            return True
    return False


def _has_match(target: Target, condition: Compare) -> bool:
    return any(
        isinstance(element, str) and isinstance(pattern, str) and is_found(pattern, element)
        for element in target.elements
        for pattern in condition.values
    )


def _equals(element: Element, value: Scalar | Span) -> bool:
    if isinstance(value, Span):
        return _is_ordered(element, value.low, Comparison.GREATER_EQUAL) and _is_ordered(
            element, value.high, Comparison.LESS_EQUAL
        )
    if isinstance(element, bool) or isinstance(value, bool):
        return element is value
    if isinstance(element, datetime) or isinstance(value, datetime):
        one, other = _instant(element), _instant(value)
        return one is not None and one == other
    if isinstance(element, str) or isinstance(value, str):
        return element == value
    return isinstance(element, int | float) and element == value


def _instant(element: Element) -> datetime | None:
    if isinstance(element, str):
        return find_instant(element)
    return element if isinstance(element, datetime) else None


def _is_ordered(element: Element, value: Scalar, operator: Comparison) -> bool:
    if isinstance(element, bool) or isinstance(value, bool):
        return False
    if isinstance(element, datetime) or isinstance(value, datetime):
        one, other = _instant(element), _instant(value)
        return one is not None and other is not None and _compare(one, other, operator)
    if isinstance(element, str) and isinstance(value, str):
        return _compare(element, value, operator)
    if isinstance(element, int | float) and isinstance(value, int | float):
        return _compare(element, value, operator)
    return False


_Ordered = TypeVar("_Ordered", str, float, datetime)


def _compare(one: _Ordered, other: _Ordered, operator: Comparison) -> bool:
    if operator is Comparison.GREATER:
        return one > other
    if operator is Comparison.GREATER_EQUAL:
        return one >= other
    if operator is Comparison.LESS:
        return one < other
    return one <= other
