"""The words of the access record: one row per human being and event, and how it is read."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from mieone.core.model import Actor, TownCode
from mieone.core.region import Names


class Kind(StrEnum):
    PERMIT = "permit"
    """The door let a request through; without an outcome it counts as disclosed."""
    REFUSAL = "refusal"
    OUTCOME = "outcome"
    """How a permit ended: released, failed or withdrawn in flight."""
    ACT = "act"
    """Somebody of ours looked or searched: a staff read, a search."""


class AccessRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event about one human being, as it is written. Pseudonymous ids only."""

    subject_id: UUID
    kind: Kind
    request_id: UUID
    at: datetime
    actor: Actor
    service: str
    purpose: str
    decision: str
    town: TownCode | None = None
    provider: str | None = None
    dataset: str | None = None
    items: tuple[str, ...] = ()
    mandate_id: UUID | None = None
    basis: str | None = None
    basis_ref: str | None = None
    consent_id: UUID | None = None
    consent_revision: int | None = None
    permit_id: UUID | None = None
    """An outcome names the permit it ends."""
    outcome: str | None = None
    payload_sha256: bytes | None = None
    note: str | None = None
    """What an officer gave as the reason; shown to the person."""
    visible_from: datetime | None = None
    """None: at once. Later only with a legal basis in `visibility_basis`."""
    visibility_basis: str | None = None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One use of somebody's data as the history shows it: the event and how it ended."""

    entry_id: UUID
    subject_id: UUID
    kind: Kind
    request_id: UUID
    at: datetime
    actor_kind: str
    actor_id: str
    organisation: str
    service: str
    purpose: str
    decision: str
    provider: str | None
    dataset: str | None
    items: tuple[str, ...]
    mandate_id: UUID | None
    basis: str | None
    basis_ref: str | None
    consent_id: UUID | None
    consent_revision: int | None
    note: str | None
    outcome: str | None
    released_items: tuple[str, ...] | None
    payload_sha256: bytes | None
    ended_at: datetime | None


class Cursor(msgspec.Struct, frozen=True):
    """Where the next page begins: just before this entry."""

    at: datetime
    entry_id: UUID


class OrganisationGroup(StrEnum):
    """What a summary counts by; each is a word every resident knows."""

    TOWN = "town"
    ASSOCIATION = "association"
    NURSERY = "nursery"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    SHOP = "shop"
    COMPANY = "company"
    OTHER = "other"


class CaptionKind(StrEnum):
    SERVICE = "service"
    ORGANISATION = "organisation"
    PURPOSE = "purpose"
    BASIS = "basis"


class Caption(msgspec.Struct, frozen=True, kw_only=True):
    """What a name in a record is called before people; told by the block that owns the name."""

    kind: CaptionKind
    id: str
    name: Names
    detail: Names | None = None
    """A service: who stands behind it. A purpose: what happens to whoever says no. A basis: its law."""
    group: OrganisationGroup = OrganisationGroup.OTHER
    verified: bool = True
    """False: somebody still has to read the source, and pages say so."""


class QuestionKind(StrEnum):
    EXPLAIN = "explain"
    WRONG = "wrong"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked about one use; the words are sealed."""

    question_id: UUID
    person_id: UUID
    entry_id: UUID
    kind: QuestionKind
    words: bytes
    opened_at: datetime
    at: datetime
    organisation: str
    service: str
    purpose: str
    decision: str
    dataset: str | None
