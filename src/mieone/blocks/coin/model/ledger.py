"""Rows of the ledger: accounts, lots, transfers, entries, lot moves. Amounts are whole yen."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID, uuid5

import msgspec

from .terms import Funding, LegalClass, Tier

AccountId = NewType("AccountId", UUID)
LotId = NewType("LotId", UUID)
TransferId = NewType("TransferId", UUID)
BillId = NewType("BillId", str)

_LEDGER = UUID("6d696563-6f69-5e00-8c65-6467657200a1")


class AccountClass(StrEnum):
    WALLET = "wallet"
    CAMPAIGN_BUDGET = "campaign_budget"
    MERCHANT = "merchant"
    ISSUED = "issued"
    USED = "used"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    RECALLED = "recalled"
    FEE_INCOME = "fee_income"
    FUNDER_COMMITMENT = "funder_commitment"
    FUNDER_RECEIVABLE = "funder_receivable"
    RETURN_CLAIM = "return_claim"
    CLEARING = "clearing"


class AccountStatus(StrEnum):
    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


def system_account(kind: AccountClass, of: str) -> AccountId:
    """The one account of this class for an instrument or a campaign; the same id in every installation."""
    return AccountId(uuid5(_LEDGER, f"{kind}:{of}"))


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A locked account: a wallet or a budget."""

    id: AccountId
    kind: AccountClass
    tier: Tier = Tier.T0
    status: AccountStatus = AccountStatus.ACTIVE
    balance_yen: int = 0
    paid_on: date | None = None
    paid_yen: int = 0
    """Paid on `paid_on` (JST), refunds of the same day taken off."""
    sent_month: date | None = None
    sent_yen: int = 0
    """Sent to other people in the month that begins on `sent_month` (JST)."""


class LotTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a lot is from its first to its last yen; lots merge only when all of this is equal."""

    issuer: str
    instrument: str
    funding: Funding
    funder: str
    legal_class: LegalClass
    scope: str
    expires_at: datetime | None
    campaign: str = ""
    grant_run: str = ""


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    id: LotId
    account: AccountId
    terms: LotTerms
    issued_at: datetime
    granted_yen: int
    open_yen: int
    parent: LotId | None = None


class TransferKind(StrEnum):
    ALLOT = "allot"
    GRANT = "grant"
    CHARGE = "charge"
    PAY = "pay"
    REFUND = "refund"
    SEND = "send"
    EXPIRE = "expire"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    id: TransferId
    kind: TransferKind
    booked_at: datetime
    amount_yen: int
    payer: AccountId | None = None
    payee: AccountId | None = None
    reverses: TransferId | None = None
    bill: BillId | None = None
    campaign: str = ""


class Entry(msgspec.Struct, frozen=True):
    account: AccountId
    instrument: str
    amount_yen: int


class LotMove(msgspec.Struct, frozen=True):
    """Positive: into the lot. `source` names the lot the value came from when it crossed wallets."""

    lot: LotId
    account: AccountId
    amount_yen: int
    source: LotId | None = None


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer with everything it writes."""

    transfer: Transfer
    entries: tuple[Entry, ...]
    moves: tuple[LotMove, ...]
    opened: tuple[Lot, ...] = ()


class Take(msgspec.Struct, frozen=True):
    """What a payment took from one lot, in the order it was taken."""

    lot: LotId
    instrument: str
    amount_yen: int
    restored_yen: int = 0


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as a refund sees it."""

    id: TransferId
    wallet: AccountId
    shop: AccountId
    booked_at: datetime
    takes: tuple[Take, ...]


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """One amount a till asked for; paid at most once."""

    id: BillId
    shop: AccountId
    amount_yen: int
    expires_at: datetime
    paid_by: TransferId | None = None
    voided: bool = False
