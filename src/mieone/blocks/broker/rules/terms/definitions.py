"""What a JSON-LD context says of each term, as far as NGSI-LD asks (JSON-LD 1.1, 4 and 5).

Scoped contexts, @reverse, @nest and @base change nothing here: they are read past.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

KEYWORDS: Final = frozenset(
    (
        "@base",
        "@container",
        "@context",
        "@direction",
        "@graph",
        "@id",
        "@import",
        "@included",
        "@index",
        "@json",
        "@language",
        "@list",
        "@nest",
        "@none",
        "@prefix",
        "@propagate",
        "@protected",
        "@reverse",
        "@set",
        "@type",
        "@value",
        "@version",
        "@vocab",
    )
)
_KEYWORD_LIKE: Final = re.compile(r"@[A-Za-z]+\Z")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PREFIX_ENDS: Final = tuple(":/?#[]@")
MAX_DEPTH: Final = 32
MAX_STEPS: Final = 500
MAX_TERMS: Final = 20_000


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    iri: str | None
    """None: the context says that this term means nothing."""
    coercion: str | None = None
    is_prefix: bool = False
    is_protected: bool = False


class Definitions(msgspec.Struct, kw_only=True):
    """An active context under construction."""

    terms: dict[str, Definition]
    vocabulary: str | None
    steps: int = 0


def expand(text: str, terms: Mapping[str, Definition], vocabulary: str | None) -> str | None:
    """An IRI, a keyword, or None for what means nothing (JSON-LD API 5.2)."""
    known = terms.get(text)
    if known is not None:
        return known.iri
    if text.startswith("@") and (text in KEYWORDS or _KEYWORD_LIKE.match(text)):
        return text if text in KEYWORDS else None
    if ":" in text[1:]:
        prefix, _, rest = text.partition(":")
        if prefix == "_" or rest.startswith("//"):
            return text
        scheme = terms.get(prefix)
        if scheme is not None and scheme.iri and scheme.is_prefix:
            return scheme.iri + rest
        if is_absolute(text):
            return text
    return text if vocabulary is None else vocabulary + text


Documents = Mapping[str, JsonValue]
"""Remote contexts by URL: the value of @context in each document."""


def is_absolute(text: str) -> bool:
    return _SCHEME.match(text) is not None


def apply(active: Definitions, local: JsonValue, documents: Documents) -> None:
    """Bring a context into `active`. Raises BadRequestData for what is no context."""
    _apply(active, local, documents, ())


def _apply(
    active: Definitions, local: JsonValue, documents: Documents, chain: tuple[str, ...]
) -> None:
    active.steps += 1
    if len(chain) > MAX_DEPTH or active.steps > MAX_STEPS:
        raise BadRequestData("@context is nested too deep, or has too many parts")
    if local is None:
        active.terms.clear()
        active.vocabulary = None
    elif isinstance(local, list):
        for part in local:
            if isinstance(part, list):
                raise BadRequestData("@context: an array inside an array is no context")
            _apply(active, part, documents, chain)
    elif isinstance(local, str):
        if local in chain:
            raise BadRequestData(f"@context: {local} includes itself")
        if local in documents:
            _apply(active, documents[local], documents, (*chain, local))
    elif isinstance(local, dict):
        imported = local.get("@import")
        if isinstance(imported, str) and imported in documents:
            _apply(active, documents[imported], documents, (*chain, imported))
        _Scope(active, local).apply()
    else:
        raise BadRequestData("@context is a URL, an object, or an array of them")


class _Scope:
    """One object of terms, brought into the active context in the order its terms need."""

    def __init__(self, active: Definitions, local: dict[str, JsonValue]) -> None:
        self._active = active
        self._local = local
        self._done: dict[str, bool] = {}
        """False while a term is being defined: meeting it again is a circle."""

    def apply(self) -> None:
        local = self._local
        if len(local) + len(self._active.terms) > MAX_TERMS:
            raise BadRequestData(f"@context defines more than {MAX_TERMS} terms")
        if local.get("@version", 1.1) != 1.1:
            raise BadRequestData("@context: @version is not 1.1")
        protects = local.get("@protected", False)
        if not isinstance(protects, bool):
            raise BadRequestData("@context: @protected is true or false")
        if "@vocab" in local:
            self._active.vocabulary = self._read_vocabulary(local["@vocab"])
        for term in local:
            if term not in KEYWORDS or term == "@type":
                self._define(term, protects, 0)

    def _read_vocabulary(self, value: JsonValue) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadRequestData("@context: @vocab is an IRI or null")
        expanded = expand(value, self._active.terms, self._active.vocabulary) if value else ""
        if expanded is None or not (expanded == "" or ":" in expanded):
            raise BadRequestData(f"@context: @vocab {value!r} is no IRI")
        return expanded or self._active.vocabulary

    def _define(self, term: str, protects: bool, depth: int) -> None:
        if self._done.get(term):
            return
        if term in self._done or depth > MAX_DEPTH:
            raise BadRequestData(f"@context: the definition of {term!r} needs itself")
        if not term:
            raise BadRequestData("@context: a term is empty")
        if term == "@type" or (term not in KEYWORDS and _KEYWORD_LIKE.match(term)):
            self._done[term] = True
            return
        self._done[term] = False
        before = self._active.terms.pop(term, None)
        value = self._local[term]
        made = self._read_definition(term, value, protects, depth)
        if before is not None and before.is_protected:
            if made is None or _meaning(made) != _meaning(before):
                raise BadRequestData(f"@context: the term {term!r} is protected")
            made = before
        if made is not None:
            self._active.terms[term] = made
        self._done[term] = True

    def _read_definition(
        self, term: str, value: JsonValue, protects: bool, depth: int
    ) -> Definition | None:
        is_simple = isinstance(value, str)
        if is_simple:
            value = {"@id": value}
        if value is None:
            return Definition(iri=None, is_protected=protects)
        if not isinstance(value, dict):
            raise BadRequestData(f"@context: {term!r} is defined by text, an object or null")
        protects = value.get("@protected", protects) is True
        if "@id" in value and value["@id"] is None:
            return Definition(iri=None, is_protected=protects)
        coercion = self._read_coercion(term, value.get("@type"), depth)
        iri = self._read_iri(term, value, depth)
        if iri is None:
            return None
        may_prefix = is_simple and iri.endswith(_PREFIX_ENDS) and ":" not in term
        return Definition(
            iri=iri,
            coercion=coercion,
            is_prefix=value.get("@prefix", may_prefix and "/" not in term) is True,
            is_protected=protects,
        )

    def _read_coercion(self, term: str, value: JsonValue, depth: int) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadRequestData(f"@context: @type of {term!r} is no text")
        return value if value in KEYWORDS else self._expand(value, depth)

    def _read_iri(self, term: str, value: dict[str, JsonValue], depth: int) -> str | None:
        given = value.get("@id", value.get("@reverse", term))
        if not isinstance(given, str):
            raise BadRequestData(f"@context: @id of {term!r} is no text")
        if given != term:
            if given not in KEYWORDS and _KEYWORD_LIKE.match(given):
                return None
            iri = self._expand(given, depth)
            if iri == "@context" or iri is None or not (iri in KEYWORDS or ":" in iri):
                raise BadRequestData(f"@context: {term!r} is mapped to {given!r}, which is no IRI")
            return iri
        if ":" in term[1:]:
            prefix, _, rest = term.partition(":")
            if prefix in self._local and prefix != term:
                self._define_other(prefix, depth)
            known = self._active.terms.get(prefix)
            return known.iri + rest if known is not None and known.iri else term
        if self._active.vocabulary is None:
            raise BadRequestData(f"@context: {term!r} has no IRI, and there is no @vocab")
        return self._active.vocabulary + term

    def _expand(self, text: str, depth: int) -> str | None:
        for needed in (text, text.partition(":")[0]):
            if needed in self._local:
                self._define_other(needed, depth)
        return expand(text, self._active.terms, self._active.vocabulary)

    def _define_other(self, term: str, depth: int) -> None:
        if not self._done.get(term) and term not in KEYWORDS:
            self._define(term, self._local.get("@protected") is True, depth + 1)


def _meaning(definition: Definition) -> tuple[str | None, str | None, bool]:
    return definition.iri, definition.coercion, definition.is_prefix
