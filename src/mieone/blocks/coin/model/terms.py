"""Terms of value: who issues what, where it counts, how long and how much. All of it is dated data."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from mieone.core.region import Names


class IssuerKind(StrEnum):
    TOWN = "town"
    ASSOCIATION = "association"
    BANK = "bank"


class ValueKind(StrEnum):
    COIN = "coin"
    POINT = "point"
    VOUCHER = "voucher"
    BENEFIT = "benefit"
    VISITOR = "visitor"


class Funding(StrEnum):
    PAID = "paid"
    FREE = "free"


class LegalClass(StrEnum):
    """Frozen on a lot when it is issued (資金決済法 3–4条)."""

    FREE = "free"
    EXEMPT_PUBLIC = "exempt_public"
    EXEMPT_6M = "exempt_6m"
    PREPAID = "prepaid"
    FUNDS_TRANSFER = "funds_transfer"


class Tier(StrEnum):
    """How well the issuer knows who holds the wallet."""

    T0 = "t0"
    T1 = "t1"
    T2 = "t2"


class ExpiryKind(StrEnum):
    NEVER = "never"
    SIX_MONTHS = "six_months"
    MONTHS = "months"
    FIXED = "fixed"


class ExpiryRule(msgspec.Struct, frozen=True, kw_only=True):
    kind: ExpiryKind
    months: int = 0
    last_day: date | None = None


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: IssuerKind
    name: Names
    registration_number: str = ""
    complaint_desk: str = ""
    protection: str = ""
    """How the holders' money is protected (資金決済法 14条, 31条), as the information page prints it."""
    source: str = ""
    confirmed: bool = False


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which shops take the value; empty sets mean every one."""

    id: str
    name: Names
    breadth: int
    """Narrow scopes are spent first."""
    towns: frozenset[str] = frozenset()
    shop_classes: frozenset[str] = frozenset()


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    issuer: str
    name: Names
    value_kind: ValueKind
    funding: Funding
    legal_class: LegalClass
    scope: str
    expiry: ExpiryRule
    p2p_allowed: bool = False
    refund_policy: str = ""
    loss_policy: str = ""
    cautions: tuple[str, ...] = ()
    terms_url: str = ""
    valid_from: date
    valid_until: date | None = None
    source: str = ""
    confirmed: bool = False


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A town's or the association's measure with a budget of its own."""

    id: str
    name: Names
    town: str
    purpose: str
    funder: str
    instrument: str
    budget_yen: int
    grant_max_yen: int
    starts_at: datetime
    ends_at: datetime | None = None
    source: str = ""
    confirmed: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Caps of one tier; None means no cap of this kind."""

    balance_yen: int | None
    payment_yen: int | None
    payment_day_yen: int | None
    p2p_allowed: bool
    p2p_yen: int | None = None
    p2p_month_yen: int | None = None


class ShopStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment needs to know about the shop."""

    town: str
    shop_class: str
    status: ShopStatus = ShopStatus.OPEN


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """All terms in force, as one value: rules get it passed in and never look it up."""

    issuers: dict[str, Issuer]
    instruments: dict[str, Instrument]
    scopes: dict[str, Scope]
    campaigns: dict[str, Campaign]
    limits: dict[Tier, Limits]
    refund_days: int = 0
    """Days after the payment on which the shop may still pay back; 0 is the same day only."""
