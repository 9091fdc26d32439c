"""What becomes of an entity when something is written: pure, for every operation of both APIs."""

from .deciding import SCOPE, decide, decide_all, decide_expired

__all__ = ["SCOPE", "decide", "decide_all", "decide_expired"]
