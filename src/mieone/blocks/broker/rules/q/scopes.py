"""scopeQ (clause 4.19): `+` is one level, `#` the rest; `,` or `|` is or, `;` is and."""

from itertools import product
from typing import Final, TypeAlias

from mieone.blocks.broker.model import ScopeQuery
from mieone.blocks.broker.problems import TooComplexQuery

from .reader import Reader

_MOST_ALTERNATIVES: Final = 64

_Alternatives: TypeAlias = list[tuple[str, ...]]


def parse_scope_q(text: str) -> ScopeQuery:
    reader = Reader(text, "scopeQ")
    alternatives = _read_any(reader)
    reader.expect_end()
    return ScopeQuery(alternatives=tuple(alternatives))


def _read_any(reader: Reader) -> _Alternatives:
    found = _read_all(reader)
    while reader.take(",") or reader.take("|"):
        found = found + _read_all(reader)
    return _limited(found)


def _read_all(reader: Reader) -> _Alternatives:
    found = _read_one(reader)
    while reader.take(";"):
        found = _limited([a + b for a, b in product(found, _read_one(reader))])
    return found


def _limited(alternatives: _Alternatives) -> _Alternatives:
    if len(alternatives) > _MOST_ALTERNATIVES:
        raise TooComplexQuery(f"scopeQ has more than {_MOST_ALTERNATIVES} alternatives")
    return alternatives


def _read_one(reader: Reader) -> _Alternatives:
    reader.count_term()
    if reader.take("("):
        reader.enter()
        inner = _read_any(reader)
        reader.expect(")")
        reader.leave()
        return inner
    start = reader.at
    pattern = reader.take_until(",;|()")
    levels = pattern.split("/")
    if levels[0] or len(levels) < 2:
        reader.fail("a scope begins with a slash", start)
    for place, level in enumerate(levels[1:], start=2):
        is_wild = level == "+" or (level == "#" and place == len(levels))
        if not is_wild and (not level or not level.isprintable() or set(level) & set("+#")):
            reader.fail("this is no scope", start)
    return [(pattern,)]
