"""Which attributes are personal: they are refused when written, on every path alike.

No value ever goes into a reason: what is refused must not be kept in a log either.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    DatasetId,
    Entity,
    Fragment,
    Instance,
    Iri,
    JsonValue,
    Null,
    Overlay,
    Remembered,
)
from mieone.blocks.broker.problems import PersonalAttribute

from .my_number import holds_my_number

_LAST: Final = re.compile(r"[^/#:]*$")
_FILL: Final = re.compile(r"[\s_\-‐・]+")
_IDENTIFIERS: Final = ("id", "identifier", "number", "code", "番号", "コード", "識別子")


class PersonalGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of what is personal, as the region's file lists it."""

    what: str
    source: str
    since: date
    types: tuple[str, ...] = ()
    """Entity types that are about somebody."""
    attributes: tuple[str, ...] = ()
    on_types: tuple[str, ...] = ()
    """Where the attributes are personal; empty means everywhere."""
    markers: tuple[str, ...] = ()
    """Sub-attributes (v2 metadata) that say so by being true."""
    classifications: tuple[str, ...] = ()
    """Sub-attributes that say so by one of the values in `classified`."""
    classified: tuple[str, ...] = ()


class PersonalTerms:
    """What the region lists, made ready."""

    def __init__(self, groups: Sequence[PersonalGroup]) -> None:
        self._types = _folded(name for group in groups for name in group.types)
        self._anywhere = _folded(
            name for group in groups if not group.on_types for name in group.attributes
        )
        self._on_types: dict[str, set[str]] = {}
        for group in groups:
            for name in _folded(group.on_types):
                self._on_types.setdefault(name, set()).update(_folded(group.attributes))
        self._markers = _folded(name for group in groups for name in group.markers)
        self._classifications = _folded(name for group in groups for name in group.classifications)
        self._classified = _folded(name for group in groups for name in group.classified)

    def check_open(
        self, entity_id: str, fragment: Fragment, known_types: Sequence[Iri] = ()
    ) -> None:
        """Raises PersonalAttribute. `known_types`: of the entity that is there already."""
        if holds_my_number(entity_id):
            raise PersonalAttribute("the entity id could be somebody's individual number")
        types = fragment.types or ()
        self._check_types(types)
        refused = self._refused_on((*types, *known_types))
        for name, instances in fragment.attributes.items():
            for instance in instances.values():
                if isinstance(instance, Instance):
                    self._check_instance(name, instance, refused)
        for name, overlays in fragment.overlays.items():
            for overlay in overlays.values():
                if isinstance(overlay, Overlay):
                    self._check_overlay(name, overlay, refused)

    def narrows(self, types: Iterable[Iri], known: Iterable[Iri] = ()) -> bool:
        """Whether more is personal on `types` than on those that are `known`."""
        return not self._refused_on(types) <= self._refused_on(known)

    def check_retyped(self, entity: Entity, types: Sequence[Iri]) -> None:
        """What `entity` holds already, were it of these types too. Raises PersonalAttribute."""
        if not set(types) <= set(entity.types):
            held: dict[Iri, dict[DatasetId, Instance | Null]] = {
                name: {**instances} for name, instances in entity.attributes.items()
            }
            self.check_open(entity.id, Fragment(types=(*types,), attributes=held))

    def cut_personal(self, entity: Entity) -> tuple[Entity | None, tuple[Iri, ...]]:
        """What somebody else answered, without what is personal, and the names of what is cut.

        None when the entity itself is about somebody.
        """
        try:
            self.check_open(entity.id, Fragment(types=entity.types))
        except PersonalAttribute:
            return None, tuple(entity.attributes)
        refused = self._refused_on(entity.types)
        cut: list[Iri] = []
        for name, instances in entity.attributes.items():
            try:
                for instance in instances.values():
                    self._check_instance(name, instance, refused)
            except PersonalAttribute:
                cut.append(name)
        if not cut:
            return entity, ()
        kept = {name: value for name, value in entity.attributes.items() if name not in cut}
        return msgspec.structs.replace(entity, attributes=kept), tuple(cut)

    def _check_types(self, types: Iterable[Iri]) -> None:
        for name in types:
            if fold(name) in self._types:
                raise PersonalAttribute(f"entities of the type {name} are about persons")

    def _refused_on(self, types: Iterable[Iri]) -> frozenset[str]:
        refused = self._anywhere
        for name in types:
            if (more := self._on_types.get(fold(name))) is not None:
                refused |= more
        return refused

    def _check_instance(self, name: Iri, instance: Instance, refused: frozenset[str]) -> None:
        self._check_name(name, refused)
        self._check_value(name, instance.value, refused)
        if self._says_personal(name, instance.value):
            raise _refusal(name)
        if instance.remembered is not None:
            self._check_remembered(name, instance.remembered, refused)
        for sub, instances in instance.subs.items():
            for one in instances.values():
                self._check_instance(sub, one, refused)

    def _check_remembered(self, name: Iri, remembered: Remembered, refused: frozenset[str]) -> None:
        # Nothing is remembered: a scalar like any other.
        self._check_value(name, remembered.value, refused)
        for key, metadata in remembered.metadata.items():
            value = metadata.get("value") if isinstance(metadata, dict) else metadata
            if self._says_personal(key, value) or fold(key) in refused:
                raise _refusal(name)
            self._check_value(key, value, refused)

    def _check_overlay(self, name: Iri, overlay: Overlay, refused: frozenset[str]) -> None:
        self._check_name(name, refused)
        value = overlay.members.get("value")
        self._check_value(name, value, refused)
        if self._says_personal(name, value):
            raise _refusal(name)
        for sub, overlays in _present(overlay.subs):
            for one in overlays:
                self._check_overlay(sub, one, refused)

    def _check_name(self, name: Iri, refused: frozenset[str]) -> None:
        if fold(name) in refused:
            raise _refusal(name)

    def _says_personal(self, name: str, value: object) -> bool:
        folded = fold(name)
        if folded in self._markers:
            return value is True or value == 1 or (isinstance(value, str) and fold(value) == "true")
        if folded in self._classifications:
            texts = value if isinstance(value, list) else [value]
            return any(isinstance(text, str) and fold(text) in self._classified for text in texts)
        return False

    def _check_value(self, name: Iri, value: object, refused: frozenset[str]) -> None:
        """Numbers of persons under names for identifiers, and personal members of objects."""
        if isinstance(value, dict | list):
            for key, part in _walk(value):
                if key is not None and fold(key) in refused:
                    raise _refusal(name)
                self._check_scalar(name if key is None else key, part, name)
        else:
            self._check_scalar(name, value, name)

    def _check_scalar(self, key: str, value: object, name: Iri) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return
        text = str(value)
        if len(text) >= 12 and fold(key).endswith(_IDENTIFIERS) and holds_my_number(text):
            raise _refusal(name)


def _refusal(name: Iri) -> PersonalAttribute:
    return PersonalAttribute(f"the attribute {name} is personal, and only open data is kept here")


def _present(
    subs: Mapping[Iri, Mapping[DatasetId, Overlay | Null]],
) -> Iterator[tuple[Iri, list[Overlay]]]:
    for name, overlays in subs.items():
        yield name, [one for one in overlays.values() if isinstance(one, Overlay)]


def _walk(value: JsonValue) -> Iterator[tuple[str | None, JsonValue]]:
    """Every member of every object inside, with its name; elements of lists under their list's."""
    waiting: list[tuple[str | None, JsonValue]] = [(None, value)]
    while waiting:
        key, part = waiting.pop()
        if isinstance(part, dict):
            for name, inner in part.items():
                yield name, inner
                if isinstance(inner, dict | list):
                    waiting.append((name, inner))
        elif isinstance(part, list):
            for inner in part:
                if isinstance(inner, dict | list):
                    waiting.append((key, inner))
                else:
                    yield key, inner


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """The last part of a name, without the differences of spelling."""
    last = _LAST.search(name.rstrip("/#:"))
    return _FILL.sub("", last.group() if last else name).casefold()


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(name) for name in names)
