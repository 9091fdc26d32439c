"""PATCH: only the members that were sent, for a merge into what is there."""

from datetime import datetime

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    NULL_URI,
    VALUE_MEMBER,
    AttributeKind,
    DatasetId,
    Fragment,
    Iri,
    JsonValue,
    Null,
    Overlay,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData

from .checks import read_instant
from .documents import open_document, read_scopes, read_types
from .geojson import looks_like_geometry
from .instances import is_array_of_instances
from .members import (
    decide_kind,
    part_members,
    read_dataset,
    read_expiry,
    read_object_types,
    read_unit,
)
from .values import check_value, has_null, is_null

_SIMPLIFIED_FORMS = frozenset(("languageMap", "vocab", "json", "valueList", "objectList"))


def read_overlays(
    document: JsonValue, terms: Terms, at: datetime, *, is_simplified: bool = False
) -> Fragment:
    """PATCH entity and batch merge, in normalized or concise representation.

    A plain value (`"speed": 5`, or text for a LanguageProperty) becomes an Overlay without kind
    and with the member `value`. Types, scopes and expiresAt as in `read_fragment`; scopes () when
    scope is urn:ngsi-ld:null. With `is_simplified` (options=keyValues, format=simplified) every
    member is a plain value, objects too.
    """
    envelope = open_document(document, terms)
    own = envelope.own
    if not envelope.attributes and not own.keys() - {"id", "@context"}:
        raise BadRequestData("there is nothing in the body")
    overlays: dict[Iri, dict[DatasetId, Overlay | Null]] = {}
    for key, value in envelope.attributes.items():
        found = (
            _read_simplified(key, value, terms)
            if is_simplified
            else _read_several(key, value, terms, at)
        )
        _add(overlays.setdefault(terms.expand_name(key), {}), key, found)
    return Fragment(
        types=read_types(own["type"], terms) if "type" in own else None,
        scopes=read_scopes(own["scope"], takes_null=True) if "scope" in own else None,
        expires_at=read_expiry(own["expiresAt"], at, "the entity") if "expiresAt" in own else None,
        overlays=overlays,
    )


def read_partial(name: Iri, document: JsonValue, terms: Terms, at: datetime) -> Fragment:
    """PATCH attrs/{name}: overlays[name] has one overlay (or Null), under its datasetId."""
    short = terms.compact_name(name)
    if not isinstance(document, dict) or not document:
        raise BadRequestData(f"{short}: an object of members is expected")
    dataset, overlay = _read_one(short, document, terms, at)
    return Fragment(overlays={name: {dataset: overlay}})


def _add(
    known: dict[DatasetId, Overlay | Null], name: str, found: dict[DatasetId, Overlay | Null]
) -> None:
    if known.keys() & found.keys():
        raise BadRequestData(f"{name}: two instances have the same datasetId")
    known.update(found)


def _read_several(
    name: str, document: JsonValue, terms: Terms, at: datetime
) -> dict[DatasetId, Overlay | Null]:
    if not isinstance(document, list) or not is_array_of_instances(document, terms):
        return dict([_read_one(name, document, terms, at)])
    found: dict[DatasetId, Overlay | Null] = {}
    for part in document:
        _add(found, name, dict([_read_one(name, part, terms, at)]))
    return found


def _read_one(
    name: str, document: JsonValue, terms: Terms, at: datetime
) -> tuple[DatasetId, Overlay | Null]:
    if not isinstance(document, dict) or looks_like_geometry(document):
        return DEFAULT_INSTANCE, _plain(name, document, terms)
    known, others = part_members(document, terms, name)
    kind = decide_kind(known, terms, name)
    dataset = read_dataset(known.get("datasetId", DEFAULT_INSTANCE), name)
    members = _read_members(name, known, terms, at)
    if kind is not None and VALUE_MEMBER[kind] in known:
        value = known[VALUE_MEMBER[kind]]
        if is_null(kind, value):
            return dataset, Null()
        members["value"] = _check_changed(name, kind, value, terms)
    if "type" in known:
        members["type"] = kind
    subs: dict[Iri, dict[DatasetId, Overlay | Null]] = {}
    for key, value in others.items():
        found = _read_several(key, value, terms, at)
        _add(subs.setdefault(terms.expand_name(key), {}), key, found)
    return dataset, Overlay(members=members, kind=kind, subs=subs)


def _check_changed(name: str, kind: AttributeKind, value: JsonValue, terms: Terms) -> JsonValue:
    if kind is AttributeKind.LANGUAGE_PROPERTY and isinstance(value, str):
        # Merge with the request's lang: a text for that language alone.
        return value
    return check_value(kind, value, terms, name)


def _read_members(
    name: str, known: dict[str, JsonValue], terms: Terms, at: datetime
) -> dict[str, object]:
    members: dict[str, object] = {}
    if "datasetId" in known:
        members["datasetId"] = read_dataset(known["datasetId"], name)
    for member in ("observedAt", "unitCode", "objectType", "expiresAt"):
        if member not in known:
            continue
        value = known[member]
        if value == NULL_URI:
            members[member] = NULL_URI
        elif member == "observedAt":
            members[member] = read_instant(value, f"observedAt of {name}")
        elif member == "unitCode":
            members[member] = read_unit(value, name)
        elif member == "objectType":
            members[member] = read_object_types(value, terms, name)
        else:
            members[member] = read_expiry(value, at, name)
    return members


def _plain(name: str, document: JsonValue, terms: Terms) -> Overlay | Null:
    if document == NULL_URI:
        return Null()
    if looks_like_geometry(document):
        kind = AttributeKind.GEO_PROPERTY
        return Overlay(members={"value": check_value(kind, document, terms, name)}, kind=kind)
    if has_null(document):
        raise BadRequestData(f"{name}: a null is no value; {NULL_URI} deletes")
    return Overlay(members={"value": document})


def _read_simplified(
    name: str, document: JsonValue, terms: Terms
) -> dict[DatasetId, Overlay | Null]:
    if isinstance(document, dict) and len(document) == 1:
        ((key, value),) = document.items()
        member = terms.member(key)
        if member == "dataset" and isinstance(value, dict):
            return {
                read_dataset(dataset, name): _plain(name, each, terms)
                for dataset, each in value.items()
            }
        if member in _SIMPLIFIED_FORMS:
            kind = decide_kind({member: value}, terms, name)
            assert kind is not None
            if is_null(kind, value):
                return {DEFAULT_INSTANCE: Null()}
            checked = _check_changed(name, kind, value, terms)
            return {DEFAULT_INSTANCE: Overlay(members={"value": checked}, kind=kind)}
    return {DEFAULT_INSTANCE: _plain(name, document, terms)}
