"""NGSI-LD's query languages: q, scopeQ, entity type selection, geo-query and ordering.

Whatever is sent, only a BrokerProblem is raised: BadRequestData for what is not in the language,
TooComplexQuery for what is in it and too much.
"""

from .conditions import RESERVED, parse_path, parse_q
from .geometries import check_geometry, parse_geo
from .orders import parse_order
from .printing import print_geo, print_q, print_scope_q, print_types
from .scopes import parse_scope_q
from .types import parse_types

__all__ = [
    "RESERVED",
    "check_geometry",
    "parse_geo",
    "parse_order",
    "parse_path",
    "parse_q",
    "parse_scope_q",
    "parse_types",
    "print_geo",
    "print_q",
    "print_scope_q",
    "print_types",
]
