"""Histories as documents: normalized, temporalValues, aggregatedValues."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    VALUE_MEMBER,
    AttributeKind,
    DatasetId,
    Entity,
    Instance,
    Iri,
    JsonValue,
    Terms,
)
from mieone.blocks.broker.model.temporal import (
    Aggregation,
    Bucket,
    Recorded,
    Series,
    TemporalEntity,
    TimeProperty,
)
from mieone.blocks.broker.rules.forms import (
    Form,
    Format,
    own_members,
    render_instance,
    render_time,
)

from .keys import instance_uri

SCOPE: Final[Iri] = f"{CORE_VOCABULARY}scope"
Document = dict[str, JsonValue]
_PLURAL: Final[Mapping[AttributeKind, str]] = {
    kind: f"{member}s" for kind, member in VALUE_MEMBER.items()
}


class TemporalFormat(StrEnum):
    NORMALIZED = "normalized"
    CONCISE = "concise"
    VALUES = "temporalValues"
    AGGREGATED = "aggregatedValues"


class TemporalForm(msgspec.Struct, frozen=True, kw_only=True):
    form: Form
    """Its `format` is not looked at."""
    format: TemporalFormat = TemporalFormat.NORMALIZED
    property: TimeProperty | None = None
    aggregation: Aggregation | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One series with what is to be told of it: instances in order of time, or periods."""

    series: Series
    instances: Sequence[Recorded] = ()
    kind: AttributeKind | None = None
    """Of a series without instances; None: unknown."""
    buckets: Sequence[Bucket] = ()


def temporal_document(
    entity: TemporalEntity, told: Iterable[Told], form: TemporalForm, terms: Terms
) -> Document:
    """Empty when pick and omit leave nothing. Series of one attribute stand next to each other."""
    own = Entity(
        id=entity.id,
        types=entity.types,
        created_at=entity.created_at,
        modified_at=entity.modified_at,
        deleted_at=entity.deleted_at,
    )
    document: Document = own_members(own, form.form, terms)
    groups: dict[Iri, list[Told]] = {}
    for one in told:
        groups.setdefault(one.series.name, []).append(one)
    for name, series in groups.items():
        series.sort(key=lambda one: one.series.dataset != DEFAULT_INSTANCE)
        document[terms.compact_name(name)] = _attribute(name, series, form, terms)
    return document


def _attribute(name: Iri, series: Sequence[Told], form: TemporalForm, terms: Terms) -> JsonValue:
    if form.format is TemporalFormat.VALUES:
        return _one_or_list([part for one in series for part in _values(name, one, form, terms)])
    if form.format is TemporalFormat.AGGREGATED:
        return _one_or_list([_aggregated(one, form) for one in series])
    plain = _plain(form)
    found = [
        (recorded.at, _normalized(name, one.series.dataset, recorded, form, plain, terms))
        for one in series
        for recorded in one.instances
    ]
    found.sort(key=lambda pair: pair[0])
    return [document for _, document in found]


def _one_or_list(parts: list[JsonValue]) -> JsonValue:
    return parts[0] if len(parts) == 1 else parts


def dated(recorded: Recorded) -> Instance:
    """With its id and the times of the system."""
    is_deletion = recorded.is_deletion
    return msgspec.structs.replace(
        recorded.instance,
        instance_id=instance_uri(recorded.instance_id),
        created_at=None if is_deletion else recorded.recorded_at,
        modified_at=None if is_deletion else recorded.modified_at,
        deleted_at=recorded.recorded_at if is_deletion else None,
    )


def _plain(form: TemporalForm) -> Form:
    """For single instances."""
    shape = {
        TemporalFormat.VALUES: Format.SIMPLIFIED,
        TemporalFormat.CONCISE: Format.CONCISE,
    }.get(form.format, Format.NORMALIZED)
    return msgspec.structs.replace(form.form, format=shape, instance_ids=True)


def _normalized(
    name: Iri,
    dataset: DatasetId,
    recorded: Recorded,
    form: TemporalForm,
    plain: Form,
    terms: Terms,
) -> JsonValue:
    if recorded.is_deletion:
        # A null has no language to choose from.
        plain = msgspec.structs.replace(plain, languages=())
    document = render_instance(name, dataset, dated(recorded), plain, terms)
    if isinstance(document, dict):
        if name == SCOPE:
            document.pop("instanceId", None)
        if form.property not in (None, TimeProperty.OBSERVED_AT):
            document[form.property.value] = render_time(recorded.at)
    return document


def _values(name: Iri, told: Told, form: TemporalForm, terms: Terms) -> list[Document]:
    """One object, or several where the attribute has been of several kinds."""
    rows: dict[AttributeKind, list[JsonValue]] = {}
    plain = _plain(form)
    for recorded in told.instances:
        kind = recorded.instance.kind
        value = _simplified(name, told.series.dataset, recorded, plain, terms)
        if kind is AttributeKind.LANGUAGE_PROPERTY and isinstance(value, str | list):
            # The language that was asked for makes it an ordinary text.
            kind = AttributeKind.PROPERTY
        rows.setdefault(kind, []).append([value, render_time(recorded.at)])
    if not rows:
        rows[told.kind or AttributeKind.PROPERTY] = []
    return [
        {"type": kind.value, **_dataset(told.series.dataset), _PLURAL[kind]: values}
        for kind, values in rows.items()
    ]


def _simplified(
    name: Iri, dataset: DatasetId, recorded: Recorded, plain: Form, terms: Terms
) -> JsonValue:
    instance = recorded.instance
    if recorded.is_deletion and instance.kind is AttributeKind.LANGUAGE_PROPERTY:
        return {"languageMap": instance.value}
    return render_instance(name, dataset, instance, plain, terms)


def _dataset(dataset: DatasetId) -> Document:
    return {} if dataset == DEFAULT_INSTANCE else {"datasetId": dataset}


def _aggregated(told: Told, form: TemporalForm) -> Document:
    kind = told.kind or AttributeKind.PROPERTY
    document: Document = {"type": kind.value, **_dataset(told.series.dataset)}
    assert form.aggregation is not None
    for method in form.aggregation.methods:
        document[method.value] = [
            [bucket.values[method], render_time(bucket.start), render_time(bucket.end)]
            for bucket in told.buckets
            if method in bucket.values
        ]
    return document


def edge_header(start: datetime, end: datetime, last_n: int | None) -> str:
    """Content-Range of an answer that was cut."""
    size = "*" if last_n is None else str(last_n)
    return f"date-time {render_time(start)}-{render_time(end)}/{size}"
