"""The story of one resident, walked over HTTP like any visitor: `mieone tour`. Imports no block."""

from .running import TourNotPossible, tour

__all__ = ["TourNotPossible", "tour"]
