"""From one person's wallet to another's: paid coin only, and between people who are known."""

import msgspec

from mieone.blocks.coin.model import (
    Account,
    Lot,
    LotMove,
    Outcome,
    OutcomeCode,
    Posting,
    Send,
    Take,
    Transfer,
    TransferKind,
)

from .caps import find_balance_cap, find_sending_cap
from .expiry import is_over
from .lots import find_equal, is_sendable, lot_id, spending_order, take_from
from .postings import between, checked
from .ruling import Case, Ruling, accepted, find_wallet, no


def judge_sending(case: Case, request: Send) -> Ruling:
    sender, receiver = find_wallet(case, request.wallet), find_wallet(case, request.receiver)
    if not isinstance(sender, Account):
        return no(sender)
    if not isinstance(receiver, Account):
        return no(receiver, sender, request.amount_yen)
    if sender.id == receiver.id:
        return no(OutcomeCode.BAD_REQUEST)
    giving, taking = case.terms.limits[sender.tier], case.terms.limits[receiver.tier]
    if not (giving.p2p_allowed and taking.p2p_allowed):
        return no(OutcomeCode.KYC_REQUIRED, sender, request.amount_yen)
    if cap := find_sending_cap(giving, sender, request.amount_yen, case.now):
        return Ruling(outcome=cap)
    if find_balance_cap(taking, receiver, request.amount_yen):
        # The receiver's balance is the receiver's own affair: only the kind of limit is told.
        return no(OutcomeCode.CAP_BALANCE, sender, request.amount_yen)
    return _send(case, request, sender)


def _send(case: Case, request: Send, sender: Account) -> Ruling:
    lots = spending_order(case.book.lots_of(sender.id), case.terms.scopes)
    sendable = [lot for lot in lots if is_sendable(lot, case.terms.instruments, case.now)]
    if sum(lot.open_yen for lot in sendable) < request.amount_yen:
        return Ruling(outcome=_explain_shortage(case, sender, lots, sendable, request.amount_yen))
    takes = take_from(sendable, request.amount_yen)
    transfer = Transfer(
        id=case.transfer_id,
        kind=TransferKind.SEND,
        booked_at=case.now,
        amount_yen=request.amount_yen,
        payer=sender.id,
        payee=request.receiver,
    )
    moves, opened = _hand_over(case, request, takes)
    entries = between(sender.id, request.receiver, takes)
    posting = checked(Posting(transfer=transfer, entries=entries, moves=moves, opened=opened))
    return accepted(posting, sender.balance_yen - request.amount_yen)


def _hand_over(
    case: Case, request: Send, takes: tuple[Take, ...]
) -> tuple[tuple[LotMove, ...], tuple[Lot, ...]]:
    """The receiver's lots keep the giver's terms: issuer, funding and end stay what they were."""
    source_lots = case.book.lots[request.wallet]
    present, opened, moves = case.book.lots_of(request.receiver), list[Lot](), list[LotMove]()
    for take in takes:
        source = source_lots[take.lot]
        target = find_equal([*present, *opened], source.terms)
        if target is None:
            target = msgspec.structs.replace(
                source,
                id=lot_id(case.transfer_id, len(opened)),
                account=request.receiver,
                granted_yen=0,
                open_yen=0,
                parent=source.id,
            )
            opened.append(target)
        moves.append(LotMove(source.id, request.wallet, -take.amount_yen))
        moves.append(LotMove(target.id, request.receiver, take.amount_yen, source.id))
    return tuple(moves), tuple(opened)


def _explain_shortage(
    case: Case, sender: Account, lots: list[Lot], sendable: list[Lot], amount_yen: int
) -> Outcome:
    expired = sum(lot.open_yen for lot in lots if is_over(lot.terms.expires_at, case.now))
    eligible = sum(lot.open_yen for lot in sendable)
    elsewhere = sum(lot.open_yen for lot in lots) - expired - eligible
    return Outcome(
        code=OutcomeCode.P2P_NOT_ALLOWED
        if eligible + elsewhere >= amount_yen
        else OutcomeCode.INSUFFICIENT,
        amount_yen=amount_yen,
        balance_yen=sender.balance_yen,
        eligible_yen=eligible,
        expired_yen=expired,
        elsewhere_yen=elsewhere,
    )
