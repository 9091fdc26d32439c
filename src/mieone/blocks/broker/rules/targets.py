"""What a path of a condition leads to in an entity: a bundle of values for each instance."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    AttributeKind,
    DatasetId,
    Entity,
    Instance,
    JsonValue,
    Path,
)

from .projection import unwrap
from .v2.metadata import find_metadata

Element: TypeAlias = "JsonValue | datetime"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One instance's answer to a path: its elements, several when it holds a list."""

    elements: tuple[Element, ...]
    is_vocabulary: bool = False


_OF_ENTITY: Final = frozenset(
    {"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"}
)
_OF_INSTANCE: Final[Mapping[str, str]] = {
    "observedAt": "observed_at",
    "createdAt": "created_at",
    "modifiedAt": "modified_at",
    "deletedAt": "deleted_at",
    "expiresAt": "expires_at",
    "unitCode": "unit_code",
    "instanceId": "instance_id",
    "objectType": "object_types",
}


def list_targets(
    entity: Entity, path: Path, datasets: tuple[DatasetId, ...] | None = None
) -> list[Target]:
    """Empty when the entity has nothing at that path."""
    if len(path.names) == 1 and _is_reserved(path, 0, _OF_ENTITY):
        return _of_entity(entity, path.short[0])
    found: Iterable[tuple[DatasetId, Instance]] = [
        (dataset, instance)
        for dataset, instance in entity.attributes.get(path.names[0], {}).items()
        if datasets is None or dataset in datasets
    ]
    for place in range(1, len(path.names)):
        if _is_reserved(path, place, _OF_INSTANCE) or path.short[place] == "datasetId":
            return _of_instances(found, path.short[place])
        found = [
            (dataset, below)
            for _, instance in found
            for dataset, below in instance.subs.get(path.names[place], {}).items()
        ]
    return _targets((instance for _, instance in found), path.members)


def list_metadata_targets(
    entity: Entity, path: Path, datasets: tuple[DatasetId, ...] | None
) -> list[Target]:
    """For NGSI v2's mq, whose paths name an attribute and one of its metadata."""
    found = (
        find_metadata(instance, path)
        for dataset, instance in entity.attributes.get(path.names[0], {}).items()
        if datasets is None or dataset in datasets
    )
    return _targets((metadata for metadata in found if metadata is not None), path.members)


def _is_reserved(path: Path, place: int, names: Iterable[str]) -> bool:
    short = path.short[place]
    return short in names and path.names[place] == CORE_VOCABULARY + short


def _of_entity(entity: Entity, member: str) -> list[Target]:
    times = {
        "createdAt": entity.created_at,
        "modifiedAt": entity.modified_at,
        "deletedAt": entity.deleted_at,
        "expiresAt": entity.expires_at,
    }
    texts = {"id": (entity.id,), "type": entity.types, "scope": entity.scopes}
    if member in texts:
        return [Target(elements=texts[member])] if texts[member] else []
    at = times[member]
    return [] if at is None else [Target(elements=(at,))]


def _of_instances(found: Iterable[tuple[DatasetId, Instance]], member: str) -> list[Target]:
    targets: list[Target] = []
    for dataset, instance in found:
        value = dataset if member == "datasetId" else getattr(instance, _OF_INSTANCE[member])
        if isinstance(value, tuple):
            if value:
                targets.append(Target(elements=value))
        elif value is not None:
            targets.append(Target(elements=(value,)))
    return targets


def _targets(instances: Iterable[Instance], members: tuple[str, ...]) -> list[Target]:
    targets: list[Target] = []
    for instance in instances:
        if instance.kind is AttributeKind.LANGUAGE_PROPERTY:
            values = list(_of_languages(instance.value, members))
        else:
            values = list(_within(instance.value, members))
        if values or not members:
            targets.append(
                Target(
                    elements=tuple(values),
                    is_vocabulary=instance.kind is AttributeKind.VOCAB_PROPERTY,
                )
            )
    return targets


def _of_languages(value: JsonValue, members: tuple[str, ...]) -> Iterator[JsonValue]:
    """`name[en]`: that language; `name[*]` or `name`: any of them."""
    if not isinstance(value, dict) or len(members) > 1:
        return
    wanted = members[0].casefold() if members else "*"
    for language, text in value.items():
        if wanted in ("*", language.casefold()):
            yield from text if isinstance(text, list) else [text]


def _within(value: JsonValue, members: tuple[str, ...]) -> Iterator[JsonValue]:
    """The elements at a path into a value; lists on the way count element by element."""
    if isinstance(value, list):
        for element in value:
            yield from _within(element, members)
    elif not members:
        yield unwrap(value)
    elif isinstance(value, dict) and members[0] in value:
        yield from _within(value[members[0]], members[1:])
