"""What becomes of an entity when something is written: pure, for every operation of both APIs."""

from .changing import SCOPE
from .deciding import decide, decide_all, find_end, list_ends

__all__ = ["SCOPE", "decide", "decide_all", "find_end", "list_ends"]
