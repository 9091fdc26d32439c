"""Payments to shops and what shops give back."""

from datetime import timedelta

from mieone.blocks.coin.model import (
    Account,
    Bill,
    Lot,
    Outcome,
    OutcomeCode,
    Pay,
    Payment,
    Refund,
    Shop,
    ShopStatus,
    Take,
    Transfer,
    TransferKind,
)
from mieone.core.clock import JST

from .caps import find_payment_cap
from .expiry import is_over
from .lots import give_back, is_spendable, spending_order, take_from
from .postings import post_payment, post_refund
from .ruling import Case, Ruling, accepted, find_wallet, no


def judge_payment(case: Case, request: Pay) -> Ruling:
    wallet = find_wallet(case, request.wallet)
    if not isinstance(wallet, Account):
        return no(wallet)
    shop = case.book.shops.get(request.shop)
    if shop is None:
        return no(OutcomeCode.UNKNOWN_ACCOUNT, wallet, request.amount_yen)
    if shop.status is not ShopStatus.OPEN:
        return no(OutcomeCode.MERCHANT_CLOSED, wallet, request.amount_yen)
    if request.bill is not None and (fault := _find_bill_fault(case, request)):
        return no(fault, wallet, request.amount_yen)
    if cap := find_payment_cap(
        case.terms.limits[wallet.tier], wallet, request.amount_yen, case.now
    ):
        return Ruling(outcome=cap)
    lots = spending_order(case.book.lots_of(wallet.id), case.terms.scopes)
    eligible = [lot for lot in lots if is_spendable(lot, shop, case.terms.scopes, case.now)]
    if sum(lot.open_yen for lot in eligible) < request.amount_yen:
        return Ruling(outcome=_explain_shortage(case, wallet, shop, lots, request.amount_yen))
    transfer = Transfer(
        id=case.transfer_id,
        kind=TransferKind.PAY,
        booked_at=case.now,
        amount_yen=request.amount_yen,
        payer=wallet.id,
        payee=request.shop,
        bill=request.bill,
    )
    takes = take_from(eligible, request.amount_yen)
    posting = post_payment(transfer, wallet.id, request.shop, takes)
    return accepted(posting, wallet.balance_yen - request.amount_yen)


def _find_bill_fault(case: Case, request: Pay) -> OutcomeCode | None:
    bill: Bill | None = None if request.bill is None else case.book.bills.get(request.bill)
    if bill is None or bill.shop != request.shop or bill.amount_yen != request.amount_yen:
        return OutcomeCode.CODE_WRONG_SHOP
    if bill.paid_by is not None:
        return OutcomeCode.CODE_USED
    if bill.voided or bill.expires_at <= case.now:
        return OutcomeCode.CODE_EXPIRED
    return None


def _explain_shortage(
    case: Case, wallet: Account, shop: Shop, lots: list[Lot], amount_yen: int
) -> Outcome:
    """Say what would count here, and why the rest does not."""
    expired = sum(lot.open_yen for lot in lots if is_over(lot.terms.expires_at, case.now))
    eligible = sum(
        lot.open_yen for lot in lots if is_spendable(lot, shop, case.terms.scopes, case.now)
    )
    elsewhere = sum(lot.open_yen for lot in lots) - expired - eligible
    only_elsewhere = eligible == 0 and elsewhere >= amount_yen
    return Outcome(
        code=OutcomeCode.SHOP_CLASS_NOT_ALLOWED if only_elsewhere else OutcomeCode.INSUFFICIENT,
        amount_yen=amount_yen,
        balance_yen=wallet.balance_yen,
        eligible_yen=eligible,
        expired_yen=expired,
        elsewhere_yen=elsewhere,
    )


def judge_refund(case: Case, request: Refund) -> Ruling:
    payment = case.book.payments.get(request.payment)
    wallet = None if payment is None else case.book.accounts.get(payment.wallet)
    # A payment to another shop is, for this shop, not there.
    if payment is None or wallet is None or payment.shop != request.shop:
        return no(OutcomeCode.UNKNOWN_ACCOUNT)
    if not _is_within_window(case, payment):
        return no(OutcomeCode.REFUND_WINDOW_CLOSED, amount_yen=request.amount_yen or 0)
    remaining = sum(take.amount_yen - take.restored_yen for take in payment.takes)
    amount = remaining if request.amount_yen is None else request.amount_yen
    if amount < 1 or amount > remaining or amount > case.book.takings.get(request.shop, 0):
        return no(OutcomeCode.REFUND_EXCEEDS, amount_yen=amount)
    backs = give_back(payment.takes, amount)
    alive, lapsed = _part_by_date(case, payment, backs)
    transfer = Transfer(
        id=case.transfer_id,
        kind=TransferKind.REFUND,
        booked_at=case.now,
        amount_yen=amount,
        payer=request.shop,
        payee=wallet.id,
        reverses=payment.id,
    )
    posting = post_refund(transfer, wallet.id, request.shop, alive, lapsed)
    # The shop asks, so the holder's balance is not in the answer.
    return accepted(posting, None, sum(take.amount_yen for take in lapsed))


def _is_within_window(case: Case, payment: Payment) -> bool:
    paid_on, today = payment.booked_at.astimezone(JST).date(), case.now.astimezone(JST).date()
    return today <= paid_on + timedelta(days=case.terms.refund_days)


def _part_by_date(
    case: Case, payment: Payment, backs: tuple[Take, ...]
) -> tuple[list[Take], list[Take]]:
    lots = case.book.lots[payment.wallet]
    alive = [back for back in backs if not is_over(lots[back.lot].terms.expires_at, case.now)]
    lapsed = [back for back in backs if is_over(lots[back.lot].terms.expires_at, case.now)]
    return alive, lapsed
