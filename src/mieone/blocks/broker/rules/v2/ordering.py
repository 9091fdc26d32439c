"""orderBy of v2: kinds of values stand in one order, and what is not there stands with null."""

from typing import Final, TypeAlias

from mieone.blocks.broker.model import DEFAULT_INSTANCE, Entity, JsonValue, Order

from .names import id_of, path_of, short_type_of
from .times import find_time

OrderKey: TypeAlias = tuple[int, float | str]

_NULL, _NUMBER, _TEXT, _OBJECT, _ARRAY, _BOOLEAN = range(6)
_NOTHING: Final[OrderKey] = (_NULL, 0)


def order_key(entity: Entity, order: Order) -> OrderKey:
    """For every order but the one by distance."""
    if order.path is not None:
        instance = entity.attributes.get(order.path.names[0], {}).get(DEFAULT_INSTANCE)
        return _NOTHING if instance is None else _key_of(instance.value)
    match order.member:
        case "id":
            return _TEXT, id_of(entity)
        case "type":
            return _TEXT, short_type_of(entity)
        case "scope":
            return _TEXT, path_of(entity)
    times = {
        "createdAt": entity.created_at,
        "modifiedAt": entity.modified_at,
        "expiresAt": entity.expires_at,
    }
    at = times.get(order.member or "")
    return _NOTHING if at is None else (_NUMBER, at.timestamp())


def _key_of(value: JsonValue) -> OrderKey:
    if isinstance(value, bool):
        return _BOOLEAN, float(value)
    if isinstance(value, int | float):
        return _NUMBER, value
    if isinstance(value, str):
        return _TEXT, value
    if isinstance(value, list):
        return _ARRAY, 0
    if isinstance(value, dict):
        at = find_time(value.get("@value"))
        # Times stand among the numbers.
        return (_OBJECT, 0) if at is None else (_NUMBER, at.timestamp())
    return _NOTHING
