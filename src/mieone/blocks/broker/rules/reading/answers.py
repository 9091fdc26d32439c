"""Entities as other brokers answer or notify them."""

from mieone.blocks.broker.model import Entity, Instance, JsonValue, Terms
from mieone.blocks.broker.problems import BadRequestData

from .checks import check_uri, read_instant
from .documents import open_document, read_scopes, read_types
from .instances import Manner, read_instances


def read_foreign_entity(document: JsonValue, terms: Terms) -> Entity:
    """Normalized or concise, with the system attributes it carries; only what is right is required.

    An attribute that cannot be read is left out, the entity is not.
    """
    envelope = open_document(document, terms)
    own = envelope.own
    manner = Manner(terms=terms, at=None, takes_nulls=True, keeps_system=True)
    attributes: dict[str, dict[str, Instance]] = {}
    for key, value in envelope.attributes.items():
        try:
            read = read_instances(key, value, manner)
            name = terms.expand_name(key)
        except BadRequestData:
            continue
        whole = {dataset: each for dataset, each in read.items() if isinstance(each, Instance)}
        if whole:
            attributes.setdefault(name, {}).update(whole)
    return Entity(
        id=check_uri(own.get("id"), "id"),
        types=read_types(own["type"], terms) if "type" in own else (),
        attributes=attributes,
        scopes=read_scopes(own["scope"], takes_null=True) if "scope" in own else (),
        created_at=read_instant(own["createdAt"], "createdAt") if "createdAt" in own else None,
        modified_at=read_instant(own["modifiedAt"], "modifiedAt") if "modifiedAt" in own else None,
        deleted_at=read_instant(own["deletedAt"], "deletedAt") if "deletedAt" in own else None,
        expires_at=read_instant(own["expiresAt"], "expiresAt") if "expiresAt" in own else None,
    )
