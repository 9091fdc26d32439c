"""orderBy: entities in the order asked for; what has no value there comes last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from mieone.blocks.broker.model import DEFAULT_INSTANCE, Entity, GeoQuery, Order

from .conditions import list_places
from .geometry import distance_m
from .targets import Element, list_targets
from .v2.ordering import order_key

_Key: TypeAlias = tuple[int, float | str | datetime]

_NUMBER, _TIME, _TEXT, _OTHER, _NOTHING = range(5)
_LAST: Final[_Key] = (_NOTHING, 0)


def sort_entities(
    found: Sequence[tuple[int, Entity]], orders: Sequence[Order], geo: GeoQuery | None
) -> list[tuple[int, Entity]]:
    """Stable: what is equal stays in the order of making."""
    ordered = sorted(found, key=lambda one: one[0])
    for order in reversed(orders):
        if order.is_v2 and (order.path or order.member):
            ordered.sort(key=lambda one: order_key(one[1], order), reverse=order.is_descending)
            continue
        keyed = [(_key(one[1], order, geo), one) for one in ordered]
        present = [pair for pair in keyed if pair[0] != _LAST]
        present.sort(key=lambda pair: pair[0], reverse=order.is_descending)
        absent = [pair for pair in keyed if pair[0] == _LAST]
        ordered = [one for _, one in (*present, *absent)]
    return ordered


def _key(entity: Entity, order: Order, geo: GeoQuery | None) -> _Key:
    if order.path is not None:
        targets = list_targets(entity, order.path, (DEFAULT_INSTANCE,))
        targets = targets or list_targets(entity, order.path)
        elements = targets[0].elements if targets else ()
        return _of_element(elements[0]) if elements else _LAST
    match order.member:
        case "id":
            return _TEXT, entity.id
        case "type":
            return _TEXT, min(entity.types, default="")
        case "createdAt":
            return _of_element(entity.created_at)
        case "modifiedAt":
            return _of_element(entity.modified_at)
    return _of_distance(entity, geo)


def _of_distance(entity: Entity, geo: GeoQuery | None) -> _Key:
    if geo is None:
        return _LAST
    distances = [distance_m(place.value, geo) for place in list_places(entity, geo)]
    return (_NUMBER, min(distances)) if distances else _LAST


def _of_element(element: Element) -> _Key:
    if element is None:
        return _LAST
    if isinstance(element, bool):
        return _OTHER, float(element)
    if isinstance(element, int | float):
        return _NUMBER, element
    if isinstance(element, datetime):
        return _TIME, element
    return (_TEXT, element) if isinstance(element, str) else _LAST
