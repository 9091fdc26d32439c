"""Changes written out again as NGSI-LD bodies, for the sources they are passed on to."""

from datetime import datetime

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    NULL_URI,
    VALUE_MEMBER,
    AttributeKind,
    Change,
    DatasetId,
    Fragment,
    Instance,
    Iri,
    JsonValue,
    Null,
    Operation,
    Overlay,
    Terms,
)
from mieone.blocks.broker.rules.forms import Form, render_instance, render_time

_WITHOUT_ID = frozenset({Operation.APPEND, Operation.APPEND_STRICT, Operation.UPDATE})


def change_document(change: Change, terms: Terms, *, is_batch: bool) -> dict[str, JsonValue]:
    """Without @context."""
    if change.operation in (Operation.PARTIAL, Operation.REPLACE_ATTRIBUTE):
        return _attribute_document(change, terms)
    fragment = change.fragment
    document: dict[str, JsonValue] = {}
    if is_batch or change.operation not in _WITHOUT_ID:
        document["id"] = change.entity_id
    if fragment.types:
        types: list[JsonValue] = [terms.compact_type(name) for name in fragment.types]
        document["type"] = types[0] if len(types) == 1 else types
    if fragment.scopes is not None:
        scopes: list[JsonValue] = list(fragment.scopes)
        document["scope"] = scopes[0] if len(scopes) == 1 else scopes or NULL_URI
    if fragment.expires_at is not None:
        document["expiresAt"] = render_time(fragment.expires_at)
    _put_attributes(document, fragment, terms)
    return document


def _attribute_document(change: Change, terms: Terms) -> dict[str, JsonValue]:
    if isinstance(change.document, dict):
        return change.document
    document: dict[str, JsonValue] = {}
    _put_attributes(document, change.fragment, terms)
    inner = next(iter(document.values()), {})
    return inner if isinstance(inner, dict) else {"value": inner}


def _put_attributes(document: dict[str, JsonValue], fragment: Fragment, terms: Terms) -> None:
    for name, instances in fragment.attributes.items():
        document[terms.compact_name(name)] = _alone(
            [_instance(name, dataset, one, terms) for dataset, one in instances.items()]
        )
    for name, overlays in fragment.overlays.items():
        document[terms.compact_name(name)] = _alone(
            [_overlay(dataset, one, terms) for dataset, one in overlays.items()]
        )


def _alone(documents: list[JsonValue]) -> JsonValue:
    return documents[0] if len(documents) == 1 else documents


def _instance(name: Iri, dataset: DatasetId, one: Instance | Null, terms: Terms) -> JsonValue:
    if isinstance(one, Null):
        return _null(dataset)
    return render_instance(name, dataset, one, Form(), terms)


def _null(dataset: DatasetId) -> JsonValue:
    document: dict[str, JsonValue] = {"type": "Property", "value": NULL_URI}
    if dataset != DEFAULT_INSTANCE:
        document["datasetId"] = dataset
    return document


def _overlay(dataset: DatasetId, one: Overlay | Null, terms: Terms) -> JsonValue:
    if isinstance(one, Null):
        return _null(dataset)
    kind = None if one.kind is None else AttributeKind(one.kind)
    document: dict[str, JsonValue] = {} if kind is None else {"type": kind.value}
    if dataset != DEFAULT_INSTANCE:
        document["datasetId"] = dataset
    for member, value in one.members.items():
        if member in ("type", "datasetId"):
            continue
        name = VALUE_MEMBER[kind] if member == "value" and kind is not None else member
        document[name] = _plain(value)
    for sub, overlays in one.subs.items():
        document[terms.compact_name(sub)] = _alone(
            [_overlay(inner, each, terms) for inner, each in overlays.items()]
        )
    return document


def _plain(value: object) -> JsonValue:
    if isinstance(value, datetime):
        return render_time(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | bool | int | float | list | dict):
        return value
    return str(value)
