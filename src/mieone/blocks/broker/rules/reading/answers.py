"""Entities as other brokers answer or notify them."""

from mieone.blocks.broker.model import Entity, JsonValue, Terms


def read_foreign_entity(document: JsonValue, terms: Terms) -> Entity:
    """Normalized or concise, with the system attributes it carries; only what is right is required."""
    raise NotImplementedError
