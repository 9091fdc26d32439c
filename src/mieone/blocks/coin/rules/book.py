"""The part of the ledger one decision needs, and what a posting does to it."""

from datetime import datetime

import msgspec

from mieone.blocks.coin.model import (
    Account,
    AccountId,
    Bill,
    BillId,
    Lot,
    LotId,
    Payment,
    Posting,
    Shop,
    Take,
    TransferId,
    TransferKind,
)
from mieone.core.clock import JST


class Book(msgspec.Struct, kw_only=True):
    """Mutable, and private to one decision: `copied` before anything is written into it."""

    accounts: dict[AccountId, Account]
    lots: dict[AccountId, dict[LotId, Lot]]
    shops: dict[AccountId, Shop] = {}
    takings: dict[AccountId, int] = {}
    """Balances of shops that are asked to give back; payments need none."""
    payments: dict[TransferId, Payment] = {}
    bills: dict[BillId, Bill] = {}

    def copied(self) -> "Book":
        return Book(
            accounts=dict(self.accounts),
            lots={account: dict(lots) for account, lots in self.lots.items()},
            shops=self.shops,
            takings=dict(self.takings),
            payments=dict(self.payments),
            bills=dict(self.bills),
        )

    def lots_of(self, account: AccountId) -> list[Lot]:
        return list(self.lots.get(account, {}).values())


def apply(book: Book, posting: Posting) -> None:
    for entry in posting.entries:
        if account := book.accounts.get(entry.account):
            balance = account.balance_yen + entry.amount_yen
            book.accounts[entry.account] = msgspec.structs.replace(account, balance_yen=balance)
        elif entry.account in book.takings:
            book.takings[entry.account] += entry.amount_yen
    for lot in posting.opened:
        book.lots.setdefault(lot.account, {})[lot.id] = lot
    _move_lots(book, posting)
    match posting.transfer.kind:
        case TransferKind.PAY:
            _note_payment(book, posting)
        case TransferKind.REFUND:
            _note_refund(book, posting)
        case TransferKind.SEND:
            _note_sending(book, posting)
        case TransferKind.ALLOT | TransferKind.GRANT | TransferKind.CHARGE | TransferKind.EXPIRE:
            pass


def _move_lots(book: Book, posting: Posting) -> None:
    restores = posting.transfer.kind is TransferKind.REFUND
    for move in posting.moves:
        lot = book.lots[move.account][move.lot]
        granted = 0 if restores else max(move.amount_yen, 0)
        book.lots[move.account][move.lot] = msgspec.structs.replace(
            lot, open_yen=lot.open_yen + move.amount_yen, granted_yen=lot.granted_yen + granted
        )


def _note_payment(book: Book, posting: Posting) -> None:
    transfer = posting.transfer
    assert transfer.payer is not None
    assert transfer.payee is not None
    wallet = transfer.payer
    instruments = {move.lot: book.lots[wallet][move.lot].terms.instrument for move in posting.moves}
    book.payments[transfer.id] = Payment(
        id=transfer.id,
        wallet=wallet,
        shop=transfer.payee,
        booked_at=transfer.booked_at,
        takes=tuple(
            Take(move.lot, instruments[move.lot], -move.amount_yen) for move in posting.moves
        ),
    )
    _count_paid(book, wallet, transfer.booked_at, transfer.amount_yen)
    if transfer.bill is not None:
        bill = book.bills[transfer.bill]
        book.bills[bill.id] = msgspec.structs.replace(bill, paid_by=transfer.id)


def _note_refund(book: Book, posting: Posting) -> None:
    transfer = posting.transfer
    assert transfer.reverses is not None
    payment = book.payments[transfer.reverses]
    backs = {move.lot: move.amount_yen for move in posting.moves if move.amount_yen > 0}
    takes = tuple(
        msgspec.structs.replace(take, restored_yen=take.restored_yen + backs.get(take.lot, 0))
        for take in payment.takes
    )
    book.payments[payment.id] = msgspec.structs.replace(payment, takes=takes)
    if payment.booked_at.astimezone(JST).date() == book.accounts[payment.wallet].paid_on:
        _count_paid(book, payment.wallet, payment.booked_at, -transfer.amount_yen)


def _count_paid(book: Book, wallet: AccountId, at: datetime, amount_yen: int) -> None:
    account, today = book.accounts[wallet], at.astimezone(JST).date()
    before = account.paid_yen if account.paid_on == today else 0
    book.accounts[wallet] = msgspec.structs.replace(
        account, paid_on=today, paid_yen=before + amount_yen
    )


def _note_sending(book: Book, posting: Posting) -> None:
    transfer = posting.transfer
    assert transfer.payer is not None
    account, month = (
        book.accounts[transfer.payer],
        transfer.booked_at.astimezone(JST).date().replace(day=1),
    )
    before = account.sent_yen if account.sent_month == month else 0
    book.accounts[transfer.payer] = msgspec.structs.replace(
        account, sent_month=month, sent_yen=before + transfer.amount_yen
    )
