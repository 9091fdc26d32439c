"""Temporal representations: many instances of one attribute, each with its time."""

from datetime import datetime

import msgspec

from mieone.blocks.broker.model import DatasetId, Instance, Iri, JsonValue, Terms
from mieone.blocks.broker.problems import BadRequestData

from .checks import check_uri
from .documents import Envelope, open_document, read_scopes, read_types
from .instances import Manner, Read, list_instances
from .members import read_expiry

MAX_INSTANCES = 100_000


class TemporalDocument(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    types: tuple[Iri, ...] = ()
    scopes: tuple[str, ...] | None = None
    """The newest scope; None when the document says nothing of it."""
    expires_at: datetime | None = None
    attributes: dict[Iri, tuple[tuple[DatasetId, Instance], ...]] = {}
    """As sent, in order. `instance_id` is kept where it was sent."""


def read_temporal_entity(document: JsonValue, terms: Terms, at: datetime) -> TemporalDocument:
    """POST /temporal/entities: id and type are there."""
    envelope = open_document(document, terms)
    check_uri(envelope.own.get("id"), "id")
    if "type" not in envelope.own:
        raise BadRequestData("type is missing")
    return _read(envelope, terms, at)


def read_temporal_fragment(document: JsonValue, terms: Terms, at: datetime) -> TemporalDocument:
    """POST /temporal/entities/{id}/attrs."""
    envelope = open_document(document, terms)
    if not envelope.attributes and not envelope.own.keys() - {"id", "type", "@context"}:
        raise BadRequestData("there is no attribute in the body")
    return _read(envelope, terms, at)


def read_temporal_instance(
    name: Iri, document: JsonValue, terms: Terms, at: datetime
) -> tuple[DatasetId, Instance]:
    """PATCH …/attrs/{name}/{instanceId}: one instance, bare, under its name, or in an array."""
    short = terms.compact_name(name)
    if isinstance(document, dict):
        named = [key for key in document if terms.member(key) is None]
        if len(document) == len(named) == 1 and terms.expand_name(named[0]) == name:
            document = document[named[0]]
    found = list_instances(short, document, Manner(terms=terms, at=at))
    if len(found) != 1:
        raise BadRequestData(f"{short}: one instance is expected")
    return _whole(short, found[0])


def _read(envelope: Envelope, terms: Terms, at: datetime) -> TemporalDocument:
    own = envelope.own
    # An instance of the past may well have expired since.
    manner = Manner(terms=terms, at=None, keeps_instance_id=True)
    attributes: dict[Iri, tuple[tuple[DatasetId, Instance], ...]] = {}
    count = 0
    for key, document in envelope.attributes.items():
        name = terms.expand_name(key)
        if document == []:
            # No instance, where elsewhere it is a concise Property with an empty value.
            continue
        found = [_whole(key, each) for each in list_instances(key, document, manner)]
        count += len(found)
        if count > MAX_INSTANCES:
            raise BadRequestData(f"more than {MAX_INSTANCES} instances in one body")
        attributes[name] = attributes.get(name, ()) + tuple(found)
    return TemporalDocument(
        id=check_uri(own["id"], "id") if "id" in own else None,
        types=read_types(own["type"], terms) if "type" in own else (),
        scopes=_read_newest_scopes(own["scope"]) if "scope" in own else None,
        expires_at=read_expiry(own["expiresAt"], at, "the entity") if "expiresAt" in own else None,
        attributes=attributes,
    )


def _whole(name: str, read: Read) -> tuple[DatasetId, Instance]:
    dataset, instance = read
    if not isinstance(instance, Instance):
        raise BadRequestData(f"{name}: a null has no place in a history")
    return dataset, instance


def _read_newest_scopes(value: JsonValue) -> tuple[str, ...]:
    """A scope, or its history: instances of a Property, of which the last in time counts."""
    parts = value if isinstance(value, list) else [value]
    history = [part for part in parts if isinstance(part, dict) and "value" in part]
    if not history:
        return read_scopes(value, takes_null=False)
    newest = max(history, key=lambda part: str(part.get("observedAt", "")))
    return read_scopes(newest["value"], takes_null=False)
