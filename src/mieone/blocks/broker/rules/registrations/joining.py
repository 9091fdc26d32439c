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


def join_parts(parts: Sequence[Part], at: datetime) -> Entity | None:
    """Ours comes first among equals; what auxiliary sources have fills gaps only."""
    parts = _settle(parts, at)
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
        # Who has it for good, has it for good (4.5.5.3).
        expires_at=_last(entity.expires_at for entity in every),
        created_at=min(_known(entity.created_at for entity in every), default=None),
        modified_at=max(_known(entity.modified_at for entity in every), default=None),
    )


def _settle(parts: Sequence[Part], at: datetime) -> list[Part]:
    """Without what has expired; where an entity ends for some alone, their attributes end instead
    (4.5.5.2)."""
    live = [part for part in parts if part.entity.expires_at is None or part.entity.expires_at > at]
    is_shared = len({part.entity.expires_at is None for part in live}) < 2
    return [
        msgspec.structs.replace(
            part,
            entity=_without_expired(part.entity, at, None if is_shared else part.entity.expires_at),
        )
        for part in live
    ]


def _without_expired(entity: Entity, at: datetime, end: datetime | None) -> Entity:
    if end is None and not any(
        one.expires_at is not None
        for instances in entity.attributes.values()
        for one in instances.values()
    ):
        return entity
    attributes: Attributes = {}
    for name, instances in entity.attributes.items():
        ends = {
            dataset: min(_known((one.expires_at, end)), default=None)
            for dataset, one in instances.items()
        }
        kept = {
            dataset: msgspec.structs.replace(one, expires_at=ends[dataset])
            for dataset, one in instances.items()
            if (expiry := ends[dataset]) is None or expiry > at
        }
        if kept:
            attributes[name] = kept
    return msgspec.structs.replace(entity, attributes=attributes)


def _last(ends: Iterable[datetime | None]) -> datetime | None:
    found = list(ends)
    return max(_known(found)) if None not in found else None


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
    kept = entity.attributes
    if all(info.names for info in fitting):
        names = {name for info in fitting for name in info.names}
        kept = {name: one for name, one in kept.items() if name in names}
    if source.registration.datasets:
        kept = _of_datasets(kept, frozenset(source.registration.datasets))
    return entity if kept is entity.attributes else msgspec.structs.replace(entity, attributes=kept)


def _of_datasets(attributes: Attributes, datasets: frozenset[DatasetId]) -> Attributes:
    found = {
        name: {dataset: one for dataset, one in instances.items() if dataset in datasets}
        for name, instances in attributes.items()
    }
    return {name: instances for name, instances in found.items() if instances}


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
