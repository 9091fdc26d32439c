"""What every judgement is given and gives back."""

from datetime import datetime

import msgspec

from mieone.blocks.coin.model import (
    Account,
    AccountId,
    AccountStatus,
    Outcome,
    OutcomeCode,
    Posting,
    Terms,
    TransferId,
)

from .book import Book


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One request's view: judgements read the book and never write into it."""

    book: Book
    terms: Terms
    now: datetime
    transfer_id: TransferId


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    outcome: Outcome
    posting: Posting | None = None


def no(code: OutcomeCode, account: Account | None = None, amount_yen: int = 0) -> Ruling:
    balance = None if account is None else account.balance_yen
    return Ruling(outcome=Outcome(code=code, amount_yen=amount_yen, balance_yen=balance))


def accepted(posting: Posting, balance_yen: int | None, lapsed_yen: int = 0) -> Ruling:
    transfer = posting.transfer
    outcome = Outcome(
        code=OutcomeCode.ACCEPTED,
        transfer_id=transfer.id,
        booked_at=transfer.booked_at,
        amount_yen=transfer.amount_yen,
        balance_yen=balance_yen,
        lapsed_yen=lapsed_yen,
    )
    return Ruling(outcome=outcome, posting=posting)


def find_wallet(case: Case, account_id: AccountId) -> Account | OutcomeCode:
    """The wallet if it may pay or send, else the reason why not."""
    account = case.book.accounts.get(account_id)
    if account is None:
        return OutcomeCode.UNKNOWN_ACCOUNT
    if account.status is not AccountStatus.ACTIVE:
        return OutcomeCode.ACCOUNT_FROZEN
    return account
