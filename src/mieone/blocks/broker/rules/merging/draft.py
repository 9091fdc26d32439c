"""An entity on its way to the next state, and what was touched on the way."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from mieone.blocks.broker.model import (
    Attributes,
    Change,
    DatasetId,
    Effect,
    EffectKind,
    Entity,
    Instance,
    Iri,
    NotUpdated,
    Outcome,
)


class Draft:
    """Starts from an entity, or from nothing; the entity it starts from is never changed."""

    def __init__(self, before: Entity | None, at: datetime) -> None:
        self.before = before
        self.at = at
        self.attributes: Attributes = {} if before is None else dict(before.attributes)
        self.effects: list[Effect] = []
        self.not_updated: list[NotUpdated] = []
        self._updated: dict[Iri, None] = {}

    def find(self, name: Iri, dataset: DatasetId) -> Instance | None:
        return self.attributes.get(name, {}).get(dataset)

    def put(
        self, name: Iri, dataset: DatasetId, instance: Instance, *, keeps_created_at: bool = True
    ) -> None:
        before = self.find(name, dataset)
        after = stamp(instance, before if keeps_created_at else None, self.at)
        self.attributes[name] = {**self.attributes.get(name, {}), dataset: after}
        kind = EffectKind.CREATED if before is None else EffectKind.UPDATED
        self._touch(name, dataset, kind, before, after)

    def remove(self, name: Iri, dataset: DatasetId) -> None:
        before = self.attributes[name][dataset]
        rest = {key: value for key, value in self.attributes[name].items() if key != dataset}
        if rest:
            self.attributes[name] = rest
        else:
            del self.attributes[name]
        self._touch(name, dataset, EffectKind.DELETED, before, None)

    def keep(self, name: Iri, reason: str) -> None:
        """It was asked for and is not done."""
        self.not_updated.append(NotUpdated(name=name, reason=reason))

    def tell(self, name: Iri) -> None:
        """It is done, and is no attribute (scope)."""
        self._updated[name] = None

    def _touch(
        self,
        name: Iri,
        dataset: DatasetId,
        kind: EffectKind,
        before: Instance | None,
        after: Instance | None,
    ) -> None:
        self._updated[name] = None
        self.effects.append(
            Effect(name=name, dataset=dataset, kind=kind, before=before, after=after)
        )

    def finish(self, change: Change, after: Entity | None) -> Outcome:
        return Outcome(
            change=change,
            before=self.before,
            after=after,
            effects=tuple(self.effects),
            updated=tuple(self._updated),
            not_updated=tuple(self.not_updated),
        )

    def evolve(self, *, types: Iterable[Iri] = (), scopes: tuple[str, ...] | None = None) -> Entity:
        """The entity it started from with the attributes of now; types are added, never taken."""
        before = self.before
        assert before is not None
        return msgspec.structs.replace(
            before,
            types=tuple(dict.fromkeys((*before.types, *types))),
            scopes=before.scopes if scopes is None else scopes,
            attributes=self.attributes,
            modified_at=self.at,
        )


def stamp(instance: Instance, before: Instance | None, at: datetime) -> Instance:
    """With the times of this change; made when what it replaces was made."""
    return msgspec.structs.replace(
        instance,
        created_at=at if before is None or before.created_at is None else before.created_at,
        modified_at=at,
        subs={
            name: {
                dataset: stamp(sub, _find_sub(before, name, dataset), at)
                for dataset, sub in instances.items()
            }
            for name, instances in instance.subs.items()
        },
    )


def _find_sub(instance: Instance | None, name: Iri, dataset: DatasetId) -> Instance | None:
    return None if instance is None else instance.subs.get(name, {}).get(dataset)
