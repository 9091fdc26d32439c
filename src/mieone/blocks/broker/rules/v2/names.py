"""How NGSI v2 names what the store names by URIs: ids, types, attributes, service paths."""

import re
from collections.abc import Sequence
from typing import Final, Protocol
from urllib.parse import quote, unquote

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    DEFAULT_VOCABULARY,
    AttributeKind,
    Entity,
    EntitySelector,
    Identity,
    Iri,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.patterns import is_found

ROOT: Final = "/"
_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+"
)
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
_LOCATION: Final[Iri] = f"{CORE_VOCABULARY}location"
_DEFAULT_LOCATION: Final[Iri] = f"{DEFAULT_VOCABULARY}defaultLocation"
RESERVED_MEMBERS: Final = frozenset({"scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})
"""Members of an NGSI-LD entity: a v2 attribute of such a name stays in the default vocabulary."""


class NameTerms(Protocol):
    """The part of model.Terms that names need."""

    def expand_name(self, term: str) -> Iri: ...

    def compact_name(self, iri: Iri) -> str: ...

    def expand_type(self, term: str) -> Iri: ...

    def compact_type(self, iri: Iri) -> str: ...


class NoTerms:
    """Where nobody's context is at hand: the default vocabulary alone."""

    def expand_name(self, term: str) -> Iri:
        return _own_iri(term)

    def compact_name(self, iri: Iri) -> str:
        return iri

    def expand_type(self, term: str) -> Iri:
        return _own_iri(term)

    def compact_type(self, iri: Iri) -> str:
        return iri


class Names:
    """v2's names in the terms of one tenant. What it expands, it compacts to the same again."""

    def __init__(self, terms: NameTerms) -> None:
        self._terms = terms

    def attribute_iri(self, name: str) -> Iri:
        if name in RESERVED_MEMBERS or not _PLAIN.fullmatch(name):
            return _own_iri(name)
        try:
            iri = self._terms.expand_name(name)
        except BadRequestData:
            # The context gives this name no meaning, or one that no attribute can have.
            return _own_iri(name)
        return iri if self._attribute_term(iri) == name else _own_iri(name)

    def attribute_name(self, iri: Iri) -> str:
        term = self._attribute_term(iri)
        return term if self.attribute_iri(term) == iri else iri

    def type_iri(self, name: str) -> Iri:
        if not _PLAIN.fullmatch(name):
            return _own_iri(name)
        try:
            iri = self._terms.expand_type(name)
        except BadRequestData:
            return _own_iri(name)
        return iri if self._type_term(iri) == name else _own_iri(name)

    def type_name(self, iri: Iri) -> str:
        term = self._type_term(iri)
        return term if self.type_iri(term) == iri else iri

    def _attribute_term(self, iri: Iri) -> str:
        own = _find_own_name(iri)
        return self._terms.compact_name(iri) if own is None else own

    def _type_term(self, iri: Iri) -> str:
        own = _find_own_name(iri)
        return self._terms.compact_type(iri) if own is None else own


def _own_iri(name: str) -> Iri:
    return DEFAULT_VOCABULARY + quote(name, safe="")


def _find_own_name(iri: Iri) -> str | None:
    if not iri.startswith(DEFAULT_VOCABULARY):
        return None
    return unquote(iri.removeprefix(DEFAULT_VOCABULARY))


def is_uri(text: str) -> bool:
    return _URI.fullmatch(text) is not None


def list_candidate_ids(identity: Identity) -> list[str]:
    """Under which ids the store may keep it, best first: the v2 id itself when it is a URI, else
    one made of type and id. The last is its alone; the others may be somebody else's already,
    because v2 tells entities of one id apart by type and service path."""
    made = f"urn:ngsi-ld:{quote(identity.type, safe='')}:{quote(identity.id, safe='')}"
    alone = f"{made}:{quote(identity.path, safe='')}"
    return [identity.id, made, alone] if is_uri(identity.id) else [made, alone]


def read_made_id(entity_id: str) -> tuple[str, str] | None:
    """Type and id of v2 from an id that `list_candidate_ids` made; None for any other."""
    parts = entity_id.split(":")
    if len(parts) not in (4, 5) or parts[:2] != ["urn", "ngsi-ld"]:
        return None
    return unquote(parts[2]), unquote(parts[3])


def id_of(entity: Entity) -> str:
    return entity.identity.id if entity.identity else entity.id


def path_of(entity: Entity) -> str:
    if entity.scopes:
        return entity.scopes[0]
    return entity.identity.path if entity.identity else ROOT


def short_type_of(entity: Entity) -> str:
    """The v2 type for patterns, known without anybody's context."""
    if entity.identity is not None:
        return entity.identity.type
    first = entity.types[0] if entity.types else ""
    own = _find_own_name(first)
    return re.split(r"[/#]", first)[-1] if own is None else own


def fits_names(selector: EntitySelector, entity: Entity) -> bool:
    """Ids and patterns of a v2 selector; its `types` are judged like everybody's."""
    v2_id = id_of(entity)
    if selector.ids is not None and v2_id not in selector.ids:
        return False
    if selector.id_pattern is not None and not is_found(selector.id_pattern, v2_id):
        return False
    pattern = selector.type_pattern
    return pattern is None or is_found(pattern, short_type_of(entity))


def fits_paths(paths: Sequence[str], entity: Entity) -> bool:
    own = entity.scopes or (path_of(entity),)
    return not paths or any(fits_path(wanted, path) for wanted in paths for path in own)


def fits_path(wanted: str, path: str) -> bool:
    if not wanted.endswith("/#"):
        return path == wanted
    base = wanted.removesuffix("/#")
    return path == base or path.startswith(f"{base}/")


def location_of(entity: Entity) -> Iri | None:
    """The attribute that v2's geographical queries look at; None where none or several claim it."""
    places = {
        name: instances[DEFAULT_INSTANCE]
        for name, instances in entity.attributes.items()
        if DEFAULT_INSTANCE in instances
        and instances[DEFAULT_INSTANCE].kind is AttributeKind.GEO_PROPERTY
    }
    if len(places) < 2:
        return next(iter(places), None)
    marked = [
        name
        for name, instance in places.items()
        if (mark := instance.subs.get(_DEFAULT_LOCATION, {}).get(DEFAULT_INSTANCE)) is not None
        and mark.value is True
    ]
    if len(marked) == 1:
        return marked[0]
    return _LOCATION if _LOCATION in places and not marked else None
