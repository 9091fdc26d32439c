"""Pages of procedures: for applicants, and the desk."""

from . import applying, cases, desk, filling

PEOPLE = (*applying.HANDLERS, *filling.HANDLERS, *cases.HANDLERS)
DESK = desk.HANDLERS

__all__ = ["DESK", "PEOPLE"]
