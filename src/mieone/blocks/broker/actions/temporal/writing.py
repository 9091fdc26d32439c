"""Histories written by their own API. What is so now is not touched by any of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.broker.actions.pasts import find_refused
from mieone.blocks.broker.actions.recording import SCOPE, make_record, scope_instance
from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    DatasetId,
    Entity,
    Fragment,
    Instance,
    Iri,
    Tenant,
)
from mieone.blocks.broker.model.temporal import Series, TemporalEntity, TimeProperty
from mieone.blocks.broker.problems import BadRequestData, PersonalAttribute, ResourceNotFound
from mieone.blocks.broker.rules.personal import PersonalTerms
from mieone.blocks.broker.rules.reading import TemporalDocument
from mieone.blocks.broker.rules.temporal.keys import find_instance_id, recording_time
from mieone.blocks.broker.store import histories, history
from mieone.blocks.broker.store.entities import lock_entities
from mieone.blocks.broker.store.histories import Window
from mieone.blocks.broker.store.history import Record
from mieone.core.database import Conn


async def add_instances(
    conn: Conn,
    tenant: Tenant,
    entity_id: str,
    document: TemporalDocument,
    personal: PersonalTerms,
    at: datetime,
    *,
    creates: bool,
) -> bool:
    """Instances are added; one of an observedAt that is there already takes its place.

    Returns whether the history is new. Without `creates` it must be there: ResourceNotFound.
    Raises PersonalAttribute.
    """
    current = await _lock(conn, tenant, entity_id, personal.narrows(document.types))
    is_new = creates and await history.make_temporal_entity(
        conn, tenant.name, entity_id, document.types, at
    )
    known = await history.lock_temporal_entity(conn, tenant.name, entity_id)
    if known is None:
        raise ResourceNotFound(f"there is no history of {entity_id}")
    _check_open(entity_id, document, known, personal)
    before = () if is_new else known.types
    await _check_retyped(conn, tenant, entity_id, document.types, before, current, personal)
    touched = [
        (name, dataset, instance)
        for name, instances in document.attributes.items()
        for dataset, instance in instances
    ]
    if document.scopes is not None and document.scopes != known.scopes:
        touched.append((SCOPE, DEFAULT_INSTANCE, scope_instance(document.scopes)))
    records = _newest_of_each_moment(
        [
            make_record(tenant.name, entity_id, name, dataset, instance, at, place)
            for place, (name, dataset, instance) in enumerate(touched)
        ]
    )
    observed = [(one.series.key, one.observed_at, None) for one in records if one.observed_at]
    if observed and not is_new:
        await history.forget_same_moments(conn, tenant.name, observed)
    if records:
        await history.record_instances(conn, tenant.name, records)
    await history.declare_temporal_entities(conn, tenant.name, [_evolve(known, document, at)])
    return is_new


def _check_open(
    entity_id: str,
    document: TemporalDocument,
    known: TemporalEntity,
    personal: PersonalTerms,
) -> None:
    types = (*document.types, *known.types)
    personal.check_open(entity_id, Fragment(types=types))
    for name, instances in document.attributes.items():
        for dataset, instance in instances:
            fragment = Fragment(types=types, attributes={name: {dataset: instance}})
            personal.check_open(entity_id, fragment)


async def _lock(conn: Conn, tenant: Tenant, entity_id: str, with_current: bool) -> Entity | None:
    """In the order in which the write path of now locks. Returns the entity of now if it is locked."""
    locked = await lock_entities(conn, tenant.name, [entity_id]) if with_current else {}
    await history.lock_pasts(conn, tenant.name, [entity_id])
    return locked[entity_id].entity if entity_id in locked else None


async def _check_retyped(
    conn: Conn,
    tenant: Tenant,
    entity_id: str,
    types: tuple[Iri, ...],
    before: tuple[Iri, ...],
    current: Entity | None,
    personal: PersonalTerms,
) -> None:
    """What is recorded already, and what the entity of now has recorded, must stay open."""
    if not personal.narrows(types, before):
        return
    if current is not None and personal.narrows(types, current.types):
        raise PersonalAttribute(f"the entity itself is not of the types {', '.join(types)}")
    refused = await find_refused(conn, tenant, personal, [(entity_id, types)])
    for problem in refused.values():
        raise problem


def _newest_of_each_moment(records: Sequence[Record]) -> list[Record]:
    """Of instances of one series and one observedAt the last that was sent."""
    chosen = {(one.series.key, one.observed_at or one.instance_id): one for one in records}
    return list(chosen.values())


def _evolve(known: TemporalEntity, document: TemporalDocument, at: datetime) -> TemporalEntity:
    return msgspec.structs.replace(
        known,
        types=tuple(dict.fromkeys((*known.types, *document.types))),
        scopes=document.scopes or known.scopes,
        modified_at=at,
    )


async def correct(
    conn: Conn,
    tenant: Tenant,
    entity_id: str,
    name: Iri,
    uri: str,
    instance: Instance,
    personal: PersonalTerms,
    at: datetime,
) -> None:
    """An instance gets other content; its id and the time it was recorded stay.

    Raises ResourceNotFound, PersonalAttribute, BadRequestData for another kind of attribute.
    """
    await history.lock_pasts(conn, tenant.name, [entity_id])
    known = await _get_entity(conn, tenant, entity_id)
    instance_id, recorded_at, series, dataset, before = await _get_one(
        conn, tenant, entity_id, name, uri
    )
    if before.kind is not instance.kind:
        raise BadRequestData(f"an instance of a {before.kind} does not become a {instance.kind}")
    fragment = Fragment(types=known.types, attributes={name: {dataset: instance}})
    personal.check_open(entity_id, fragment)
    made = make_record(tenant.name, entity_id, name, dataset, instance, recorded_at, 0)
    row = msgspec.structs.replace(
        made,
        series=Series(key=series, entity_id=entity_id, name=name, dataset=dataset),
        instance_id=instance_id,
    )
    await history.correct_instance(conn, tenant.name, row, at)


async def forget_one(conn: Conn, tenant: Tenant, entity_id: str, name: Iri, uri: str) -> None:
    """Raises ResourceNotFound."""
    await _get_entity(conn, tenant, entity_id)
    instance_id, recorded_at, series, _, _ = await _get_one(conn, tenant, entity_id, name, uri)
    await history.forget_instance(conn, tenant.name, series, recorded_at, instance_id)


async def _get_one(
    conn: Conn, tenant: Tenant, entity_id: str, name: Iri, uri: str
) -> tuple[UUID, datetime, UUID, DatasetId, Instance]:
    instance_id = find_instance_id(uri)
    recorded_at = None if instance_id is None else recording_time(instance_id)
    found = None
    if instance_id is not None and recorded_at is not None:
        found = await history.find_instance(
            conn, tenant.name, entity_id, name, recorded_at, instance_id
        )
    if found is None or instance_id is None or recorded_at is None:
        raise ResourceNotFound(f"{entity_id} has no such instance of {name}")
    return instance_id, recorded_at, *found


async def _get_entity(conn: Conn, tenant: Tenant, entity_id: str) -> TemporalEntity:
    known = await history.find_temporal_entity(conn, tenant.name, entity_id)
    if known is None:
        raise ResourceNotFound(f"there is no history of {entity_id}")
    return known


async def forget_attribute(
    conn: Conn, tenant: Tenant, entity_id: str, name: Iri, dataset: DatasetId | None
) -> None:
    """All instances of one datasetId, or of all of them for None. Raises ResourceNotFound."""
    await _get_entity(conn, tenant, entity_id)
    datasets = None if dataset is None else [dataset]
    series = await history.list_series(conn, tenant.name, [entity_id], [name], datasets)
    if not series:
        raise ResourceNotFound(f"the history of {entity_id} has no such {name}")
    await _forget(conn, tenant, series)


async def forget_entity(conn: Conn, tenant: Tenant, entity_id: str) -> None:
    """The whole history; the entity of now, if there is one, stays. Raises ResourceNotFound."""
    if await history.lock_temporal_entity(conn, tenant.name, entity_id) is None:
        raise ResourceNotFound(f"there is no history of {entity_id}")
    await _forget(conn, tenant, await history.list_series(conn, tenant.name, [entity_id]))
    await history.forget_temporal_entity(conn, tenant.name, entity_id)


async def _forget(conn: Conn, tenant: Tenant, series: Sequence[Series]) -> None:
    keys = [one.key for one in series]
    await history.forget_instances(conn, tenant.name, keys)
    await history.forget_series(conn, tenant.name, keys)


async def record_end(
    conn: Conn,
    tenant: Tenant,
    entity_id: str,
    name: Iri,
    dataset: DatasetId | None,
    at: datetime,
) -> bool:
    """An entity known from history alone loses an attribute by the API of now: the end is recorded.

    `dataset` None means all of them. False when there is nothing whose end it could be.
    """
    known = await history.lock_temporal_entity(conn, tenant.name, entity_id)
    if known is None or known.deleted_at is not None:
        return False
    if await history.has_current_entity(conn, tenant.name, entity_id):
        return False
    datasets = None if dataset is None else [dataset]
    series = await history.list_series(conn, tenant.name, [entity_id], [name], datasets)
    series = await _list_going_on(conn, tenant, series)
    if not series:
        return False
    kinds = await histories.list_kinds(conn, tenant.name, [one.key for one in series])
    records = [
        make_record(
            tenant.name,
            entity_id,
            name,
            one.dataset,
            kinds.get(place, AttributeKind.PROPERTY),
            at,
            place,
        )
        for place, one in enumerate(series)
    ]
    await history.record_instances(conn, tenant.name, records)
    return True


async def _list_going_on(conn: Conn, tenant: Tenant, series: Sequence[Series]) -> list[Series]:
    """Those whose end is not recorded yet."""
    keys = [one.key for one in series]
    bounds = [histories.Bound()] * len(keys)
    made = Window(time=TimeProperty.CREATED_AT)
    ended = Window(time=TimeProperty.DELETED_AT)
    last = await histories.list_extents(conn, tenant.name, made, keys, bounds)
    ends = await histories.list_extents(conn, tenant.name, ended, keys, bounds)
    return [
        one
        for place, one in enumerate(series)
        if place in last and (place not in ends or ends[place].last_at < last[place].last_at)
    ]
