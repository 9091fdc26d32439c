"""Which event may follow which state, and when a consent permits anything. Pure."""

from datetime import datetime
from typing import assert_never

from mieone.blocks.consent.model import ConsentEventKind, ConsentRevision, ConsentState
from mieone.blocks.consent.problems import StateForbids

LIVE = frozenset({ConsentState.GIVEN, ConsentState.RECONSENT_REQUESTED})


def next_state(state: ConsentState | None, event: ConsentEventKind) -> ConsentState:
    """Raises StateForbids for a transition that does not exist."""
    is_live = state in LIVE
    match event:
        case ConsentEventKind.REQUESTED:
            # Asking again never touches a consent that lives.
            return _only_if(not is_live, ConsentState.REQUESTED, state, event)
        case ConsentEventKind.GIVEN:
            return _only_if(not is_live, ConsentState.GIVEN, state, event)
        case ConsentEventKind.RECONFIRMED:
            return _only_if(is_live, ConsentState.GIVEN, state, event)
        case ConsentEventKind.REFUSED:
            return _only_if(not is_live, ConsentState.REFUSED, state, event)
        case ConsentEventKind.RECONSENT_REQUESTED:
            return _only_if(
                state is ConsentState.GIVEN, ConsentState.RECONSENT_REQUESTED, state, event
            )
        case (
            ConsentEventKind.WITHDRAWN
            | ConsentEventKind.EXPIRED
            | ConsentEventKind.SUPERSEDED
            | ConsentEventKind.INVALIDATED
            | ConsentEventKind.ENDED_BY_CONTROLLER
        ):
            return _only_if(is_live, ConsentState(event.value), state, event)
        case _:
            assert_never(event)


def _only_if(
    allowed: bool, target: ConsentState, state: ConsentState | None, event: ConsentEventKind
) -> ConsentState:
    if not allowed:
        raise StateForbids(state=state.value if state else "none", event=event.value)
    return target


def permits(consent: ConsentRevision, at: datetime) -> bool:
    """Given, not past its end, and the deadline of a changed text not passed."""
    if consent.valid_until is None or at >= consent.valid_until:
        return False
    match consent.state:
        case ConsentState.GIVEN:
            return True
        case ConsentState.RECONSENT_REQUESTED:
            return consent.reconsent_by is not None and at < consent.reconsent_by
        case _:
            return False


def due_end(consent: ConsentRevision, at: datetime) -> bool:
    """A live consent whose time is over has to be recorded as expired."""
    return consent.state in LIVE and not permits(consent, at)


def covers(consent: ConsentRevision, items: tuple[str, ...], at: datetime) -> bool:
    """Everything asked was given or left out by the person on purpose: no need to ask again."""
    if not permits(consent, at) or consent.state is not ConsentState.GIVEN:
        return False
    return set(items) <= {*consent.items, *consent.excluded}
