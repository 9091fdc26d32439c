"""Entities as GeoJSON (RFC 7946)."""

from collections.abc import Mapping, Sequence
from typing import Final

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    AttributeKind,
    Entity,
    JsonValue,
    Terms,
)

from .entities import NOBODY, entity_document
from .instances import Document
from .model import Form

LOCATION: Final = f"{CORE_VOCABULARY}location"


def geo_document(
    entity: Entity, form: Form, terms: Terms, linked: Mapping[str, Entity] = NOBODY
) -> Document | None:
    """A GeoJSON Feature; None where `entity_document` is."""
    properties = entity_document(entity, form, terms, linked)
    if properties is None:
        return None
    feature: Document = {"id": properties.pop("id")} if "id" in properties else {}
    feature["type"] = "Feature"
    feature["geometry"] = find_geometry(entity, form)
    feature["properties"] = properties
    return feature


def geo_collection(
    entities: Sequence[Entity], form: Form, terms: Terms, linked: Mapping[str, Entity] = NOBODY
) -> Document:
    """A GeoJSON FeatureCollection."""
    features = (geo_document(entity, form, terms, linked) for entity in entities)
    return {
        "type": "FeatureCollection",
        "features": [feature for feature in features if feature is not None],
    }


def find_geometry(entity: Entity, form: Form) -> JsonValue:
    """Of the instance that datasetId names, else of the default one; None for no geometry."""
    instances = entity.attributes.get(form.geometry_property or LOCATION, {})
    for dataset in form.datasets or (DEFAULT_INSTANCE,):
        instance = instances.get(dataset)
        if instance is not None and instance.kind is AttributeKind.GEO_PROPERTY:
            return instance.value
    return None
