"""Which registrations are meant by a discovery or a subscription, and by which of their information."""

from datetime import datetime
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    AttributeKind,
    Condition,
    Entity,
    EntitySelector,
    GeoQuery,
    Instance,
    Interval,
    Iri,
    JsonValue,
    Registration,
    RegistrationInfo,
    ScopeQuery,
    Subscription,
    TriggerReason,
)
from mieone.blocks.broker.model.temporal import TimeRelation
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.conditions import fits, fits_scope
from mieone.blocks.broker.rules.geometry import fits_geometry
from mieone.blocks.broker.rules.reading import read_instant

from .matching import list_matching, tells_the_present


class TimeQuery(msgspec.Struct, frozen=True, kw_only=True):
    relation: TimeRelation
    at: datetime
    end_at: datetime | None = None
    asks_observed: bool = True
    """Else createdAt, modifiedAt or deletedAt: the management interval."""


class SourceQuery(msgspec.Struct, frozen=True, kw_only=True):
    selectors: tuple[EntitySelector, ...] = ()
    names: tuple[Iri, ...] = ()
    time: TimeQuery | None = None
    geo: GeoQuery | None = None
    scope: ScopeQuery | None = None
    filter: Condition | None = None
    """csf: on properties of the source."""


_PROPERTIES: Final = frozenset({"observedAt", "createdAt", "modifiedAt", "deletedAt"})


def read_time_query(members: dict[str, JsonValue]) -> TimeQuery | None:
    """timerel, timeAt, endTimeAt and timeproperty. Raises BadRequestData."""
    written = members.get("timerel")
    if written is None:
        if any(members.get(name) is not None for name in ("timeAt", "endTimeAt", "timeproperty")):
            raise BadRequestData("timeAt, endTimeAt and timeproperty go with timerel")
        return None
    try:
        relation = TimeRelation(str(written))
    except ValueError:
        raise BadRequestData("timerel is before, after or between") from None
    if members.get("timeAt") is None:
        raise BadRequestData("timerel needs timeAt")
    end = members.get("endTimeAt")
    if (relation is TimeRelation.BETWEEN) != (end is not None):
        raise BadRequestData("endTimeAt goes with between, and between with it")
    name = members.get("timeproperty", "observedAt")
    if name not in _PROPERTIES:
        raise BadRequestData(f"{name!r} is no timeproperty")
    return TimeQuery(
        relation=relation,
        at=read_instant(members["timeAt"], "timeAt"),
        end_at=None if end is None else read_instant(end, "endTimeAt"),
        asks_observed=name == "observedAt",
    )


def query_of(subscription: Subscription) -> SourceQuery:
    """What a subscription to context sources asks. Its csf was put into the filter."""
    written = subscription.written.get("temporalQ")
    return SourceQuery(
        selectors=subscription.selectors,
        names=subscription.watched,
        time=read_time_query(written) if isinstance(written, dict) else None,
        geo=subscription.geo,
        scope=subscription.scope,
        filter=None if subscription.filter is None else subscription.filter.condition,
    )


def list_fitting(registration: Registration, asked: SourceQuery) -> tuple[RegistrationInfo, ...]:
    """Empty: the registration is not meant."""
    if not _fits_time(registration, asked.time):
        return ()
    if asked.geo is not None:
        geometry = registration.geometries.get(asked.geo.property)
        if geometry is None or not fits_geometry(geometry, asked.geo):
            return ()
    if asked.filter is not None or asked.scope is not None:
        shadow = _as_entity(registration)
        if asked.filter is not None and not fits(shadow, asked.filter):
            return ()
        if asked.scope is not None and not fits_scope(shadow, asked.scope):
            return ()
    return list_matching(registration, asked.selectors, asked.names)


def fits_source(registration: Registration, asked: Condition | None) -> bool:
    """csf of a query for entities."""
    return asked is None or fits(_as_entity(registration), asked)


def decide_reason(
    before: tuple[RegistrationInfo, ...], after: tuple[RegistrationInfo, ...]
) -> TriggerReason | None:
    """What a change of a registration means to somebody who watches; None: nothing."""
    if before and after:
        return TriggerReason.UPDATED
    if after:
        return TriggerReason.NEWLY_MATCHING
    return TriggerReason.NO_LONGER_MATCHING if before else None


def _fits_time(registration: Registration, asked: TimeQuery | None) -> bool:
    if asked is None:
        return tells_the_present(registration)
    interval = registration.observed if asked.asks_observed else registration.managed
    return interval is not None and _overlaps(interval, asked)


def _overlaps(interval: Interval, asked: TimeQuery) -> bool:
    start, end = interval.start_at, interval.end_at
    if asked.relation is TimeRelation.BEFORE:
        return start < asked.at
    if asked.relation is TimeRelation.AFTER:
        return end is None or end > asked.at
    return (end is None or end >= asked.at) and (asked.end_at is None or start <= asked.end_at)


def _as_entity(registration: Registration) -> Entity:
    """So that one evaluator judges sources as it judges entities."""
    values: dict[Iri, JsonValue] = dict(registration.properties)
    for name, value in (
        ("endpoint", registration.endpoint),
        ("mode", registration.mode.value),
        ("registrationName", registration.name),
        ("description", registration.description),
        ("tenant", registration.tenant),
    ):
        if value is not None:
            values[f"{CORE_VOCABULARY}{name}"] = value
    return Entity(
        id=registration.id,
        types=(),
        scopes=registration.scopes,
        attributes={
            name: {DEFAULT_INSTANCE: Instance(kind=AttributeKind.PROPERTY, value=_value_of(value))}
            for name, value in values.items()
        },
    )


def _value_of(value: JsonValue) -> JsonValue:
    """A property of a source may be written as one of an entity."""
    if isinstance(value, dict) and value.get("type") == "Property" and "value" in value:
        return value["value"]
    return value
