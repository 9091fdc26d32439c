"""A context made ready: expansion and compaction by look-up."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Generic, TypeVar

from mieone.blocks.broker.model import DEFAULT_VOCABULARY, Iri, JsonValue
from mieone.blocks.broker.problems import BadRequestData

from .definitions import KEYWORDS, Definition, Definitions, Documents, apply, expand, is_absolute

MAX_NAME = 2048
MOST_REMEMBERED: Final = 256 * 1024
"""Bytes of names, for each of what a table remembers."""
BYTES_PER_TERM: Final = 350
BYTES_PER_NAME: Final = 200
_FORBIDDEN_IN_IRI: Final = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`]")
_FORBIDDEN_IN_NAME: Final = re.compile(r"[\x00-\x20\x7f<>\"'=;(),{}\[\]|\\^`&?#%]")
_KEYWORD_MEMBERS: Final = {"@id": "id", "@type": "type", "@context": "@context"}


Short = TypeVar("Short", str, str | None)


class Memory(Generic[Short]):
    """Answers given before, until they grow too large: anybody may send names that nobody else uses."""

    def __init__(self) -> None:
        self.known: dict[str, Short] = {}
        self.weight = 0

    def put(self, name: str, answer: Short) -> Short:
        weight = BYTES_PER_NAME + len(name) + len(answer or "")
        if self.weight + weight > MOST_REMEMBERED:
            self.known.clear()
            self.weight = 0
        self.known[name] = answer
        self.weight += weight
        return answer


class CoreTerms:
    """The terms of the core context, which stand over those of every other context."""

    def __init__(self, context: JsonValue) -> None:
        made = Definitions(terms={}, vocabulary=None)
        apply(made, context, {})
        self.terms: Mapping[str, Definition] = {
            term: definition
            for term, definition in made.terms.items()
            if definition.iri is not None
        }
        self.unprotected: Mapping[str, Definition] = {
            term: Definition(iri=d.iri, coercion=d.coercion, is_prefix=d.is_prefix)
            for term, d in self.terms.items()
        }
        self.vocabulary = made.vocabulary or DEFAULT_VOCABULARY
        self.members: Mapping[str, str] = {
            definition.iri: _KEYWORD_MEMBERS.get(definition.iri, term)
            for term, definition in self.terms.items()
            if definition.iri is not None
        }
        """By IRI: the short name under which the core knows a member."""


class ContextTerms:
    """`Terms` of one context; see the model for what each name promises."""

    def __init__(
        self,
        core: CoreTerms,
        context: JsonValue,
        documents: Documents,
        *,
        urls: Sequence[str],
        link: str,
        inline: JsonValue,
    ) -> None:
        made = Definitions(terms=dict(core.unprotected), vocabulary=core.vocabulary)
        apply(made, context, documents)
        self._terms: dict[str, Definition] = {**made.terms, **core.terms}
        self._vocabulary = core.vocabulary
        self._members = core.members
        self._by_iri = _shortest_first(self._terms)
        self._prefixes = sorted(
            (d.iri, term) for term, d in self._terms.items() if d.is_prefix and d.iri
        )
        self._expanded: Memory[Iri] = Memory()
        self._compacted: Memory[str] = Memory()
        self._member_names: Memory[str | None] = Memory()
        self._own_weight = sum(
            BYTES_PER_TERM + len(term) + len(d.iri or "") for term, d in self._terms.items()
        )
        self._urls = tuple(urls)
        self._link = link
        self._inline = inline

    @property
    def weight(self) -> int:
        """In bytes, about; it grows with the names that are asked for."""
        remembered = (self._expanded, self._compacted, self._member_names)
        return self._own_weight + sum(memory.weight for memory in remembered)

    @property
    def urls(self) -> tuple[str, ...]:
        return self._urls

    @property
    def link(self) -> str:
        return self._link

    @property
    def inline(self) -> JsonValue:
        return self._inline

    def expand_name(self, term: str) -> Iri:
        known = self._expanded.known.get(term)
        if known is not None:
            return known
        check_name(term)
        iri = self._expand(term)
        if iri is None:
            raise BadRequestData(f"the @context says that {term!r} means nothing")
        if iri.startswith("@"):
            raise BadRequestData(f"{term!r} stands for {iri} and is no name")
        return self._expanded.put(term, iri)

    def expand_type(self, term: str) -> Iri:
        return self.expand_name(term)

    def compact_name(self, iri: Iri) -> str:
        known = self._compacted.known.get(iri)
        if known is not None:
            return known
        return self._compacted.put(iri, self._compact(iri))

    def compact_type(self, iri: Iri) -> str:
        return self.compact_name(iri)

    def expand_value(self, name: Iri, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self._expand(value) or value
        if isinstance(value, list):
            return [self.expand_value(name, part) for part in value]
        return value

    def compact_value(self, name: Iri, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self.compact_name(value) if is_absolute(value) else value
        if isinstance(value, list):
            return [self.compact_value(name, part) for part in value]
        return value

    def member(self, name: str) -> str | None:
        """The core's short name of a member of a document, whatever alias or IRI it came as."""
        try:
            return self._member_names.known[name]
        except KeyError:
            pass
        if name in KEYWORDS:
            short = _KEYWORD_MEMBERS.get(name)
        else:
            short = self._members.get(self._expand(name) or "")
        return self._member_names.put(name, short)

    def _expand(self, text: str) -> Iri | None:
        return expand(text, self._terms, self._vocabulary)

    def _compact(self, iri: Iri) -> str:
        terms = self._by_iri.get(iri)
        if terms is not None:
            return terms
        if iri.startswith(self._vocabulary):
            rest = iri[len(self._vocabulary) :]
            if rest and self._expand(rest) == iri and is_name(rest):
                return rest
        best = iri
        for start, prefix in self._prefixes:
            if start is not None and iri.startswith(start) and len(iri) > len(start):
                short = f"{prefix}:{iri[len(start) :]}"
                if (len(short), short) < (len(best), best) and self._expand(short) == iri:
                    best = short
        return best


def is_name(text: str) -> bool:
    """Whether an attribute or a type can be called so in a document."""
    if not text or len(text) > MAX_NAME or text.startswith("@"):
        return False
    forbidden = _FORBIDDEN_IN_IRI if ":" in text[1:] else _FORBIDDEN_IN_NAME
    return forbidden.search(text) is None and not any("\ud800" <= c <= "\udfff" for c in text)


def check_name(text: str) -> None:
    if not is_name(text):
        raise BadRequestData(f"{text[:100]!r} is no name of a type or an attribute")


def _shortest_first(terms: Mapping[str, Definition]) -> dict[Iri, str]:
    """Of the terms for one IRI the shortest, then the first by letters."""
    chosen: dict[Iri, str] = {}
    for term in sorted(terms, key=lambda each: (len(each), each)):
        iri = terms[term].iri
        if iri is not None and is_name(term):
            chosen.setdefault(iri, term)
    return chosen
