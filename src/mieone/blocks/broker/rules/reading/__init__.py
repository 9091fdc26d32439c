"""Bodies of NGSI-LD requests and answers, checked and expanded into the words of the model.

`at` is now, by the house's clock. All functions raise BadRequestData for what is wrong, and
InvalidRequest where an entity is no object. A body is the document without its @context.
Normalized and concise representation are read everywhere; createdAt, modifiedAt, deletedAt and
instanceId that a client sends are left out.
"""

from .answers import read_foreign_entity
from .checks import check_name, check_uri, read_instant
from .documents import (
    read_attribute,
    read_entity,
    read_fragment,
    read_id,
    read_replacement,
)
from .geojson import check_geometry
from .overlays import read_overlays, read_partial
from .temporal import (
    TemporalDocument,
    read_temporal_entity,
    read_temporal_fragment,
    read_temporal_instance,
)

__all__ = [
    "TemporalDocument",
    "check_geometry",
    "check_name",
    "check_uri",
    "read_attribute",
    "read_entity",
    "read_foreign_entity",
    "read_fragment",
    "read_id",
    "read_instant",
    "read_overlays",
    "read_partial",
    "read_replacement",
    "read_temporal_entity",
    "read_temporal_fragment",
    "read_temporal_instance",
]
