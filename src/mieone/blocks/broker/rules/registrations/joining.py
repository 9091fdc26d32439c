"""One entity out of the parts that several sources hold: of each instance the newest."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from mieone.blocks.broker.model import Attributes, DatasetId, Entity, Instance, Iri, SourceMode

from .matching import holds_entity
from .splitting import Source


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one party has. Without a source: ours."""

    entity: Entity
    source: Source | None = None

    @property
    def is_auxiliary(self) -> bool:
        return self.source is not None and self.source.mode is SourceMode.AUXILIARY


def join_parts(parts: Sequence[Part]) -> Entity | None:
    """Ours comes first among equals; what auxiliary sources have fills gaps only."""
    main = [part.entity for part in parts if not part.is_auxiliary]
    spare = [part.entity for part in parts if part.is_auxiliary]
    if not main and not spare:
        return None
    attributes: Attributes = {}
    for entity in main:
        _add(attributes, entity, decides=True)
    for entity in spare:
        _add(attributes, entity, decides=False)
    every = main or spare
    return msgspec.structs.replace(
        every[0],
        types=tuple(dict.fromkeys(name for entity in every for name in entity.types)),
        scopes=tuple(dict.fromkeys(scope for entity in every for scope in entity.scopes)),
        attributes=attributes,
        created_at=min(_known(entity.created_at for entity in every), default=None),
        modified_at=max(_known(entity.modified_at for entity in every), default=None),
    )


def _known(instants: Iterable[datetime | None]) -> list[datetime]:
    return [at for at in instants if at is not None]


def _add(attributes: Attributes, entity: Entity, *, decides: bool) -> None:
    for name, instances in entity.attributes.items():
        held = attributes.get(name)
        if held is None:
            attributes[name] = dict(instances)
        elif decides:
            for dataset, instance in instances.items():
                before = held.get(dataset)
                if before is None or is_newer(instance, before):
                    held[dataset] = instance


def is_newer(one: Instance, other: Instance) -> bool:
    """By when it was observed, else by when it was written; what nobody can tell is not newer."""
    if one.observed_at is not None and other.observed_at is not None:
        if one.observed_at != other.observed_at:
            return one.observed_at > other.observed_at
    elif one.observed_at is not None or other.observed_at is not None:
        return one.observed_at is not None
    if one.modified_at is not None and other.modified_at is not None:
        return one.modified_at > other.modified_at
    return False


def is_undecided(parts: Sequence[Part]) -> bool:
    """Whether somebody must be asked again, with the times of writing."""
    seen: dict[tuple[Iri, DatasetId], Instance] = {}
    for part in parts:
        if part.is_auxiliary:
            continue
        for name, instances in part.entity.attributes.items():
            for dataset, instance in instances.items():
                other = seen.setdefault((name, dataset), instance)
                if other is not instance and _cannot_tell(instance, other):
                    return True
    return False


def _cannot_tell(one: Instance, other: Instance) -> bool:
    if one.kind is other.kind and one.value == other.value:
        return False
    if one.observed_at is not None or other.observed_at is not None:
        return one.observed_at == other.observed_at and (
            one.modified_at is None or other.modified_at is None
        )
    return one.modified_at is None or other.modified_at is None


def cut_to_source(entity: Entity, source: Source) -> Entity | None:
    """Only what this source is registered for: it can put nothing else into our answers."""
    fitting = [
        info
        for info in source.registration.information
        if holds_entity(info, entity.id, entity.types)
    ]
    if not fitting:
        return None
    if any(not info.names for info in fitting):
        return entity
    names = {name for info in fitting for name in info.names}
    kept = {name: one for name, one in entity.attributes.items() if name in names}
    return msgspec.structs.replace(entity, attributes=kept)


def cut_proxied(
    entity: Entity, sources: Iterable[Source], modes: frozenset[SourceMode]
) -> Entity | None:
    """Without what is held elsewhere only, by sources of these modes; None when that is all of it."""
    gone: set[Iri] = set()
    for source in sources:
        if source.mode not in modes:
            continue
        for info in source.registration.information:
            if not holds_entity(info, entity.id, entity.types):
                continue
            if not info.names and source.mode is SourceMode.REDIRECT:
                return None
            gone.update(info.names)
    if gone.isdisjoint(entity.attributes):
        return entity
    kept = {name: one for name, one in entity.attributes.items() if name not in gone}
    return msgspec.structs.replace(entity, attributes=kept)
