"""The broker's entrances for machines: NGSI-LD, NGSI v2 and a few of our own."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

LD: Sequence[ControllerRouterHandler] = ()
"""Under /ngsi-ld/v1."""
V2: Sequence[ControllerRouterHandler] = ()
"""/v2 and /version."""
OWN: Sequence[ControllerRouterHandler] = ()
"""Under /api/broker/v1."""
