"""Entities as v2 readers get them: normalized, keyValues, values, unique."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from mieone.blocks.broker.model import DEFAULT_INSTANCE, Entity, Instance, Iri, JsonValue

from .bodies import CHANGES
from .metadata import EVERYTHING, show_metadata
from .names import Names, id_of, path_of
from .times import write_time
from .values import Typed, show


class V2Form(StrEnum):
    NORMALIZED = "normalized"
    KEY_VALUES = "keyValues"
    VALUES = "values"
    UNIQUE = "unique"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    form: V2Form = V2Form.NORMALIZED
    attributes: tuple[str, ...] = ()
    """Names in the order wanted; `*` is all of the user's, and so is ()."""
    metadata: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What only a notification tells besides the entity."""

    alteration: str | None = None
    metadata: dict[Iri, dict[str, Typed]] = {}
    """previousValue and actionType, by attribute."""


NOTHING: Final = Told()


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute as it is told."""

    typed: Typed
    metadata: dict[str, JsonValue] = {}

    @property
    def document(self) -> dict[str, JsonValue]:
        return {"type": self.typed.type, "value": self.typed.value, "metadata": self.metadata}


def entity_document(entity: Entity, names: Names, shape: Shape, told: Told = NOTHING) -> JsonValue:
    attributes = list_shown(entity, names, shape, told)
    if shape.form is V2Form.VALUES:
        return [one.typed.value for one in attributes.values()]
    if shape.form is V2Form.UNIQUE:
        return _without_repeats([one.typed.value for one in attributes.values()])
    head: dict[str, JsonValue] = {"id": id_of(entity), "type": type_of(entity, names)}
    return {**head, **_documents(attributes, shape.form)}


def attributes_document(entity: Entity, names: Names, shape: Shape) -> JsonValue:
    """Without id and type."""
    attributes = list_shown(entity, names, shape)
    if shape.form in (V2Form.VALUES, V2Form.UNIQUE):
        return entity_document(entity, names, shape)
    return _documents(attributes, shape.form)


def attribute_document(instance: Instance, names: Names, metadata: Sequence[str] = ()) -> JsonValue:
    return Shown(
        typed=show(instance, names), metadata=show_metadata(instance, names, metadata)
    ).document


def type_of(entity: Entity, names: Names) -> str:
    if entity.identity is not None:
        return entity.identity.type
    return names.type_name(entity.types[0]) if entity.types else ""


def _documents(attributes: Mapping[str, Shown], form: V2Form) -> dict[str, JsonValue]:
    if form is V2Form.KEY_VALUES:
        return {name: one.typed.value for name, one in attributes.items()}
    return {name: one.document for name, one in attributes.items()}


def _without_repeats(values: list[JsonValue]) -> list[JsonValue]:
    unique: list[JsonValue] = []
    for value in values:
        # True and 1 are equal in Python and two values in JSON.
        if not any(value == other and type(value) is type(other) for other in unique):
            unique.append(value)
    return unique


def list_shown(
    entity: Entity, names: Names, shape: Shape, told: Told = NOTHING
) -> dict[str, Shown]:
    own = dict(_own_attributes(entity, names))
    wanted = shape.attributes or (EVERYTHING,)
    chosen: dict[str, Shown] = {}
    builtin = dict(_builtin_attributes(entity, told))
    for name in wanted:
        for shown in own if name == EVERYTHING else (name,):
            if shown in own:
                iri, instance = own[shown]
                metadata = show_metadata(instance, names, shape.metadata, told.metadata.get(iri))
                chosen[shown] = Shown(typed=show(instance, names), metadata=metadata)
            elif shown in builtin:
                chosen[shown] = Shown(typed=builtin[shown])
    return chosen


def _own_attributes(entity: Entity, names: Names) -> Iterator[tuple[str, tuple[Iri, Instance]]]:
    for iri, instances in entity.attributes.items():
        if DEFAULT_INSTANCE in instances:
            yield names.attribute_name(iri), (iri, instances[DEFAULT_INSTANCE])


def _builtin_attributes(entity: Entity, told: Told) -> Iterator[tuple[str, Typed]]:
    times: dict[str, datetime | None] = {
        "dateCreated": entity.created_at,
        "dateModified": entity.modified_at,
        "dateExpires": entity.expires_at,
    }
    for name, at in times.items():
        if at is not None:
            yield name, Typed("DateTime", write_time(at))
    yield "servicePath", Typed("Text", path_of(entity))
    if told.alteration is not None:
        yield CHANGES, Typed("Text", told.alteration)
