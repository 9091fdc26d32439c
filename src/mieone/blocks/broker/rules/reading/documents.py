"""Entities and parts of them as POST and PUT, batches and PATCH attrs bring them."""

from datetime import datetime
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    NULL_URI,
    DatasetId,
    Fragment,
    Instance,
    Iri,
    JsonValue,
    Null,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData, InvalidRequest

from .checks import check_uri
from .instances import Manner, read_instances
from .members import read_expiry

ENTITY_MEMBERS: Final = frozenset(
    ("id", "type", "scope", "expiresAt", "createdAt", "modifiedAt", "deletedAt", "@context")
)
_NO_NAMES: Final = frozenset(("datasetId", "instanceId", "observedAt", "unitCode"))
"""The core has them inside of attributes (clause 4.5.1)."""
MAX_TYPES: Final = 100
MAX_SCOPES: Final = 100
MAX_ATTRIBUTES: Final = 10_000


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A document parted into the entity's own members and its attributes as they stand."""

    own: dict[str, JsonValue]
    attributes: dict[str, JsonValue]


def open_document(document: JsonValue, terms: Terms) -> Envelope:
    """Raises InvalidRequest for what is no object, BadRequestData for what is wrong inside."""
    if not isinstance(document, dict):
        raise InvalidRequest("an entity is an object")
    if len(document) > MAX_ATTRIBUTES:
        raise BadRequestData(f"an entity has at most {MAX_ATTRIBUTES} attributes")
    own: dict[str, JsonValue] = {}
    attributes: dict[str, JsonValue] = {}
    for key, value in document.items():
        member = terms.member(key)
        if member in _NO_NAMES:
            raise BadRequestData(f"{member} is no name of an attribute")
        if member is None or member not in ENTITY_MEMBERS:
            attributes[key] = value
        elif member in own:
            raise BadRequestData(f"{member} is there twice")
        else:
            own[member] = value
    return Envelope(own=own, attributes=attributes)


def read_id(document: JsonValue) -> str:
    """The entity id of a document (batches: whose error item it would be)."""
    if not isinstance(document, dict):
        raise BadRequestData("an entity is an object")
    return check_uri(document.get("id", document.get("@id")), "id")


def read_entity(document: JsonValue, terms: Terms, at: datetime) -> tuple[str, Fragment]:
    """A whole entity: id and at least one type. Nulls are refused. POST, batch create and upsert."""
    envelope = open_document(document, terms)
    entity_id = check_uri(envelope.own.get("id"), "id")
    if "type" not in envelope.own:
        raise BadRequestData("type is missing")
    return entity_id, _read(envelope, Manner(terms=terms, at=at))


def read_replacement(entity_id: str, document: JsonValue, terms: Terms, at: datetime) -> Fragment:
    """PUT: id and type may be left out; an id that is there must be `entity_id`."""
    envelope = open_document(document, terms)
    if "id" in envelope.own and envelope.own["id"] != entity_id:
        raise BadRequestData("id of the body is not that of the path")
    return _read(envelope, Manner(terms=terms, at=at))


def read_fragment(
    document: JsonValue, terms: Terms, at: datetime, *, takes_nulls: bool = False
) -> Fragment:
    """POST attrs, PATCH attrs and batch update: an id in it is not looked at (`read_id` does).

    With `takes_nulls` (PATCH attrs, batch update) an instance that is urn:ngsi-ld:null becomes Null.
    """
    envelope = open_document(document, terms)
    if not envelope.attributes.keys() and not envelope.own.keys() - {"id", "@context"}:
        raise BadRequestData("there is nothing in the body")
    return _read(envelope, Manner(terms=terms, at=at, takes_nulls=takes_nulls))


def read_attribute(name: Iri, document: JsonValue, terms: Terms, at: datetime) -> Fragment:
    """PUT attrs/{name}: one instance, or several with different datasetId. Name is expanded."""
    manner = Manner(terms=terms, at=at)
    return Fragment(attributes={name: read_instances(terms.compact_name(name), document, manner)})


def _read(envelope: Envelope, manner: Manner) -> Fragment:
    own = envelope.own
    return Fragment(
        types=read_types(own["type"], manner.terms) if "type" in own else None,
        scopes=read_scopes(own["scope"], takes_null=manner.takes_nulls) if "scope" in own else None,
        expires_at=(
            read_expiry(own["expiresAt"], manner.at, "the entity") if "expiresAt" in own else None
        ),
        attributes=_read_attributes(envelope.attributes, manner),
    )


def _read_attributes(
    documents: dict[str, JsonValue], manner: Manner
) -> dict[Iri, dict[DatasetId, Instance | Null]]:
    attributes: dict[Iri, dict[DatasetId, Instance | Null]] = {}
    for key, document in documents.items():
        name = manner.terms.expand_name(key)
        instances = read_instances(key, document, manner)
        if name not in attributes:
            attributes[name] = instances
        elif attributes[name].keys() & instances.keys():
            raise BadRequestData(f"{key}: two instances have the same datasetId")
        else:
            attributes[name].update(instances)
    return attributes


def read_types(value: JsonValue, terms: Terms) -> tuple[Iri, ...]:
    names = value if isinstance(value, list) else [value]
    if not 0 < len(names) <= MAX_TYPES:
        raise BadRequestData("type is a name, or an array of names")
    types: dict[Iri, None] = {}
    for name in names:
        if not isinstance(name, str) or name == NULL_URI:
            raise BadRequestData("type is a name, or an array of names")
        types[terms.expand_type(name)] = None
    return tuple(types)


def read_scopes(value: JsonValue, *, takes_null: bool) -> tuple[str, ...]:
    if takes_null and value == NULL_URI:
        return ()
    names = value if isinstance(value, list) else [value]
    if len(names) > MAX_SCOPES:
        raise BadRequestData(f"an entity has at most {MAX_SCOPES} scopes")
    scopes: dict[str, None] = {}
    for name in names:
        if not isinstance(name, str) or not _is_scope(name):
            raise BadRequestData("a scope is a path such as /Madrid/Gardens")
        scopes[name] = None
    return tuple(scopes)


def _is_scope(name: str) -> bool:
    parts = name.split("/")
    return (
        len(name) <= 512
        and parts[0] == ""
        and len(parts) > 1
        and all(part and not set(part) & set("+#;,()\"'<>= \t\r\n|") for part in parts[1:])
    )
