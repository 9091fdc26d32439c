"""The line of stations of a case: 受付・確認・審査・決定・通知, as its applicant sees it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from mieone.blocks.procedures.model import Act, CaseEvent, CaseState

S = CaseState


class StationName(StrEnum):
    RECEPTION = "reception"
    CHECK = "check"
    EXAMINATION = "examination"
    DECISION = "decision"
    NOTICE = "notice"


class Progress(StrEnum):
    DONE = "done"
    NOW = "now"
    NEXT = "next"
    STOPPED = "stopped"


class Station(msgspec.Struct, frozen=True, kw_only=True):
    name: StationName
    progress: Progress
    at: datetime | None
    """When it was passed."""


PASSED_BY: Mapping[StationName, Act] = MappingProxyType(
    {
        StationName.RECEPTION: Act.RECEIVE,
        StationName.CHECK: Act.HAND_OVER,
        StationName.EXAMINATION: Act.CONCLUDE,
        StationName.DECISION: Act.DECIDE,
        StationName.NOTICE: Act.DISPATCH,
    }
)
STATION_OF: Mapping[CaseState, StationName] = MappingProxyType(
    {
        S.SUBMITTED: StationName.RECEPTION,
        S.RECEIVED: StationName.CHECK,
        S.FORM_CHECK: StationName.CHECK,
        S.AWAITING_CORRECTION: StationName.CHECK,
        S.EXAMINATION: StationName.EXAMINATION,
        S.AWAITING_INQUIRY: StationName.EXAMINATION,
        S.APPROVAL: StationName.DECISION,
        S.DECIDED: StationName.NOTICE,
        S.NOTICE_PREPARED: StationName.NOTICE,
    }
)
ENDED_EARLY = frozenset({S.WITHDRAWN, S.TRANSFERRED, S.REVOKED})


def list_stations(state: CaseState, events: Sequence[CaseEvent]) -> tuple[Station, ...]:
    now = STATION_OF.get(state)
    order = list(StationName)
    # A side exit stops the line where it stood.
    reached = now or _last_passed(events)
    found = []
    for name in order:
        passed = [event.at for event in events if event.act is PASSED_BY[name]]
        is_behind = now is None or order.index(name) < order.index(now)
        if passed and is_behind:
            found.append(Station(name=name, progress=Progress.DONE, at=passed[-1]))
        elif state in ENDED_EARLY and name is reached:
            found.append(Station(name=name, progress=Progress.STOPPED, at=None))
        elif name is now:
            found.append(Station(name=name, progress=Progress.NOW, at=None))
        else:
            found.append(Station(name=name, progress=Progress.NEXT, at=None))
    return tuple(found)


def _last_passed(events: Sequence[CaseEvent]) -> StationName | None:
    """The first station that was never passed."""
    acts = {event.act for event in events}
    return next((name for name in StationName if PASSED_BY[name] not in acts), None)
