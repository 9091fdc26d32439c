"""Value coming into being out of budgets and payments, and going at its date."""

from datetime import datetime

from mieone.blocks.coin.model import (
    Account,
    AccountClass,
    AccountStatus,
    Allot,
    Campaign,
    Charge,
    Expire,
    Funding,
    Grant,
    Lot,
    LotTerms,
    OutcomeCode,
    Take,
    Transfer,
    TransferKind,
    system_account,
)

from .caps import find_balance_cap
from .expiry import decide_expiry, is_over, keeps_exemption
from .lots import find_equal, lot_id, lot_terms
from .postings import post_allotment, post_expiry, post_issue
from .ruling import Case, Ruling, accepted, find_wallet, no


def judge_allotment(case: Case, request: Allot) -> Ruling:
    campaign = case.terms.campaigns.get(request.campaign)
    budget = case.book.accounts.get(system_account(AccountClass.CAMPAIGN_BUDGET, request.campaign))
    if campaign is None or budget is None:
        return no(OutcomeCode.UNKNOWN_ACCOUNT)
    transfer = Transfer(
        id=case.transfer_id,
        kind=TransferKind.ALLOT,
        booked_at=case.now,
        amount_yen=request.amount_yen,
        payee=budget.id,
        campaign=campaign.id,
    )
    posting = post_allotment(transfer, budget.id, campaign.instrument)
    return accepted(posting, budget.balance_yen + request.amount_yen)


def judge_grant(case: Case, request: Grant) -> Ruling:
    wallet = case.book.accounts.get(request.wallet)
    campaign = case.terms.campaigns.get(request.campaign)
    budget = case.book.accounts.get(system_account(AccountClass.CAMPAIGN_BUDGET, request.campaign))
    if wallet is None or campaign is None or budget is None:
        return no(OutcomeCode.UNKNOWN_ACCOUNT)
    # A frozen wallet cannot pay, but what a town gives still reaches it.
    if wallet.status is AccountStatus.CLOSED:
        return no(OutcomeCode.ACCOUNT_FROZEN, wallet, request.amount_yen)
    if fault := _find_campaign_fault(case, request, campaign, budget):
        return no(fault, wallet, request.amount_yen)
    if cap := find_balance_cap(case.terms.limits[wallet.tier], wallet, request.amount_yen):
        return Ruling(outcome=cap)
    expires_at = request.expires_at or _expiry_of(case, campaign.instrument)
    origin = {"funder": campaign.funder, "campaign": campaign.id, "grant_run": request.grant_run}
    terms = lot_terms(case.terms, campaign.instrument, expires_at, **origin)
    transfer = Transfer(
        id=case.transfer_id,
        kind=TransferKind.GRANT,
        booked_at=case.now,
        amount_yen=request.amount_yen,
        payee=wallet.id,
        campaign=campaign.id,
    )
    return _issue(case, transfer, wallet, terms, budget)


def _find_campaign_fault(
    case: Case, request: Grant, campaign: Campaign, budget: Account
) -> OutcomeCode | None:
    if case.now < campaign.starts_at or is_over(campaign.ends_at, case.now):
        return OutcomeCode.OUTSIDE_WINDOW
    if request.amount_yen > campaign.grant_max_yen:
        return OutcomeCode.CAMPAIGN_CAP
    if request.amount_yen > budget.balance_yen:
        return OutcomeCode.BUDGET_EXHAUSTED
    return None


def judge_charge(case: Case, request: Charge) -> Ruling:
    wallet = find_wallet(case, request.wallet)
    if not isinstance(wallet, Account):
        return no(wallet)
    instrument = case.terms.instruments.get(request.instrument)
    if instrument is None or instrument.funding is not Funding.PAID:
        return no(OutcomeCode.BAD_REQUEST)
    if cap := find_balance_cap(case.terms.limits[wallet.tier], wallet, request.amount_yen):
        return Ruling(outcome=cap)
    terms = lot_terms(case.terms, instrument.id, _expiry_of(case, instrument.id))
    transfer = Transfer(
        id=case.transfer_id,
        kind=TransferKind.CHARGE,
        booked_at=case.now,
        amount_yen=request.amount_yen,
        payee=wallet.id,
    )
    return _issue(case, transfer, wallet, terms, None)


def _expiry_of(case: Case, instrument: str) -> datetime | None:
    return decide_expiry(case.terms.instruments[instrument].expiry, case.now)


def _issue(
    case: Case, transfer: Transfer, wallet: Account, terms: LotTerms, budget: Account | None
) -> Ruling:
    if is_over(terms.expires_at, case.now) or not keeps_exemption(
        terms.legal_class, case.now, terms.expires_at
    ):
        return no(OutcomeCode.BAD_REQUEST)
    present = find_equal(case.book.lots_of(wallet.id), terms)
    lot = present or Lot(
        id=lot_id(case.transfer_id, 0),
        account=wallet.id,
        terms=terms,
        issued_at=case.now,
        granted_yen=0,
        open_yen=0,
    )
    posting = post_issue(transfer, lot, present is None, None if budget is None else budget.id)
    return accepted(posting, wallet.balance_yen + transfer.amount_yen)


def judge_expiry(case: Case, request: Expire) -> Ruling:
    wallet = case.book.accounts.get(request.wallet)
    if wallet is None:
        return no(OutcomeCode.UNKNOWN_ACCOUNT)
    over = [
        lot
        for lot in case.book.lots_of(wallet.id)
        if lot.open_yen and is_over(lot.terms.expires_at, case.now)
    ]
    takes = [Take(lot.id, lot.terms.instrument, lot.open_yen) for lot in over]
    if not takes:
        # Somebody else was quicker: nothing to book is no fault.
        return no(OutcomeCode.ACCEPTED, wallet)
    amount = sum(take.amount_yen for take in takes)
    transfer = Transfer(
        id=case.transfer_id,
        kind=TransferKind.EXPIRE,
        booked_at=case.now,
        amount_yen=amount,
        payer=wallet.id,
    )
    return accepted(post_expiry(transfer, wallet.id, takes), wallet.balance_yen - amount)
