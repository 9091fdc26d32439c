"""The text of `pick` and `omit`: `id,name,locatedAt{id,isIn{name}}`."""

import re
from typing import Final

from mieone.blocks.broker.model import Terms
from mieone.blocks.broker.problems import BadRequestData

from .model import Picked

ENTITY_MEMBERS: Final = frozenset(
    ("id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt")
)
MAX_DEPTH: Final = 10
_TOKEN: Final = re.compile(r"([{},])|([^{},;|\s()\"<>\\^`]+)")


def read_picked(text: str, terms: Terms) -> Picked:
    """The text of `pick` or `omit`. Raises BadRequestData."""
    tokens = _Tokens(text)
    picked = _read_members(tokens, terms, 0)
    if tokens.peek() is not None:
        raise tokens.unexpected()
    return picked


def check_apart(pick: Picked, omit: Picked) -> None:
    """No member stands in both, at any depth. Raises BadRequestData."""
    if pick.members & omit.members:
        raise BadRequestData("a member stands in both pick and omit")
    for name in pick.attributes.keys() & omit.attributes.keys():
        inner, left_out = pick.attributes[name], omit.attributes[name]
        if left_out is None:
            raise BadRequestData("a member stands in both pick and omit")
        if inner is not None:
            check_apart(inner, left_out)


class _Tokens:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def peek(self) -> str | None:
        if self._place >= len(self._text):
            return None
        found = _TOKEN.match(self._text, self._place)
        if found is None:
            raise self.unexpected()
        return found[0]

    def take(self) -> str | None:
        token = self.peek()
        self._place += len(token or "")
        return token

    def unexpected(self) -> BadRequestData:
        return BadRequestData(f"the list cannot be read from character {self._place + 1}")


def _read_members(tokens: _Tokens, terms: Terms, depth: int) -> Picked:
    if depth > MAX_DEPTH:
        raise BadRequestData(f"the list goes more than {MAX_DEPTH} levels deep")
    members: set[str] = set()
    attributes: dict[str, Picked | None] = {}
    while True:
        name = tokens.peek()
        if name is None or name in "{},":
            raise tokens.unexpected()
        tokens.take()
        inner = _read_inner(tokens, terms, depth)
        if name not in ENTITY_MEMBERS:
            attributes[terms.expand_name(name)] = inner
        elif inner is None:
            members.add(name)
        else:
            raise BadRequestData(f"{name} has nothing inside")
        if tokens.peek() != ",":
            return Picked(members=frozenset(members), attributes=attributes)
        tokens.take()


def _read_inner(tokens: _Tokens, terms: Terms, depth: int) -> Picked | None:
    if tokens.peek() != "{":
        return None
    tokens.take()
    inner = _read_members(tokens, terms, depth + 1)
    if tokens.take() != "}":
        raise tokens.unexpected()
    return inner
