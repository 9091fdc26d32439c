"""Update operators: a new value computed from the one of before (`{"$inc": 2}`)."""

from collections.abc import Callable, Mapping
from typing import Final

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

from .times import find_time

EPOCH: Final = "1970-01-01T00:00:00.000Z"


def is_operation(value: JsonValue) -> bool:
    return isinstance(value, dict) and bool(value) and value.keys() <= _OPERATORS.keys()


def is_of_nothing(operation: JsonValue) -> bool:
    """An operator that only takes away: without a value before it there is nothing to write."""
    return isinstance(operation, dict) and operation.keys() <= {"$pull", "$pullAll", "$unset"}


def operate(operation: JsonValue, before: JsonValue, *, is_time: bool) -> JsonValue:
    """`before` is None where there was no value. Raises BadRequestData."""
    if not isinstance(operation, dict):
        raise BadRequestData("an update operator is an object")
    if operation.keys() == {"$set", "$unset"}:
        return _set_and_unset(operation["$set"], operation["$unset"], before)
    if len(operation) != 1:
        raise BadRequestData("only one update operator can be used at a time")
    name, operand = next(iter(operation.items()))
    if name in ("$min", "$max") and is_time and before is None:
        before = EPOCH
    return _OPERATORS[name](operand, before)


def _number(value: JsonValue, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequestData(f"{name} works on numbers only")
    return value


def _increase(operand: JsonValue, before: JsonValue) -> JsonValue:
    return _number(0 if before is None else before, "$inc") + _number(operand, "$inc")


def _multiply(operand: JsonValue, before: JsonValue) -> JsonValue:
    return _number(0 if before is None else before, "$mul") * _number(operand, "$mul")


def _least(operand: JsonValue, before: JsonValue) -> JsonValue:
    before = _reference(operand, before)
    return operand if _is_less(operand, before) else before


def _greatest(operand: JsonValue, before: JsonValue) -> JsonValue:
    before = _reference(operand, before)
    return operand if _is_less(before, operand) else before


def _reference(operand: JsonValue, before: JsonValue) -> JsonValue:
    """Numbers are compared with 0 where there was nothing; anything else is taken as it is."""
    if before is not None:
        return before
    is_number = isinstance(operand, int | float) and not isinstance(operand, bool)
    return 0 if is_number else operand


def _is_less(one: JsonValue, other: JsonValue) -> bool:
    times = find_time(one), find_time(other)
    if times[0] is not None and times[1] is not None:
        return times[0] < times[1]
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    return _number(one, "$min and $max") < _number(other, "$min and $max")


def _array(value: JsonValue, name: str) -> list[JsonValue]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequestData(f"{name} works on arrays only")
    return value


def _push(operand: JsonValue, before: JsonValue) -> JsonValue:
    items = _array(before, "$push")
    if not isinstance(operand, dict) or "$each" not in operand:
        return [*items, operand]
    new = _array(operand["$each"], "$each")
    place = operand.get("$position", len(items))
    if isinstance(place, bool) or not isinstance(place, int):
        raise BadRequestData("$position is no whole number")
    return [*items[:place], *new, *items[place:]]


def _add_to_set(operand: JsonValue, before: JsonValue) -> JsonValue:
    items = list(_array(before, "$addToSet"))
    has_each = isinstance(operand, dict) and "$each" in operand
    new = _array(operand["$each"], "$each") if has_each and isinstance(operand, dict) else [operand]
    for item in new:
        if item not in items:
            items.append(item)
    return items


def _pull(operand: JsonValue, before: JsonValue) -> JsonValue:
    return [item for item in _array(before, "$pull") if item != operand]


def _pull_all(operand: JsonValue, before: JsonValue) -> JsonValue:
    removed = _array(operand, "$pullAll")
    return [item for item in _array(before, "$pullAll") if item not in removed]


def _set(operand: JsonValue, before: JsonValue) -> JsonValue:
    if not isinstance(operand, dict):
        return operand
    return {**_object(before, "$set"), **operand}


def _unset(operand: JsonValue, before: JsonValue) -> JsonValue:
    if not isinstance(operand, dict):
        return before
    members = _object(before, "$unset")
    return {name: value for name, value in members.items() if name not in operand}


def _object(value: JsonValue, name: str) -> dict[str, JsonValue]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequestData(f"{name} works on objects only")
    return value


def _set_and_unset(new: JsonValue, gone: JsonValue, before: JsonValue) -> JsonValue:
    if isinstance(new, dict) and isinstance(gone, dict) and new.keys() & gone.keys():
        raise BadRequestData("$set and $unset name the same member")
    return _set(new, _unset(gone, before))


_OPERATORS: Final[Mapping[str, Callable[[JsonValue, JsonValue], JsonValue]]] = {
    "$inc": _increase,
    "$mul": _multiply,
    "$min": _least,
    "$max": _greatest,
    "$push": _push,
    "$addToSet": _add_to_set,
    "$pull": _pull,
    "$pullAll": _pull_all,
    "$set": _set,
    "$unset": _unset,
}
