"""The words: organisations, staff posts, entrustments."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from mieone.core.model import TownCode


class OrganisationKind(StrEnum):
    TOWN = "town"
    AUTHORITY = "authority"
    """A lawful authority that is no town: 広域連合, prefecture."""
    ASSOCIATION = "association"
    COMPANY = "company"
    PUBLIC_BODY = "public_body"


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    organisation_id: str
    kind: OrganisationKind
    name: str
    name_en: str = ""
    seat_town: TownCode | None = None
    is_sample: bool = False


class StaffRole(StrEnum):
    TOWN_OFFICER = "town_officer"
    AUTHORITY_HEAD = "authority_head"
    ASSOCIATION = "association"


class StaffPost(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever holds it signs in with a passkey; acts are recorded under the post, not the name."""

    post_id: UUID
    organisation_id: str
    role: StaffRole
    name: str
    is_sample: bool
    user_handle: bytes
    session_towns: tuple[TownCode, ...] = ()
    """The towns of the last sign-in; when they no longer hold, its sessions end."""
    ended_at: datetime | None = None


class StaffPasskey(msgspec.Struct, frozen=True, kw_only=True):
    credential_id: bytes
    post_id: UUID
    public_key: bytes
    sign_count: int


class EnrolmentKind(StrEnum):
    PASSKEY = "passkey"
    TRIAL = "trial"
    """Signs in directly; only where simulators may run."""


class Entrustment(msgspec.Struct, frozen=True, kw_only=True):
    """A dated row: what a town gave to another body to prepare. Deciding is never in it."""

    entrustment_id: str
    town: TownCode
    organisation_id: str
    acts: tuple[str, ...]
    procedures: tuple[str, ...]
    """Procedure ids; `*` stands for all of them."""
    basis: str
    is_confirmed: bool
    valid_from: date
    valid_until: date | None = None

    def is_live(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)

    def covers(self, act: str, procedure: str) -> bool:
        return act in self.acts and bool({"*", procedure} & set(self.procedures))


class Ceremony(msgspec.Struct, frozen=True, kw_only=True):
    """One WebAuthn challenge, told once."""

    challenge: bytes
    enrolment_hash: bytes | None
