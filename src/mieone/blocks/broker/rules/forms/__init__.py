"""Entities as the documents that readers get: one function a form, all of them pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from mieone.blocks.broker.model import DatasetId, Entity, Instance, Iri, JsonValue, Outcome, Terms

from .model import Form, Format, Joining, Picked

NOBODY: Mapping[str, Entity] = {}


def render_time(at: datetime) -> str:
    """UTC with `Z`; a fraction only where there is one."""
    raise NotImplementedError


def render_instance(
    name: Iri, dataset: DatasetId, instance: Instance, form: Form, terms: Terms
) -> JsonValue:
    """One instance (or sub-attribute) in the form asked for."""
    raise NotImplementedError


def entity_document(
    entity: Entity, form: Form, terms: Terms, linked: Mapping[str, Entity] = NOBODY
) -> dict[str, JsonValue] | None:
    """Without @context. None when pick, omit, attrs or datasetId leave nothing of it.

    `linked`: what joining found, by id; used for join=inline.
    """
    raise NotImplementedError


def geo_document(entity: Entity, form: Form, terms: Terms) -> dict[str, JsonValue] | None:
    """A GeoJSON Feature."""
    raise NotImplementedError


def geo_collection(entities: Sequence[Entity], form: Form, terms: Terms) -> dict[str, JsonValue]:
    """A GeoJSON FeatureCollection."""
    raise NotImplementedError


def csv_text(entities: Sequence[Entity], form: Form, terms: Terms) -> str:
    """A table: a header row, then one row an entity; `;` between several values of a cell."""
    raise NotImplementedError


def notification_document(
    outcome: Outcome, form: Form, terms: Terms, *, shows_changes: bool = False
) -> dict[str, JsonValue] | None:
    """What a notification tells of one entity: its state afterwards, what was deleted as nulls.

    `form.attributes` or `form.pick` is what the subscription wants told. None: nothing is left.
    """
    raise NotImplementedError


def read_picked(text: str, terms: Terms) -> Picked:
    """The text of `pick` or `omit`. Raises BadRequestData."""
    raise NotImplementedError


def read_languages(text: str) -> tuple[str, ...]:
    """`ja;q=0.9,en,*;q=0.1` → best first. Raises BadRequestData."""
    raise NotImplementedError


__all__ = [
    "NOBODY",
    "Form",
    "Format",
    "Joining",
    "Picked",
    "csv_text",
    "entity_document",
    "geo_collection",
    "geo_document",
    "notification_document",
    "read_languages",
    "read_picked",
    "render_instance",
    "render_time",
]
