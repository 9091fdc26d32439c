"""The states of a case: a fold of its events over transitions that are data."""

from collections.abc import Iterable
from functools import reduce

import msgspec

from mieone.blocks.procedures.model import Act, CaseState
from mieone.blocks.procedures.problems import ActNotPossible

S = CaseState


class Transition(msgspec.Struct, frozen=True):
    act: Act
    sources: frozenset[CaseState | None]
    """None stands for a case that does not exist yet."""
    target: CaseState


def _row(act: Act, sources: Iterable[CaseState | None], target: CaseState) -> Transition:
    return Transition(act, frozenset(sources), target)


OPEN = (
    S.SUBMITTED, S.RECEIVED, S.FORM_CHECK, S.AWAITING_CORRECTION,
    S.EXAMINATION, S.AWAITING_INQUIRY, S.APPROVAL,
)  # fmt: skip
AFTER_DECISION = (S.DECIDED, S.NOTICE_PREPARED, S.DISPATCHED, S.DELIVERED)

APPLICATION: tuple[Transition, ...] = (
    _row(Act.SUBMIT, [None], S.SUBMITTED),
    _row(Act.RECEIVE, [S.SUBMITTED], S.RECEIVED),
    _row(Act.START_CHECK, [S.RECEIVED], S.FORM_CHECK),
    _row(Act.ASK_CORRECTION, [S.FORM_CHECK, S.EXAMINATION], S.AWAITING_CORRECTION),
    _row(Act.CORRECT, [S.AWAITING_CORRECTION], S.FORM_CHECK),
    _row(Act.HAND_OVER, [S.FORM_CHECK], S.EXAMINATION),
    _row(Act.ASK_INQUIRY, [S.EXAMINATION], S.AWAITING_INQUIRY),
    _row(Act.ANSWER_INQUIRY, [S.AWAITING_INQUIRY], S.EXAMINATION),
    _row(Act.CONCLUDE, [S.EXAMINATION], S.APPROVAL),
    _row(Act.RETURN, [S.APPROVAL], S.EXAMINATION),
    _row(Act.DECIDE, [S.APPROVAL], S.DECIDED),
    _row(Act.PREPARE_NOTICE, [S.DECIDED], S.NOTICE_PREPARED),
    _row(Act.DISPATCH, [S.NOTICE_PREPARED], S.DISPATCHED),
    _row(Act.DELIVER, [S.DISPATCHED], S.DELIVERED),
    _row(Act.CLOSE, [S.DELIVERED], S.CLOSED),
    # 行政手続法33条 works both ways: nobody is urged to withdraw, and nobody is kept from it.
    _row(Act.WITHDRAW, OPEN, S.WITHDRAWN),
    _row(Act.TRANSFER, OPEN, S.TRANSFERRED),
    _row(Act.REVOKE, (*AFTER_DECISION, S.CLOSED), S.REVOKED),
)
FILING: tuple[Transition, ...] = (
    _row(Act.SUBMIT, [None], S.SUBMITTED),
    # 行政手続法37条: a filing in proper form is done on arrival; there is nothing to decide.
    _row(Act.RECEIVE, [S.SUBMITTED], S.RECEIVED),
    _row(Act.START_CHECK, [S.RECEIVED], S.FORM_CHECK),
    _row(Act.ASK_CORRECTION, [S.FORM_CHECK], S.AWAITING_CORRECTION),
    _row(Act.CORRECT, [S.AWAITING_CORRECTION], S.FORM_CHECK),
    _row(Act.UPDATE_LEDGER, [S.FORM_CHECK], S.LEDGER_UPDATED),
    _row(Act.CLOSE, [S.LEDGER_UPDATED], S.CLOSED),
    _row(Act.WITHDRAW, [S.SUBMITTED, S.RECEIVED, S.FORM_CHECK, S.AWAITING_CORRECTION], S.WITHDRAWN),
)
FINAL = frozenset({S.CLOSED, S.WITHDRAWN, S.TRANSFERRED, S.REVOKED})


def transitions_for(*, has_decision: bool) -> tuple[Transition, ...]:
    return APPLICATION if has_decision else FILING


def next_state(transitions: tuple[Transition, ...], state: CaseState | None, act: Act) -> CaseState:
    """The state after the act; an act that does not fit the state is refused by name."""
    for row in transitions:
        if row.act is act and state in row.sources:
            return row.target
    raise ActNotPossible(act=act, state=state or "draft")


def fold(transitions: tuple[Transition, ...], acts: Iterable[Act]) -> CaseState | None:
    """The state is nothing but the history, replayed."""
    start: CaseState | None = None
    return reduce(lambda state, act: next_state(transitions, state, act), acts, start)


def possible_acts(transitions: tuple[Transition, ...], state: CaseState) -> frozenset[Act]:
    return frozenset(row.act for row in transitions if state in row.sources)
