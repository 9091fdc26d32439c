"""A change as it is kept until everybody has been told of it."""

from datetime import datetime

import msgspec

from .changes import Change, Effect, Operation, Outcome
from .entity import DatasetId, Entity, Instance, Iri


class Happening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    at: datetime
    after: Entity | None = None
    before: Entity | None = None
    """Only of an entity that was deleted."""
    effects: tuple[Effect, ...] = ()
    """Without `after`, which is in the entity; without `before` where nobody asks for it."""
    was_created: bool = False
    is_forced: bool = False

    @classmethod
    def of(cls, outcome: Outcome, at: datetime, *, keeps_previous: bool) -> "Happening":
        return cls(
            at=at,
            after=outcome.after,
            before=outcome.before if outcome.was_deleted else None,
            effects=tuple(
                msgspec.structs.replace(
                    effect,
                    after=None,
                    before=effect.before if keeps_previous or effect.after is None else None,
                )
                for effect in outcome.effects
            ),
            was_created=outcome.was_created,
            is_forced=outcome.change.is_forced,
        )

    @property
    def entity(self) -> Entity:
        """As it is now, or was at last."""
        entity = self.after or self.before
        assert entity is not None
        return entity

    def outcome(self) -> Outcome:
        """As the write path saw it, as far as it was kept."""
        return Outcome(
            change=Change(
                operation=Operation.UPDATE, entity_id=self.entity.id, is_forced=self.is_forced
            ),
            before=None if self.was_created else self.before or self._former(),
            after=self.after,
            effects=tuple(
                msgspec.structs.replace(effect, after=self._after(effect))
                for effect in self.effects
            ),
        )

    def _after(self, effect: Effect) -> Instance | None:
        if self.after is None:
            return None
        return self.after.attributes.get(effect.name, {}).get(effect.dataset)

    def _former(self) -> Entity:
        """What is known of the entity before an update."""
        former: dict[Iri, dict[DatasetId, Instance]] = {
            name: dict(instances) for name, instances in self.entity.attributes.items()
        }
        for effect in self.effects:
            instances = former.setdefault(effect.name, {})
            instances.pop(effect.dataset, None)
            if effect.before is not None:
                instances[effect.dataset] = effect.before
        return msgspec.structs.replace(
            self.entity, attributes={name: found for name, found in former.items() if found}
        )
