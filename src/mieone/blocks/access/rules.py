"""How a use of data is told to the person it was about. Pure."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from mieone.core.clock import JST

from .model import Kind, Visit


class Ending(StrEnum):
    """In one word, what came of it; each has its own sentence."""

    RELEASED = "released"
    OPEN = "open"
    """Let through and never ended: it must be taken as seen."""
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    ACTED = "acted"


def ending_of(visit: Visit) -> Ending:
    match visit.kind:
        case Kind.REFUSAL:
            return Ending.REFUSED
        case Kind.ACT:
            return Ending.ACTED
        case _:
            pass
    match visit.outcome:
        case "released":
            return Ending.RELEASED
        case "failed":
            return Ending.FAILED
        case "withdrawn_in_flight":
            return Ending.WITHDRAWN
        case _:
            return Ending.OPEN


def shown_items(visit: Visit) -> tuple[str, ...]:
    """What left, where that is known; else what was let through or asked for."""
    return visit.released_items if visit.released_items else visit.items


def day_starts(day: date) -> datetime:
    return datetime.combine(day, time(), JST)


def month_starts(day: date) -> datetime:
    return day_starts(day.replace(day=1))


def day_ends(day: date) -> datetime:
    return day_starts(day + timedelta(days=1))
