"""The keys under which an index holds scopes and NGSI v2's service paths.

`/A/B` stands under itself and under `/#`, `/A/#` and `/A/B/#`. Deep levels and long names stand only
under the keys above them: the index gives more than fits, and the scope itself decides.
"""

from collections.abc import Iterator
from typing import Final

from mieone.blocks.broker.model import Entity

from .rows import Turn
from .v2.names import path_of

DEEPEST: Final = 8
KEY_OCTETS: Final = 512
ANY: Final = "/#"


def list_keys(entity: Entity) -> frozenset[str]:
    """Of its scopes; of one without scopes, of the path that NGSI v2 shows."""
    if not entity.scopes:
        return frozenset(_list_keys(_levels(path_of(entity))))
    return frozenset({ANY}.union(*(_list_keys(_levels(scope)) for scope in entity.scopes)))


def has_moved(turn: Turn) -> bool:
    """Whether its keys may be others: seldom, and then they are worth comparing."""
    before, after = turn.before, turn.after
    if before is None or after is None:
        return True
    return before.scopes != after.scopes or before.identity != after.identity


def find_key(pattern: str) -> str:
    """All scopes that fit `/A/B`, `/A/#` or `/A/+/C` stand under it."""
    levels = _levels(pattern)
    fixed = next((at for at, level in enumerate(levels) if level in ("+", "#")), len(levels))
    is_whole = fixed == len(levels)
    return (_list_keys(levels) if is_whole else list(_list_branches(levels[:fixed])))[-1]


def _levels(path: str) -> list[str]:
    bare = path.strip("/")
    return bare.split("/") if bare else []


def _list_keys(levels: list[str]) -> list[str]:
    """Those above it, widest first, then its own where that can be held. Nothing is above the root."""
    above = list(_list_branches(levels)) if levels else []
    whole = "/" + "/".join(levels)
    return [*above, whole] if len(levels) <= DEEPEST and _fits(whole) else above


def _list_branches(levels: list[str]) -> Iterator[str]:
    for count in range(min(len(levels), DEEPEST) + 1):
        branch = "/".join(["", *levels[:count], "#"])
        if _fits(branch):
            yield branch


def _fits(key: str) -> bool:
    return len(key.encode()) <= KEY_OCTETS
