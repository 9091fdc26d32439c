"""GeoJSON geometries (RFC 7946), checked to the last position."""

from mieone.blocks.broker.model import JsonValue


def check_geometry(document: JsonValue, what: str = "geometry") -> dict[str, JsonValue]:
    """All seven types; longitudes and latitudes in range, rings closed."""
    raise NotImplementedError
