"""Shapes that many members of a subscription have. All raise BadRequestData."""

import math
from typing import Final

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

MOST: Final = 1_000
"""Elements of any list in a subscription."""
LONGEST_S: Final = 366 * 24 * 3600


def read_text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadRequestData(f"{what} is a text")
    return value


def read_flag(value: JsonValue, what: str) -> bool:
    if not isinstance(value, bool):
        raise BadRequestData(f"{what} is true or false")
    return value


def read_list(value: JsonValue, what: str) -> list[JsonValue]:
    if not isinstance(value, list) or not value:
        raise BadRequestData(f"{what} is a list with something in it")
    if len(value) > MOST:
        raise BadRequestData(f"{what} has more than {MOST} elements")
    return value


def read_texts(value: JsonValue, what: str) -> tuple[str, ...]:
    """One text or a list of them."""
    if isinstance(value, str):
        return (read_text(value, what),)
    return tuple(read_text(one, what) for one in read_list(value, what))


def read_object(value: JsonValue, what: str) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise BadRequestData(f"{what} is an object")
    return value


def read_seconds(value: JsonValue, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadRequestData(f"{what} is a number of seconds")
    if not 0 < value <= LONGEST_S:
        raise BadRequestData(f"{what} is more than 0 and at most {LONGEST_S} seconds")
    return float(value)


def read_whole(value: JsonValue, what: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise BadRequestData(f"{what} is a whole number")
    if not 1 <= value <= most:
        raise BadRequestData(f"{what} is from 1 to {most}")
    return int(value)
