"""One change of one entity at one moment, and many changes in a row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from mieone.blocks.broker.model import (
    Change,
    DatasetId,
    Entity,
    Fragment,
    Instance,
    Iri,
    Null,
    Operation,
    Outcome,
)
from mieone.blocks.broker.problems import (
    AlreadyExists,
    BadRequestData,
    BrokerProblem,
    ResourceNotFound,
)
from mieone.blocks.broker.rules.v2.revising import revise

from .changing import CHANGING, append, replace_entity
from .draft import Draft

_SOONEST: Final = timedelta(microseconds=1)
_MAKING: Final = frozenset({Operation.CREATE, Operation.UPSERT_REPLACE, Operation.UPSERT_UPDATE})


Check: TypeAlias = Callable[[Change, Entity | None], None]


def decide_all(
    entities: Mapping[str, Entity],
    changes: Sequence[Change],
    at: datetime,
    check: Check | None = None,
) -> list[Outcome]:
    """Outcomes in the order of the changes; each sees what those before it have done.

    Every change of an entity has a moment of its own, later than all before it, whatever the
    clocks of the processes say. What `check` raises is that change's problem.
    """
    current: dict[str, Entity | None] = dict(entities)
    latest = {name: entity.modified_at for name, entity in entities.items()}
    outcomes = []
    for change in changes:
        moment = _after(latest.get(change.entity_id), at)
        outcome = decide(current.get(change.entity_id), change, moment, check)
        if outcome.problem is None:
            current[change.entity_id] = outcome.after
            latest[change.entity_id] = moment
        outcomes.append(outcome)
    return outcomes


def list_ends(entities: Mapping[str, Entity], at: datetime) -> list[Change]:
    """What is over by itself, as changes: whole entities, and attributes of those that stay."""
    ends = []
    for entity in entities.values():
        if entity.expires_at is not None and entity.expires_at <= at:
            ends.append(Change(operation=Operation.DELETE, entity_id=entity.id))
            continue
        over: dict[Iri, dict[DatasetId, Instance | Null]] = {}
        for name, dataset, expires_at in _list_expiries(entity):
            if expires_at <= at:
                over.setdefault(name, {})[dataset] = Null()
        if over:
            fragment = Fragment(attributes=over)
            ends.append(Change(operation=Operation.UPDATE, entity_id=entity.id, fragment=fragment))
    return ends


def find_end(entity: Entity) -> datetime | None:
    """When the next thing of it is over."""
    ends = [expires_at for _, _, expires_at in _list_expiries(entity)]
    if entity.expires_at is not None:
        ends.append(entity.expires_at)
    return min(ends, default=None)


def _list_expiries(entity: Entity) -> list[tuple[Iri, DatasetId, datetime]]:
    return [
        (name, dataset, instance.expires_at)
        for name, instances in entity.attributes.items()
        for dataset, instance in instances.items()
        if instance.expires_at is not None
    ]


def _after(previous: datetime | None, at: datetime) -> datetime:
    return at if previous is None else max(at, previous + _SOONEST)


def decide(
    entity: Entity | None, change: Change, at: datetime, check: Check | None = None
) -> Outcome:
    """`at` is later than the entity's modified_at. A problem is in the outcome, never raised."""
    try:
        if change.revision is not None:
            change = revise(change, entity)
        if check is not None:
            check(change, entity)
        expires_at = change.fragment.expires_at
        if expires_at is not None and expires_at <= at:
            raise BadRequestData("expiresAt is in the past")
        if change.operation in _MAKING:
            return _make(entity, change, at)
        known = _get_known(entity, change)
        if change.operation is Operation.DELETE:
            return _delete(known, change, at)
        return CHANGING[change.operation](Draft(known, at), change)
    except BrokerProblem as problem:
        return Outcome(change=change, problem=problem, before=entity)


def _get_known(entity: Entity | None, change: Change) -> Entity:
    if entity is None:
        raise ResourceNotFound(f"no entity {change.entity_id}")
    if change.type_filter and not set(change.type_filter) & set(entity.types):
        raise ResourceNotFound(f"no entity {change.entity_id} of that type")
    return entity


def _make(entity: Entity | None, change: Change, at: datetime) -> Outcome:
    if entity is None:
        return _create(change, at)
    match change.operation:
        case Operation.UPSERT_REPLACE:
            return replace_entity(Draft(entity, at), change)
        case Operation.UPSERT_UPDATE:
            return append(Draft(entity, at), change)
        case _:
            raise AlreadyExists(f"entity {entity.id} is there already")


def _create(change: Change, at: datetime) -> Outcome:
    fragment = change.fragment
    if not fragment.types:
        raise BadRequestData("an entity needs a type")
    draft = Draft(None, at)
    for name, instances in fragment.attributes.items():
        for dataset, instance in instances.items():
            if not isinstance(instance, Null):
                draft.put(name, dataset, instance)
    made = Entity(
        id=change.entity_id,
        types=tuple(dict.fromkeys(fragment.types)),
        scopes=fragment.scopes or (),
        attributes=draft.attributes,
        created_at=at,
        modified_at=at,
        expires_at=fragment.expires_at,
        identity=change.identity,
    )
    return draft.finish(change, made)


def _delete(entity: Entity, change: Change, at: datetime) -> Outcome:
    draft = Draft(entity, at)
    for name, instances in entity.attributes.items():
        for dataset in instances:
            draft.remove(name, dataset)
    return draft.finish(change, None)
