"""Which index rows hold every entity that fits a query: supersets, or exact where that is said."""

from .making import make_plan
from .shapes import (
    ByAll,
    ByAny,
    ByBounds,
    ByIds,
    ByNames,
    ByPattern,
    ByScopes,
    ByTypes,
    ByValues,
    Narrowing,
    Plan,
)

__all__ = [
    "ByAll",
    "ByAny",
    "ByBounds",
    "ByIds",
    "ByNames",
    "ByPattern",
    "ByScopes",
    "ByTypes",
    "ByValues",
    "Narrowing",
    "Plan",
    "make_plan",
]
