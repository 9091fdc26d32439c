"""Registrations as readers get them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, TypeVar

from mieone.blocks.broker.model import (
    EntityInfo,
    Interval,
    JsonValue,
    Registration,
    RegistrationInfo,
    SourceManagement,
    SourceRecord,
    Terms,
)
from mieone.blocks.broker.rules.forms import render_time

from .reading import TYPE

T = TypeVar("T")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def render_record(
    record: SourceRecord,
    terms: Terms,
    *,
    information: Iterable[RegistrationInfo] | None = None,
    shows_times: bool = False,
    is_listed: bool = False,
) -> dict[str, JsonValue]:
    """Without @context. `information`: only these of its elements.

    In lists geometries stand as GeoProperties, alone as they were sent: the conformance suite
    reads both so (037_07, 033_01).
    """
    document = render_registration(record.registration, terms, information, is_listed=is_listed)
    if record.times_sent:
        failed_last = (record.last_failure or _NEVER) > (record.last_success or _NEVER)
        document["status"] = "failed" if failed_last else "ok"
        document["timesSent"] = record.times_sent
        document["timesFailed"] = record.times_failed
        _put(document, "lastSuccess", record.last_success, render_time)
        _put(document, "lastFailure", record.last_failure, render_time)
    if shows_times:
        _put(document, "createdAt", record.registration.created_at, render_time)
        _put(document, "modifiedAt", record.registration.modified_at, render_time)
    return document


def render_registration(
    registration: Registration,
    terms: Terms,
    information: Iterable[RegistrationInfo] | None = None,
    *,
    is_listed: bool = False,
    lists_types: bool = False,
) -> dict[str, JsonValue]:
    """`lists_types`: every entity type as a list, as notifications carry them."""
    infos = registration.information if information is None else information
    document: dict[str, JsonValue] = {"id": registration.id, "type": TYPE}
    _put(document, "registrationName", registration.name, _as_is)
    _put(document, "description", registration.description, _as_is)
    document["information"] = [_render_info(one, terms, lists_types) for one in infos]
    for name, geometry in registration.geometries.items():
        document[terms.compact_name(name)] = (
            {"type": "GeoProperty", "value": geometry} if is_listed else geometry
        )
    _put(document, "observationInterval", registration.observed, _render_interval)
    _put(document, "managementInterval", registration.managed, _render_interval)
    _put(document, "expiresAt", registration.expires_at, render_time)
    document["endpoint"] = registration.endpoint
    document["mode"] = registration.mode.value
    document["operations"] = list(registration.operations)
    _put(document, "tenant", registration.tenant, _as_is)
    _put(document, "contextSourceAlias", registration.alias, _as_is)
    if registration.headers:
        document["contextSourceInfo"] = [
            {"key": one.key, "value": one.value} for one in registration.headers
        ]
    _put(document, "scope", registration.scopes, _render_strings)
    _put(document, "datasetId", registration.datasets, _render_strings)
    _put(document, "management", registration.management, _render_management)
    _put(document, "refreshRate", registration.refresh_rate, _as_is)
    for name, value in registration.properties.items():
        document[terms.compact_name(name)] = value
    return document


def _put(
    document: dict[str, JsonValue], name: str, value: T | None, render: Callable[[T], JsonValue]
) -> None:
    if value is not None and value != ():
        document[name] = render(value)


def _as_is(value: str) -> JsonValue:
    return value


def _render_strings(values: tuple[str, ...]) -> JsonValue:
    return values[0] if len(values) == 1 else list(values)


def _render_info(info: RegistrationInfo, terms: Terms, lists_types: bool) -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = {}
    if info.entities:
        document["entities"] = [_render_entity(one, terms, lists_types) for one in info.entities]
    if info.properties:
        document["propertyNames"] = [terms.compact_name(name) for name in info.properties]
    if info.relationships:
        document["relationshipNames"] = [terms.compact_name(name) for name in info.relationships]
    return document


def _render_entity(info: EntityInfo, terms: Terms, lists_types: bool) -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = {}
    _put(document, "id", info.id, _as_is)
    _put(document, "idPattern", info.id_pattern, _as_is)
    if info.types:
        types = tuple(terms.compact_type(name) for name in info.types)
        document["type"] = list(types) if lists_types else _render_strings(types)
    return document


def _render_interval(interval: Interval) -> JsonValue:
    document: dict[str, JsonValue] = {"startAt": render_time(interval.start_at)}
    _put(document, "endAt", interval.end_at, render_time)
    return document


def _render_management(management: SourceManagement) -> JsonValue:
    document: dict[str, JsonValue] = {}
    if management.is_local_only:
        document["localOnly"] = True
    if management.timeout_ms is not None:
        document["timeout"] = management.timeout_ms
    if management.cooldown_ms is not None:
        document["cooldown"] = management.cooldown_ms
    _put(document, "cacheDuration", management.cache_duration, _as_is)
    return document
