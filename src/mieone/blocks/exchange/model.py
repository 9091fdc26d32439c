"""The words of the exchange: services, their rights, and what the door decides."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from mieone.blocks.consent import ConsentRevision
from mieone.core.database import Conn
from mieone.core.model import Actor, TownCode
from mieone.core.ports import Basis, Concerned, Json

ANYTHING = "*"
"""In a right: every dataset, or every item, that blocks of ours declare."""


class ServiceState(StrEnum):
    APPLIED = "applied"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever receives: a company's program under its client_id, or a block of ours."""

    service_id: str
    sector: str
    """Under which it knows people; one sector per service, so that no two can join theirs."""
    organisation: str
    is_own: bool
    state: ServiceState
    towns: tuple[TownCode, ...] | None = None
    """None: every town of the region."""


class RightState(StrEnum):
    REQUESTED = "requested"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """アクセス権, granted by the provider: these items, for this purpose, on this basis, in this time."""

    right_id: UUID
    service: str
    dataset: str
    items: tuple[str, ...]
    purpose: str
    basis: Basis
    basis_ref: str | None
    state: RightState
    valid_from: date
    valid_until: date | None

    def is_live(self, on: date) -> bool:
        began = self.state is RightState.ACTIVE and self.valid_from <= on
        return began and (self.valid_until is None or on < self.valid_until)


class Covers(StrEnum):
    """Whom a basis in law reaches in an answer about several people."""

    HOLDER = "holder"
    """The holder and those who need no basis of their own."""
    EVERYONE = "everyone"


class LegalBasis(msgspec.Struct, frozen=True, kw_only=True):
    """A dated row of the region's list: which law, for which purposes, reaching whom."""

    basis_id: str
    basis: Basis
    purposes: tuple[str, ...]
    covers: Covers
    citation: str
    verified: bool
    valid_from: date
    valid_until: date | None

    def is_live(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """A named officer's dated decision that lives are at stake. Always visible to the person."""

    emergency_id: UUID
    officer: str
    organisation: str
    reason: str
    valid_from: datetime
    valid_until: datetime


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """What the door must know of a 代理権 that `identity` holds."""

    mandate_id: UUID
    principal: UUID
    agent: UUID
    scope: frozenset[str]
    valid_from: datetime
    valid_until: datetime


class DecisionCode(StrEnum):
    PERMIT = "permit"
    NO_RIGHT = "deny.no_right"
    NO_BASIS = "deny.no_basis"
    NO_CONSENT = "deny.no_consent"
    WITHDRAWN = "deny.withdrawn"
    EXPIRED = "deny.expired"
    PURPOSE_MISMATCH = "deny.purpose_mismatch"
    SUSPENDED = "deny.suspended"
    MANDATE_MISSING = "deny.mandate_missing"
    UNAVAILABLE = "deny.unavailable"
    """Nobody there, or nobody who may be found: the two are one word on purpose."""


class Outcome(StrEnum):
    RELEASED = "released"
    FAILED = "failed"
    WITHDRAWN_IN_FLIGHT = "withdrawn_in_flight"


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A human being in the answer, with what decides about their row."""

    concerned: Concerned
    is_protected: bool
    consent: ConsentRevision | None = None

    @property
    def subject_id(self) -> UUID:
        return self.concerned.subject_id


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision rests on, read in one transaction."""

    at: datetime
    on: date
    actor: Actor
    person_id: UUID | None
    """The subject's Mie-ID, if the request names one."""
    town: TownCode | None
    service: Service | None
    rights: Sequence[Right]
    purpose: str
    is_own_view: bool
    basis: Basis
    basis_ref: str | None
    asked: Sequence[str]
    known_items: Sequence[str]
    mandate_ref: UUID | None = None
    mandate: Mandate | None = None
    law: LegalBasis | None = None
    is_entrusted: bool = False
    emergency: Emergency | None = None
    parties: Sequence[Party] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The decision about one human being's row."""

    subject_id: UUID
    code: DecisionCode
    key: str | None = None
    holder: bool = False
    person_id: UUID | None = None
    needs_own_basis: bool = False
    items: tuple[str, ...] = ()
    consent: ConsentRevision | None = None
    """The consent that was relied on: the person's own, or the parent's for a child."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    code: DecisionCode
    verdicts: tuple[Verdict, ...]

    @property
    def permitted(self) -> tuple[Verdict, ...]:
        if self.code is not DecisionCode.PERMIT:
            return ()
        return tuple(one for one in self.verdicts if one.code is DecisionCode.PERMIT)


Row = Mapping[str, Json]


class People(Protocol):
    """What the door asks of block `identity`."""

    async def pairwise_id(self, conn: Conn, sector: str, person_id: UUID) -> str | None:
        """None for nobody and for somebody who has left."""
        ...

    async def is_protected(
        self, conn: Conn, subject_ids: Sequence[UUID], at: datetime
    ) -> frozenset[UUID]: ...

    async def list_mandates(
        self, conn: Conn, agent: UUID, principal: UUID, at: datetime
    ) -> Sequence[Mandate]: ...

    async def is_entrusted(
        self, conn: Conn, entrustment_id: str, organisation: str, town: TownCode | None, on: date
    ) -> bool:
        """Whether that dated row entrusts this organisation, for this town where one is named."""
        ...
