"""Entities and parts of them as POST and PUT, batches and PATCH attrs bring them."""

from datetime import datetime

from mieone.blocks.broker.model import Fragment, Iri, JsonValue, Terms


def read_id(document: JsonValue) -> str:
    """The entity id of a document (batches: whose error item it would be)."""
    raise NotImplementedError


def read_entity(document: JsonValue, terms: Terms, at: datetime) -> tuple[str, Fragment]:
    """A whole entity: id and at least one type. Nulls are refused. POST, batch create and upsert."""
    raise NotImplementedError


def read_replacement(entity_id: str, document: JsonValue, terms: Terms, at: datetime) -> Fragment:
    """PUT: id and type may be left out; an id that is there must be `entity_id`."""
    raise NotImplementedError


def read_fragment(
    document: JsonValue, terms: Terms, at: datetime, *, takes_nulls: bool = False
) -> Fragment:
    """POST attrs, PATCH attrs and batch update: an id in it is not looked at (`read_id` does).

    With `takes_nulls` (PATCH attrs, batch update) an instance that is urn:ngsi-ld:null becomes Null.
    """
    raise NotImplementedError


def read_attribute(name: Iri, document: JsonValue, terms: Terms, at: datetime) -> Fragment:
    """PUT attrs/{name}: one instance, or several with different datasetId. Name is expanded."""
    raise NotImplementedError
