"""The words of identity: who somebody is, how that was shown, and what only consent keeps."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType, Protocol
from uuid import UUID

import msgspec

PersonId = NewType("PersonId", UUID)
PairwiseId = NewType("PairwiseId", str)
TransactionId = NewType("TransactionId", UUID)


class PersonState(StrEnum):
    PROVISIONAL = "provisional"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    SHREDDED = "shredded"


class Usage(StrEnum):
    """The two certificates of a card."""

    SIGN = "sign"
    AUTH = "auth"


class LinkKind(StrEnum):
    DSA_PPID = "dsa_ppid"
    JPKI_AUTH = "jpki_auth"
    JPKI_SIGN = "jpki_sign"
    PF_USER = "pf_user"
    MDOC_DEVICE = "mdoc_device"
    COUNTER = "counter"


class LinkState(StrEnum):
    VERIFIED = "verified"
    STALE = "stale"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class OptInState(StrEnum):
    STARTED = "started"
    """The challenge is shown and unspent."""
    ASKING = "asking"
    """The signature is right; the platform operator has not answered yet."""
    SETTLED = "settled"
    """A person was made or found; the browser has not come back for its session yet."""
    DONE = "done"
    FAILED = "failed"


class Residency(StrEnum):
    RESIDENT = "resident"
    MOVED_OUT = "moved_out"
    VISITOR = "visitor"
    UNDETERMINED = "undetermined"


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


class PasskeyState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class FourAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """基本4情報 as read from a card's certificate or told by the platform operator."""

    name: str
    address: str
    born_on: date
    sex: Sex
    name_flags: str = ""
    """One 0/1 per character; 1 where a character was replaced (字の置き換え)."""
    address_flags: str = ""


class RawAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """The same four before anybody trusted their form."""

    name: str
    address: str
    birth: str
    sex: str
    name_flags: str = ""
    address_flags: str = ""


class PlatformAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform operator (署名検証者) says about one authentication certificate."""

    ocsp: bytes
    """A signed OCSP response; checked here, never believed."""
    stable_user_id: str
    """Stays when the certificate is renewed."""
    attributes: RawAttributes | None


class PlatformOperator(Protocol):
    """公的個人認証法17条: revocation and current attributes reach us only through such an operator."""

    name: str

    async def ask(self, certificate: bytes, nonce: bytes) -> PlatformAnswer:
        """Raises RevocationUnavailable; must have a deadline of its own."""
        ...


class RevocationState(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """One answer about one certificate, with the time it speaks of."""

    state: RevocationState
    checked_at: datetime


class OptIn(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to prove who somebody is: a challenge, used once, by one browser."""

    id: TransactionId
    state: OptInState
    nonce: bytes
    purpose: str
    return_to: str
    started_at: datetime
    expires_at: datetime
    for_person: PersonId | None
    """Set when somebody signed in proves it again."""
    certificate: bytes | None
    """The card's answer, sealed, while the platform operator is being asked."""
    person_id: PersonId | None
    is_new: bool | None
    failure: str | None


class ExternalKey(msgspec.Struct, frozen=True, kw_only=True):
    kind: LinkKind
    value: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    person_id: PersonId
    kind: LinkKind
    state: LinkState


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """As its holder sees it."""

    id: UUID
    nickname: str
    state: PasskeyState
    is_backed_up: bool
    """Kept by the maker of the phone as well: it survives a lost phone."""
    created_at: datetime
    last_used_at: datetime | None


class MandateKind(StrEnum):
    PARENT = "parent"
    ADULT_GUARDIAN = "adult_guardian"
    CURATOR = "curator"
    ASSISTANT = "assistant"
    CARER = "carer"


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """代理権: one person acts for another, within a scope, for a time, visibly."""

    id: UUID
    principal: UUID
    """Whose matters they are: a person's id, or a resident's while the child holds no Mie-ID."""
    agent: PersonId
    kind: MandateKind
    scope: frozenset[str]
    valid_from: datetime
    valid_until: datetime


class CardReader(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser meets the card: a template that identity's page includes, and who takes it."""

    template: str
    action: str
    is_simulated: bool


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an opt-in."""

    person_id: PersonId
    transaction: TransactionId
    return_to: str
    is_new: bool


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform operator told, after every check."""

    stable_user_id: str
    attributes: FourAttributes
    checked_at: datetime
    source: str
