"""Instances of attributes, in normalized and in concise representation."""

from datetime import datetime
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    NULL_URI,
    VALUE_MEMBER,
    AttributeKind,
    DatasetId,
    Instance,
    Iri,
    JsonValue,
    Null,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData

from .checks import check_uri, read_instant
from .geojson import looks_like_geometry
from .members import (
    INSTANCE_MEMBERS,
    SYSTEM_MEMBERS,
    decide_kind,
    part_members,
    read_dataset,
    read_expiry,
    read_object_types,
    read_unit,
)
from .values import check_value, check_written, is_null

MAX_INSTANCES: Final = 10_000
_RELATIONSHIPS: Final = (AttributeKind.RELATIONSHIP, AttributeKind.LIST_RELATIONSHIP)
_UNITLESS: Final = (*_RELATIONSHIPS, AttributeKind.JSON_PROPERTY)
_SHAPES: Final = INSTANCE_MEMBERS - SYSTEM_MEMBERS - {"id", "@context"}


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How an entrance wants its bodies read."""

    terms: Terms
    at: datetime | None
    """Now; None where an expiry may have passed."""
    takes_nulls: bool = False
    keeps_system: bool = False
    """createdAt, modifiedAt and deletedAt are believed: another broker says them."""
    keeps_instance_id: bool = False


Read = tuple[DatasetId, Instance | Null]


def read_instances(
    name: str, document: JsonValue, manner: Manner
) -> dict[DatasetId, Instance | Null]:
    """All instances under one name, by dataset; two for one dataset are refused."""
    found: dict[DatasetId, Instance | Null] = {}
    for dataset, instance in list_instances(name, document, manner):
        if dataset in found:
            raise BadRequestData(f"{name}: two instances have the same datasetId")
        found[dataset] = instance
    return found


def list_instances(name: str, document: JsonValue, manner: Manner) -> list[Read]:
    if isinstance(document, list) and is_array_of_instances(document, manner.terms):
        if len(document) > MAX_INSTANCES:
            raise BadRequestData(f"{name}: more than {MAX_INSTANCES} instances")
        return [read_instance(name, each, manner) for each in document]
    return [read_instance(name, document, manner)]


def is_array_of_instances(document: list[JsonValue], terms: Terms) -> bool:
    """Else it is the value of a concise Property."""
    return any(
        isinstance(each, dict)
        and (looks_like_geometry(each) or any(terms.member(key) in _SHAPES for key in each))
        for each in document
    )


def read_instance(name: str, document: JsonValue, manner: Manner) -> Read:
    if not isinstance(document, dict):
        return DEFAULT_INSTANCE, _read_plain(name, document, manner)
    if looks_like_geometry(document):
        value = check_value(AttributeKind.GEO_PROPERTY, document, manner.terms, name)
        return DEFAULT_INSTANCE, Instance(kind=AttributeKind.GEO_PROPERTY, value=value)
    known, others = part_members(document, manner.terms, name)
    kind = decide_kind(known, manner.terms, name)
    if kind is None or VALUE_MEMBER[kind] not in known:
        wanted = "a value member" if kind is None else VALUE_MEMBER[kind]
        raise BadRequestData(f"{name}: {wanted} is missing")
    value = known[VALUE_MEMBER[kind]]
    dataset = read_dataset(known.get("datasetId", DEFAULT_INSTANCE), name)
    if is_null(kind, value):
        _check_null_taken(name, manner)
        return dataset, Null()
    return dataset, _make(name, kind, value, known, others, manner)


def _read_plain(name: str, document: JsonValue, manner: Manner) -> Instance | Null:
    """Concise: a Property is its bare value when it has nothing else to say."""
    if document is None:
        raise BadRequestData(f"{name}: a null is no value; {NULL_URI} deletes")
    if document == NULL_URI:
        _check_null_taken(name, manner)
        return Null()
    value = check_value(AttributeKind.PROPERTY, document, manner.terms, name)
    return Instance(kind=AttributeKind.PROPERTY, value=value)


def _check_null_taken(name: str, manner: Manner) -> None:
    if not manner.takes_nulls:
        raise BadRequestData(f"{name}: {NULL_URI} deletes, and there is nothing to delete here")


def _make(
    name: str,
    kind: AttributeKind,
    value: JsonValue,
    known: dict[str, JsonValue],
    others: dict[str, JsonValue],
    manner: Manner,
) -> Instance:
    terms = manner.terms
    if not manner.keeps_system:
        check_written(kind, value, name)
        if "unitCode" in known and kind in _UNITLESS:
            raise BadRequestData(f"{name}: a {kind} has no unitCode")
    if "objectType" in known and kind not in _RELATIONSHIPS:
        raise BadRequestData(f"{name}: a {kind} has no objectType")
    return Instance(
        kind=kind,
        value=check_value(kind, value, terms, name),
        object_types=(
            read_object_types(known["objectType"], terms, name) if "objectType" in known else ()
        ),
        observed_at=_instant(name, "observedAt", known),
        unit_code=read_unit(known["unitCode"], name) if "unitCode" in known else None,
        instance_id=(
            check_uri(known["instanceId"], f"instanceId of {name}")
            if manner.keeps_instance_id and "instanceId" in known
            else None
        ),
        created_at=_instant(name, "createdAt", known) if manner.keeps_system else None,
        modified_at=_instant(name, "modifiedAt", known) if manner.keeps_system else None,
        deleted_at=_instant(name, "deletedAt", known) if manner.keeps_system else None,
        expires_at=(
            read_expiry(known["expiresAt"], manner.at, name) if "expiresAt" in known else None
        ),
        subs=read_subs(others, manner) if others else {},
    )


def _instant(name: str, member: str, known: dict[str, JsonValue]) -> datetime | None:
    return read_instant(known[member], f"{member} of {name}") if member in known else None


def read_subs(others: dict[str, JsonValue], manner: Manner) -> dict[Iri, dict[DatasetId, Instance]]:
    """Sub-attributes; one that is null is left out, for the whole instance is new."""
    subs: dict[Iri, dict[DatasetId, Instance]] = {}
    for key, document in others.items():
        kept = {
            dataset: instance
            for dataset, instance in read_instances(key, document, manner).items()
            if isinstance(instance, Instance)
        }
        if kept:
            known = subs.setdefault(manner.terms.expand_name(key), {})
            if known.keys() & kept.keys():
                raise BadRequestData(f"{key}: two instances have the same datasetId")
            known.update(kept)
    return subs
