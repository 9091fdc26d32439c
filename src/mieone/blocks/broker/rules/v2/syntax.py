"""What NGSI v2 takes as a name, and which characters it takes in no value at all."""

from collections.abc import Iterator
from typing import Final

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

FORBIDDEN: Final = frozenset("<>\"'=;()")
"""Nowhere in a request, so that a page which shows a value runs no script of a stranger's."""
LONGEST_NAME: Final = 256
_NOT_IN_NAMES: Final = FORBIDDEN | frozenset("&?/#")
UNRESTRICTED: Final = "TextUnrestricted"


def check_name(text: JsonValue, what: str) -> str:
    """`what` names the field: entity id, entity type, attribute name …"""
    if not isinstance(text, str):
        raise BadRequestData(f"{what} is no string")
    if not text:
        raise BadRequestData(f"{what} is empty")
    if len(text) > LONGEST_NAME:
        raise BadRequestData(f"{what} is longer than {LONGEST_NAME} characters")
    if any(mark in _NOT_IN_NAMES or not "!" <= mark <= "~" for mark in text):
        raise BadRequestData(f"invalid characters in {what}")
    return text


def check_text(text: str, what: str) -> str:
    if not FORBIDDEN.isdisjoint(text):
        raise BadRequestData(f"invalid characters in {what}")
    return text


def check_value(value: JsonValue, what: str) -> None:
    for text in _texts(value):
        check_text(text, what)


def _texts(value: JsonValue) -> Iterator[str]:
    waiting: list[JsonValue] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
