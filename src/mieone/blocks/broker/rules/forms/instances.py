"""One instance of an attribute as a document, normalized, concise or simplified."""

from collections.abc import Callable, Mapping
from typing import Final

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    VALUE_MEMBER,
    AttributeKind,
    DatasetId,
    Instance,
    Iri,
    JsonValue,
    Terms,
)
from mieone.blocks.broker.rules.reading.geojson import looks_like_geometry

from .languages import choose_language
from .model import Form, Format
from .times import render_time

Document = dict[str, JsonValue]
_WRAPPED: Final = frozenset(
    (
        AttributeKind.LANGUAGE_PROPERTY,
        AttributeKind.VOCAB_PROPERTY,
        AttributeKind.JSON_PROPERTY,
        AttributeKind.LIST_PROPERTY,
        AttributeKind.LIST_RELATIONSHIP,
    )
)
"""Kinds whose simplified form keeps the value member: without it nobody could tell them apart."""
PREVIOUS_MEMBER: Final[Mapping[AttributeKind, str]] = {
    kind: f"previous{member[0].upper()}{member[1:]}" for kind, member in VALUE_MEMBER.items()
}


def render_instance(
    name: Iri, dataset: DatasetId, instance: Instance, form: Form, terms: Terms
) -> JsonValue:
    """One instance (or sub-attribute) in the form asked for."""
    return _RENDERERS[form.format](name, dataset, instance, form, terms)


def render_attribute(
    name: Iri, instances: Mapping[DatasetId, Instance], form: Form, terms: Terms
) -> JsonValue:
    """All instances of one attribute: the default one first, the others as they came."""
    if len(instances) == 1:
        (dataset,) = instances
        if dataset == DEFAULT_INSTANCE or form.format is not Format.SIMPLIFIED:
            return render_instance(name, dataset, instances[dataset], form, terms)
    rendered = {
        dataset: render_instance(name, dataset, instances[dataset], form, terms)
        for dataset in sorted(instances, key=DEFAULT_INSTANCE.__ne__)
    }
    return join_instances(rendered, form)


def join_instances(rendered: dict[DatasetId, JsonValue], form: Form) -> JsonValue:
    if form.format is Format.SIMPLIFIED:
        if rendered.keys() == {DEFAULT_INSTANCE}:
            return rendered[DEFAULT_INSTANCE]
        return {"dataset": dict(rendered)}
    return next(iter(rendered.values())) if len(rendered) == 1 else list(rendered.values())


def _normalized(
    name: Iri, dataset: DatasetId, instance: Instance, form: Form, terms: Terms
) -> Document:
    kind, value = instance.kind, instance.value
    document: Document
    if kind is AttributeKind.LANGUAGE_PROPERTY and form.languages and isinstance(value, dict):
        chosen = choose_language(value, form.languages)
        document = {
            "type": AttributeKind.PROPERTY.value,
            "value": chosen.text,
            "lang": chosen.tag,
        }
    elif kind is AttributeKind.VOCAB_PROPERTY:
        document = {"type": kind.value, "vocab": terms.compact_value(name, value)}
    else:
        document = {"type": kind.value, VALUE_MEMBER[kind]: value}
    if dataset != DEFAULT_INSTANCE:
        document["datasetId"] = dataset
    if instance.observed_at is not None:
        document["observedAt"] = render_time(instance.observed_at)
    if instance.unit_code is not None:
        document["unitCode"] = instance.unit_code
    if instance.object_types:
        document["objectType"] = one_or_list([terms.compact_type(t) for t in instance.object_types])
    if form.instance_ids and instance.instance_id is not None:
        document["instanceId"] = instance.instance_id
    if form.sys_attrs:
        _add_system(document, instance)
    for sub, instances in instance.subs.items():
        document[terms.compact_name(sub)] = render_attribute(sub, instances, form, terms)
    return document


def _add_system(document: Document, instance: Instance) -> None:
    if instance.created_at is not None:
        document["createdAt"] = render_time(instance.created_at)
    if instance.modified_at is not None:
        document["modifiedAt"] = render_time(instance.modified_at)
    if instance.deleted_at is not None:
        document["deletedAt"] = render_time(instance.deleted_at)
    if instance.expires_at is not None:
        document["expiresAt"] = render_time(instance.expires_at)


def one_or_list(texts: list[str]) -> JsonValue:
    return texts[0] if len(texts) == 1 else list(texts)


def _concise(
    name: Iri, dataset: DatasetId, instance: Instance, form: Form, terms: Terms
) -> JsonValue:
    return make_concise(_normalized(name, dataset, instance, form, terms))


def make_concise(document: Document) -> JsonValue:
    """What is left of a normalized instance when everything that follows from the rest is gone."""
    value = document.get("value")
    is_geometry = looks_like_geometry(value)
    if document["type"] == AttributeKind.PROPERTY.value and is_geometry:
        # Without its type it would be read back as a GeoProperty.
        return document
    del document["type"]
    if len(document) == 1 and "value" in document and (is_geometry or _is_plain(value)):
        return value
    return document


def _is_plain(value: JsonValue) -> bool:
    """Whether nobody can take it for an instance, or for several."""
    if isinstance(value, list):
        return not any(isinstance(part, dict) for part in value)
    return value is not None and not isinstance(value, dict)


def _simplified(
    name: Iri, dataset: DatasetId, instance: Instance, form: Form, terms: Terms
) -> JsonValue:
    kind, value = instance.kind, instance.value
    if kind not in _WRAPPED:
        return value
    if kind is AttributeKind.LANGUAGE_PROPERTY and form.languages and isinstance(value, dict):
        return choose_language(value, form.languages).text
    if kind is AttributeKind.VOCAB_PROPERTY:
        value = terms.compact_value(name, value)
    if kind is AttributeKind.LIST_RELATIONSHIP and isinstance(value, list):
        value = [part["object"] if isinstance(part, dict) else part for part in value]
    return {VALUE_MEMBER[kind]: value}


_RENDERERS: Final[Mapping[Format, Callable[[Iri, DatasetId, Instance, Form, Terms], JsonValue]]] = {
    Format.NORMALIZED: _normalized,
    Format.CONCISE: _concise,
    Format.SIMPLIFIED: _simplified,
}
