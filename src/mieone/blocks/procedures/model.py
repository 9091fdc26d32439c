"""The words of procedures: actors, acts, states, cases and their events. No clock, no database."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from mieone.core.model import TownCode

ProcedureId = NewType("ProcedureId", str)
CaseId = NewType("CaseId", UUID)


class ActorClass(StrEnum):
    """Who acts on a case. Only some classes may ever decide."""

    APPLICANT = "applicant"
    ASSOCIATION = "association"
    TOWN_OFFICER = "town_officer"
    AUTHORITY_HEAD = "authority_head"
    BOARD = "board"
    EXTERNAL = "external"
    SYSTEM = "system"


class Act(StrEnum):
    SUBMIT = "submit"
    RECEIVE = "receive"
    START_CHECK = "start_check"
    ASK_CORRECTION = "ask_correction"
    CORRECT = "correct"
    HAND_OVER = "hand_over"
    ASK_INQUIRY = "ask_inquiry"
    ANSWER_INQUIRY = "answer_inquiry"
    CONCLUDE = "conclude"
    """実体審査を終え、決裁に上げる。"""
    RETURN = "return"
    DECIDE = "decide"
    EXTEND = "extend"
    REVOKE = "revoke"
    PREPARE_NOTICE = "prepare_notice"
    DISPATCH = "dispatch"
    DELIVER = "deliver"
    UPDATE_LEDGER = "update_ledger"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"
    CLOSE = "close"


class CaseState(StrEnum):
    SUBMITTED = "submitted"
    RECEIVED = "received"
    FORM_CHECK = "form_check"
    AWAITING_CORRECTION = "awaiting_correction"
    EXAMINATION = "examination"
    AWAITING_INQUIRY = "awaiting_inquiry"
    APPROVAL = "approval"
    DECIDED = "decided"
    NOTICE_PREPARED = "notice_prepared"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    LEDGER_UPDATED = "ledger_updated"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"
    REVOKED = "revoked"
    CLOSED = "closed"


class Outcome(StrEnum):
    GRANTED = "granted"
    PARTIAL = "partial"
    REFUSED = "refused"


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the append-only history of a case."""

    seq: int
    at: datetime
    act: Act
    actor_class: ActorClass
    actor_id: str
    organisation: str = ""
    note: str = ""
    """Words of the actor, kept encrypted; never shown to machines."""


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """The case itself; its state is the fold of its events, kept here to be found by."""

    id: CaseId
    number: str
    """受付番号, given exactly once."""
    procedure: ProcedureId
    definition_hash: str
    town: TownCode
    person_id: UUID
    authority: str
    arrived_at: datetime
    event_on: date | None
    state: CaseState
    due_on: date | None
    """Last day of the standard period; None while it rests."""
    event_count: int
    changed_at: datetime


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    town: TownCode
    person_id: UUID
    procedure: ProcedureId
    definition_hash: str
    sealed: bytes
    submit_token: UUID
    saved_at: datetime
    case_id: CaseId | None
    """Set once it was sent: sending again finds the same case."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    evaluation_id: UUID
    outcome: Outcome
    authority: str
    delegation: str
    """Source of the 専決 row, or empty when the head decided."""
    actor_class: ActorClass
    decided_by: str
    law_refs: tuple[str, ...]
    reasons: tuple[str, ...]
    decided_at: datetime


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    document_number: int
    digest: bytes
    is_specimen: bool
    unverified: tuple[str, ...]
    made_at: datetime


class TaskDone(msgspec.Struct, frozen=True, kw_only=True):
    task: str
    actor_class: ActorClass
    actor_id: str
    is_core: bool
    started_at: datetime
    stopped_at: datetime
    checked: tuple[str, ...]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    town: TownCode
    procedure: ProcedureId
    event_on: date
