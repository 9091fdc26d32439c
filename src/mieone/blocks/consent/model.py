"""The words of consent: what a person was shown, what they decided, and what follows from it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from mieone.core.model import Actor
from mieone.core.ports import ConsentDetail
from mieone.core.region import Names


class ConsentState(StrEnum):
    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    RECONSENT_REQUESTED = "reconsent_requested"
    """The text changed; processing goes on under the old one until the stated deadline."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    INVALIDATED = "invalidated"
    ENDED_BY_CONTROLLER = "ended_by_controller"


class ConsentEventKind(StrEnum):
    """What happened; the state of a record is the fold of these."""

    REQUESTED = "requested"
    GIVEN = "given"
    RECONFIRMED = "reconfirmed"
    REFUSED = "refused"
    RECONSENT_REQUESTED = "reconsent_requested"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    INVALIDATED = "invalidated"
    ENDED_BY_CONTROLLER = "ended_by_controller"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What one consent is about: one person, one service, one dataset, one purpose."""

    person_id: UUID
    service: str
    dataset: str
    """`name@version`."""
    purpose: str


class ConsentRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as it stands now; a permit names `record_id` and `revision`."""

    record_id: UUID
    person_id: UUID
    service: str
    dataset: str
    purpose: str
    state: ConsentState
    revision: int
    items: tuple[str, ...]
    excluded: tuple[str, ...]
    notice_id: UUID | None
    language: str
    valid_until: datetime | None
    reconsent_by: datetime | None
    changed_at: datetime

    @property
    def scope(self) -> Scope:
        return Scope(
            person_id=self.person_id,
            service=self.service,
            dataset=self.dataset,
            purpose=self.purpose,
        )


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided on a sheet: under which text, which items, until when."""

    items: tuple[str, ...]
    excluded: tuple[str, ...]
    notice_id: UUID
    language: str
    valid_until: datetime
    actor: Actor
    mandate_id: UUID | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the text that asks; each language's text is kept exactly as shown."""

    notice_id: UUID
    service: str
    dataset: str
    purpose: str
    version: int
    texts: Mapping[str, str]
    """Language to text."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A service's question to a person, waiting for the person's answer."""

    ask_id: UUID
    person_id: UUID
    service: str
    details: tuple[ConsentDetail, ...]
    return_to: str | None
    invited_by: UUID | None
    """The member of the household whose own agreement made us ask."""
    asked_at: datetime
    decided_at: datetime | None
    granted: bool | None


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why data may be asked for, in the region's own words (purposes.yaml)."""

    name: Names
    why: Names
    if_refused: Names
    lasts_months: int = 12
    for_services: bool = False
    """Any approved outside service may ask people under it, by their consent."""
    own_view: bool = False
    """Only the person themselves may look under this purpose."""
    verified: bool = True


class ConsentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the ledger as pages show it."""

    entry_id: UUID
    record_id: UUID
    revision: int
    at: datetime
    kind: ConsentEventKind
    items: tuple[str, ...]
    excluded: tuple[str, ...]
    valid_until: datetime | None
    has_receipt: bool
