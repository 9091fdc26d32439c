"""What may be asked of the ledger, and what it answers."""

from datetime import datetime
from enum import StrEnum

import msgspec

from .ledger import AccountId, BillId, TransferId


class Allot(msgspec.Struct, frozen=True, kw_only=True, tag="allot"):
    """Put money of the funder into a campaign's budget."""

    campaign: str
    amount_yen: int


class Grant(msgspec.Struct, frozen=True, kw_only=True, tag="grant"):
    """Give from a campaign's budget. Without `expires_at` the instrument's rule decides."""

    wallet: AccountId
    campaign: str
    amount_yen: int
    expires_at: datetime | None = None
    grant_run: str = ""


class Charge(msgspec.Struct, frozen=True, kw_only=True, tag="charge"):
    """Value the holder paid for."""

    wallet: AccountId
    instrument: str
    amount_yen: int


class Pay(msgspec.Struct, frozen=True, kw_only=True, tag="pay"):
    wallet: AccountId
    shop: AccountId
    amount_yen: int
    bill: BillId | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True, tag="refund"):
    """The shop gives back. Without an amount: all that has not been given back yet."""

    payment: TransferId
    shop: AccountId
    amount_yen: int | None = None


class Send(msgspec.Struct, frozen=True, kw_only=True, tag="send"):
    """From one person's wallet to another's."""

    wallet: AccountId
    receiver: AccountId
    amount_yen: int


class Expire(msgspec.Struct, frozen=True, kw_only=True, tag="expire"):
    """Book out whatever has passed its date in this wallet."""

    wallet: AccountId


Request = Allot | Grant | Charge | Pay | Refund | Send | Expire


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A request under its client's idempotency key."""

    client_id: str
    key: str
    request: Request
    reason: str = ""
    """Message id, shown in the history."""


class OutcomeCode(StrEnum):
    ACCEPTED = "accepted"
    KEY_CONFLICT = "key_conflict"
    INSUFFICIENT = "insufficient"
    SHOP_CLASS_NOT_ALLOWED = "shop_class_not_allowed"
    KYC_REQUIRED = "kyc_required"
    P2P_NOT_ALLOWED = "p2p_not_allowed"
    CAP_TX = "cap_tx"
    CAP_DAY = "cap_day"
    CAP_MONTH = "cap_month"
    CAP_BALANCE = "cap_balance"
    BUDGET_EXHAUSTED = "budget_exhausted"
    OUTSIDE_WINDOW = "outside_window"
    CAMPAIGN_CAP = "campaign_cap"
    CODE_EXPIRED = "code_expired"
    CODE_USED = "code_used"
    CODE_WRONG_SHOP = "code_wrong_shop"
    ACCOUNT_FROZEN = "account_frozen"
    MERCHANT_CLOSED = "merchant_closed"
    UNKNOWN_ACCOUNT = "unknown_account"
    REFUND_EXCEEDS = "refund_exceeds"
    REFUND_WINDOW_CLOSED = "refund_window_closed"
    BAD_REQUEST = "bad_request"


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one request; a refusal carries what helps to do better next time."""

    code: OutcomeCode
    transfer_id: TransferId | None = None
    booked_at: datetime | None = None
    amount_yen: int = 0
    balance_yen: int | None = None
    """The wallet's balance afterwards (or now, when refused)."""
    eligible_yen: int | None = None
    expired_yen: int = 0
    elsewhere_yen: int = 0
    """In the wallet, but not for this shop or not for sending."""
    lapsed_yen: int = 0
    """Given back into lots whose date had passed, and so lapsed at once."""
    limit_yen: int | None = None
    resets_at: datetime | None = None

    @property
    def is_accepted(self) -> bool:
        return self.code is OutcomeCode.ACCEPTED


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    outcome: Outcome
    replayed: bool = False
