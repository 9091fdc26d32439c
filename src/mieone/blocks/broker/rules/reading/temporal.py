"""Temporal representations: many instances of one attribute, each with its time."""

from datetime import datetime

import msgspec

from mieone.blocks.broker.model import DatasetId, Instance, Iri, JsonValue, Terms


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
    raise NotImplementedError


def read_temporal_fragment(document: JsonValue, terms: Terms, at: datetime) -> TemporalDocument:
    """POST /temporal/entities/{id}/attrs."""
    raise NotImplementedError


def read_temporal_instance(
    name: Iri, document: JsonValue, terms: Terms, at: datetime
) -> tuple[DatasetId, Instance]:
    """PATCH …/attrs/{name}/{instanceId}: one instance, bare, under its name, or in an array."""
    raise NotImplementedError
