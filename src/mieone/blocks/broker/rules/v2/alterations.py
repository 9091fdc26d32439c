"""What must happen to an entity for a v2 subscription to be told of it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from mieone.blocks.broker.model import Effect, Instance, Outcome, Subscription


class Alteration(StrEnum):
    CREATE = "entityCreate"
    CHANGE = "entityChange"
    UPDATE = "entityUpdate"
    DELETE = "entityDelete"


DEFAULT_ALTERATIONS: Final = (Alteration.CREATE, Alteration.CHANGE)


def alterations_of(subscription: Subscription) -> tuple[Alteration, ...]:
    written = _condition(subscription).get("alterationTypes")
    if not isinstance(written, list) or not written:
        return DEFAULT_ALTERATIONS
    return tuple(Alteration(str(one)) for one in written)


def _condition(subscription: Subscription) -> Mapping[str, object]:
    subject = subscription.v2.get("subject")
    condition = subject.get("condition") if isinstance(subject, dict) else None
    return condition if isinstance(condition, dict) else {}


def is_altered(subscription: Subscription, outcome: Outcome, watched: Sequence[Effect]) -> bool:
    """`watched`: the effects on attributes that the subscription names, or on any."""
    wanted = alterations_of(subscription)
    if outcome.was_deleted:
        return Alteration.DELETE in wanted
    if outcome.was_created:
        return Alteration.CREATE in wanted and (not subscription.watched or bool(watched))
    if Alteration.UPDATE in wanted:
        return bool(watched)
    if Alteration.CHANGE not in wanted:
        return False
    looks_at_metadata = _condition(subscription).get("notifyOnMetadataChange") is not False
    return any(
        outcome.change.is_forced or has_changed(effect, looks_at_metadata=looks_at_metadata)
        for effect in watched
    )


def has_changed(effect: Effect, *, looks_at_metadata: bool = True) -> bool:
    before, after = effect.before, effect.after
    if before is None or after is None:
        return True
    if (before.kind, before.value, _told_type(before)) != (
        after.kind,
        after.value,
        _told_type(after),
    ):
        return True
    return looks_at_metadata and _metadata(before) != _metadata(after)


def _told_type(instance: Instance) -> str | None:
    return instance.remembered.type if instance.remembered else None


def _metadata(instance: Instance) -> object:
    subs = {
        (name, dataset): (sub.kind, sub.value, _told_type(sub))
        for name, instances in instance.subs.items()
        for dataset, sub in instances.items()
    }
    remembered = instance.remembered.metadata if instance.remembered else {}
    return subs, instance.observed_at, instance.unit_code, remembered


def tell_alteration(outcome: Outcome) -> Alteration:
    if outcome.was_created:
        return Alteration.CREATE
    if outcome.was_deleted:
        return Alteration.DELETE
    is_change = outcome.change.is_forced or any(has_changed(effect) for effect in outcome.effects)
    return Alteration.CHANGE if is_change else Alteration.UPDATE
