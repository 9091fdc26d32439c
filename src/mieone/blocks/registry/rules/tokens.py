"""What a resident can be found by: each term becomes a blind token of the town."""

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

from mieone.blocks.registry.model import Entry

from .characters import comparable_kana, comparable_name

PREFIX_LENGTHS = (2, 4, 6)
Term: TypeAlias = tuple[str, str]
"""Field and value."""


def list_terms(entry: Entry, substitutes: Mapping[str, str]) -> frozenset[Term]:
    terms = {born_on_term(entry.born_on)}
    for kana in (entry.name_kana, entry.alias_kana):
        if kana:
            whole = comparable_kana(kana)
            terms.add(("kana", whole))
            terms |= {("kana_prefix", whole[:n]) for n in PREFIX_LENGTHS if len(whole) >= n}
    for name in (entry.name, entry.alias):
        if name:
            terms.add(name_term(name, substitutes))
    return frozenset(terms)


def born_on_term(born_on: date) -> Term:
    return ("born_on", born_on.isoformat())


def name_term(name: str, substitutes: Mapping[str, str]) -> Term:
    return ("name", comparable_name(name, substitutes))


def kana_term(kana: str) -> Term | None:
    """The longest token that the beginning of a reading reaches; None when it is too short.

    The caller compares the rest: there is no token for every length.
    """
    written = comparable_kana(kana)
    lengths = [n for n in PREFIX_LENGTHS if n <= len(written)]
    return ("kana_prefix", written[: lengths[-1]]) if lengths else None
