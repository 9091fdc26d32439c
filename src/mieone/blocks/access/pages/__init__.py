"""The access record before people: the resident's history, the association's questions."""

from .desk import DESK
from .history import PEOPLE

__all__ = ["DESK", "PEOPLE"]
