"""The broker's entrances for machines: NGSI-LD, NGSI v2 and a few of our own."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from . import (
    datasets,
    ld_attributes,
    ld_batch,
    ld_contexts,
    ld_entities_read,
    ld_entities_write,
    ld_entity_maps,
    ld_info,
    ld_purge,
    ld_registrations,
    ld_source_subscriptions,
    ld_subscriptions,
    ld_temporal,
    ld_temporal_attributes,
    ld_types,
    stream,
    v2_attributes,
    v2_batch,
    v2_entities,
    v2_registrations,
    v2_subscriptions,
    v2_types,
)

LD: Sequence[ControllerRouterHandler] = (
    *ld_entities_read.HANDLERS,
    *ld_types.HANDLERS,
    *ld_entity_maps.HANDLERS,
    *ld_entities_write.HANDLERS,
    *ld_attributes.HANDLERS,
    *ld_batch.HANDLERS,
    *ld_contexts.HANDLERS,
    *ld_info.HANDLERS,
    *ld_purge.HANDLERS,
    *ld_registrations.HANDLERS,
    *ld_source_subscriptions.HANDLERS,
    *ld_subscriptions.HANDLERS,
    *ld_temporal.HANDLERS,
    *ld_temporal_attributes.HANDLERS,
)
"""Under /ngsi-ld/v1."""
V2: Sequence[ControllerRouterHandler] = (
    *v2_entities.HANDLERS,
    *v2_attributes.HANDLERS,
    *v2_types.HANDLERS,
    *v2_batch.HANDLERS,
    *v2_subscriptions.HANDLERS,
    *v2_registrations.HANDLERS,
)
"""/v2 and /version."""
OWN: Sequence[ControllerRouterHandler] = (
    *datasets.HANDLERS,
    *stream.HANDLERS,
)
"""Under /api/broker/v1."""
