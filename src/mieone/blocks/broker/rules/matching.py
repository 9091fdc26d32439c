"""Which subscriptions a change concerns. The index finds candidates, the conditions decide."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import assert_never

from mieone.blocks.broker.model import (
    AllTypes,
    AnyType,
    Effect,
    EffectKind,
    Entity,
    EntitySelector,
    Instance,
    Iri,
    OneType,
    Outcome,
    Subscription,
    SubscriptionApi,
    SubscriptionId,
    SubscriptionKind,
    SubscriptionStatus,
    Trigger,
    TypeSelection,
)

from .conditions import fits, fits_geo, fits_scope, fits_selector
from .v2.alterations import is_altered
from .v2.names import fits_paths

_OF_ENTITIES = frozenset({Trigger.ENTITY_CREATED, Trigger.ENTITY_DELETED})


class _Shelf:
    """Subscriptions that a type, an id or nothing in particular leads to."""

    __slots__ = ("always", "by_attribute")

    def __init__(self) -> None:
        self.always: list[Subscription] = []
        self.by_attribute: dict[Iri, list[Subscription]] = {}

    def put(self, subscription: Subscription) -> None:
        if not subscription.watched or _OF_ENTITIES.intersection(subscription.triggers):
            self.always.append(subscription)
            return
        for name in subscription.watched:
            self.by_attribute.setdefault(name, []).append(subscription)

    def find(self, names: Iterable[Iri]) -> Iterable[Subscription]:
        yield from self.always
        if self.by_attribute:
            for name in names:
                yield from self.by_attribute.get(name, ())


class SubscriptionIndex:
    """Built once an epoch; never changed afterwards."""

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self._by_id: dict[str, _Shelf] = {}
        self._by_type: dict[Iri, _Shelf] = {}
        self._others = _Shelf()
        self.subscriptions = {
            one.id: one for one in subscriptions if one.kind is SubscriptionKind.ENTITIES
        }
        for subscription in self.subscriptions.values():
            # By intervals alone it is told of; no change makes it due.
            if subscription.interval_s is None:
                self._put(subscription)

    def _put(self, subscription: Subscription) -> None:
        if not subscription.selectors:
            self._others.put(subscription)
        for selector in subscription.selectors:
            types = None if selector.types is None else list_leading_types(selector.types)
            if selector.ids is not None and not selector.is_v2:
                for entity_id in selector.ids:
                    self._by_id.setdefault(entity_id, _Shelf()).put(subscription)
            elif types is not None:
                for name in types:
                    self._by_type.setdefault(name, _Shelf()).put(subscription)
            else:
                self._others.put(subscription)

    def list_candidates(self, state: Entity, names: Sequence[Iri]) -> list[Subscription]:
        """A superset of what is due, each once, in the order they were made."""
        found: dict[SubscriptionId, Subscription] = {}
        shelves = [self._others]
        if state.id in self._by_id:
            shelves.append(self._by_id[state.id])
        shelves += [self._by_type[name] for name in state.types if name in self._by_type]
        for shelf in shelves:
            for subscription in shelf.find(names):
                found[subscription.id] = subscription
        return list(found.values())


def list_leading_types(selection: TypeSelection) -> list[Iri] | None:
    """Whatever fits has one of these types; None when nothing of the sort can be said."""
    match selection:
        case OneType(name):
            return [name]
        case AllTypes(parts):
            return next((names for part in parts if (names := list_leading_types(part))), None)
        case AnyType(parts):
            listed = [list_leading_types(part) for part in parts]
            if any(names is None for names in listed):
                return None
            return [name for names in listed for name in names or ()]


def decide_due(index: SubscriptionIndex, outcome: Outcome, at: datetime) -> list[SubscriptionId]:
    """For an outcome without a problem."""
    state = outcome.after or outcome.before
    if state is None:
        return []
    names = [effect.name for effect in outcome.effects]
    return [
        subscription.id
        for subscription in index.list_candidates(state, names)
        if is_due(subscription, outcome, state, at)
    ]


def is_due(subscription: Subscription, outcome: Outcome, state: Entity, at: datetime) -> bool:
    """The whole truth of one subscription; `state` is the entity afterwards, or as it was last."""
    return (
        subscription.status_at(at) is SubscriptionStatus.ACTIVE
        and is_triggered(subscription, outcome)
        and _is_selected(subscription.selectors, state)
        and fits_paths(subscription.paths, state)
        and _fits_conditions(subscription, state)
    )


def is_triggered(subscription: Subscription, outcome: Outcome) -> bool:
    if subscription.api is SubscriptionApi.NGSI_V2:
        return is_altered(subscription, outcome, list_watched_effects(subscription, outcome))
    triggers = subscription.effective_triggers
    if outcome.was_created and Trigger.ENTITY_CREATED in triggers:
        return True
    if outcome.was_deleted and Trigger.ENTITY_DELETED in triggers:
        return True
    return any(
        _trigger_of(effect.kind) in triggers
        or (Trigger.ENTITY_UPDATED in triggers and not (outcome.was_created or outcome.was_deleted))
        for effect in list_watched_effects(subscription, outcome)
    )


def list_watched_effects(subscription: Subscription, outcome: Outcome) -> list[Effect]:
    return [
        effect
        for effect in outcome.effects
        if (not subscription.watched or effect.name in subscription.watched)
        and (subscription.datasets is None or effect.dataset in subscription.datasets)
        and (not subscription.only_real_changes or outcome.change.is_forced or _differs(effect))
    ]


def _differs(effect: Effect) -> bool:
    if effect.before is None or effect.after is None:
        return True
    before, after = effect.before, effect.after
    return (before.kind, before.value, before.unit_code, before.observed_at) != (
        after.kind,
        after.value,
        after.unit_code,
        after.observed_at,
    ) or _sub_values(before.subs) != _sub_values(after.subs)


def _sub_values(subs: Mapping[Iri, Mapping[str, Instance]]) -> object:
    return {
        (name, dataset): (instance.kind, instance.value)
        for name, instances in subs.items()
        for dataset, instance in instances.items()
    }


def _trigger_of(kind: EffectKind) -> Trigger:
    match kind:
        case EffectKind.CREATED:
            return Trigger.ATTRIBUTE_CREATED
        case EffectKind.UPDATED:
            return Trigger.ATTRIBUTE_UPDATED
        case EffectKind.DELETED:
            return Trigger.ATTRIBUTE_DELETED
        case _ as never:
            assert_never(never)


def _is_selected(selectors: Sequence[EntitySelector], state: Entity) -> bool:
    return not selectors or any(fits_selector(state, selector) for selector in selectors)


def _fits_conditions(subscription: Subscription, state: Entity) -> bool:
    kept, datasets = subscription.filter, subscription.datasets
    return (
        (subscription.scope is None or fits_scope(state, subscription.scope))
        and (kept is None or kept.condition is None or fits(state, kept.condition, datasets))
        and (
            kept is None
            or kept.metadata is None
            or fits(state, kept.metadata, datasets, is_metadata=True)
        )
        and (subscription.geo is None or fits_geo(state, subscription.geo, datasets))
    )
