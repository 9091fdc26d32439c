"""How a use of data is told to the person it was about. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from mieone.core.clock import JST
from mieone.core.model import ActorKind

from .model import Kind, Visit

RUN_LENGTH = timedelta(hours=1)


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


def runs_of(visits: Sequence[Visit]) -> list[tuple[Visit, ...]]:
    """Neighbours that read alike within an hour are told as one; what went wrong stands alone."""
    runs: list[tuple[Visit, ...]] = []
    for visit in visits:
        if runs and _reads_like(runs[-1][0], visit):
            runs[-1] = (*runs[-1], visit)
        else:
            runs.append((visit,))
    return runs


def _reads_like(newest: Visit, older: Visit) -> bool:
    is_calm = ending_of(newest) in (Ending.RELEASED, Ending.ACTED)
    return is_calm and newest.at - older.at < RUN_LENGTH and _wording(newest) == _wording(older)


def _wording(visit: Visit) -> tuple[object, ...]:
    """What the sentence of a use is made of."""
    by_hand = visit.actor_id if visit.actor_kind == ActorKind.PERSON else ""
    said_by = (visit.actor_kind, by_hand, visit.organisation, visit.service)
    return (*said_by, visit.purpose, ending_of(visit), shown_items(visit), visit.note)


def day_starts(day: date) -> datetime:
    return datetime.combine(day, time(), JST)


def month_starts(day: date) -> datetime:
    return day_starts(day.replace(day=1))


def day_ends(day: date) -> datetime:
    return day_starts(day + timedelta(days=1))
