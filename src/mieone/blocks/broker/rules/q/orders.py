"""orderBy (clause 4.23): `name;desc,type,name.sub`."""

from typing import Final

from mieone.blocks.broker.model import Order, Terms
from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery

from .conditions import parse_path

_MEMBERS: Final = frozenset(("id", "type", "createdAt", "modifiedAt"))
_MOST: Final = 16


def parse_order(text: str, terms: Terms) -> tuple[Order, ...]:
    parts = text.split(",")
    if len(parts) > _MOST:
        raise TooComplexQuery(f"orderBy names more than {_MOST} members")
    return tuple(_parse_one(part, terms) for part in parts)


def _parse_one(text: str, terms: Terms) -> Order:
    name, mark, direction = text.partition(";")
    if mark and direction not in ("asc", "desc"):
        raise BadRequestData(f"{direction!r} is no direction of orderBy; asc and desc are")
    is_descending = direction == "desc"
    if name in _MEMBERS:
        return Order(path=None, member=name, is_descending=is_descending)
    return Order(path=parse_path(name, terms, "orderBy"), is_descending=is_descending)
