"""How an accepted request is written: entries sum to zero, each wallet yen is told by a lot move."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from mieone.blocks.coin.model import (
    AccountClass,
    AccountId,
    Entry,
    Lot,
    LotMove,
    Posting,
    Take,
    Transfer,
    system_account,
)


def per_instrument(takes: Iterable[Take]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for take in takes:
        sums[take.instrument] += take.amount_yen
    return sums


def between(source: AccountId, target: AccountId, takes: Sequence[Take]) -> tuple[Entry, ...]:
    """Two entries per instrument that moves."""
    return tuple(
        entry
        for instrument, amount in per_instrument(takes).items()
        for entry in (Entry(source, instrument, -amount), Entry(target, instrument, amount))
    )


def post_allotment(transfer: Transfer, budget: AccountId, instrument: str) -> Posting:
    commitment = system_account(AccountClass.FUNDER_COMMITMENT, transfer.campaign)
    amount = transfer.amount_yen
    entries = (Entry(commitment, instrument, -amount), Entry(budget, instrument, amount))
    return checked(Posting(transfer=transfer, entries=entries, moves=()))


def post_issue(transfer: Transfer, lot: Lot, opened: bool, budget: AccountId | None) -> Posting:
    """Value comes into being; out of a budget, the funder owes its issuer the same amount."""
    amount, instrument = transfer.amount_yen, lot.terms.instrument
    issued = system_account(AccountClass.ISSUED, instrument)
    entries = [Entry(issued, instrument, -amount), Entry(lot.account, instrument, amount)]
    if budget is not None:
        receivable = system_account(AccountClass.FUNDER_RECEIVABLE, transfer.campaign)
        entries += [Entry(budget, instrument, -amount), Entry(receivable, instrument, amount)]
    moves = (LotMove(lot.id, lot.account, amount),)
    return checked(
        Posting(
            transfer=transfer, entries=tuple(entries), moves=moves, opened=(lot,) if opened else ()
        )
    )


def post_payment(
    transfer: Transfer, wallet: AccountId, shop: AccountId, takes: Sequence[Take]
) -> Posting:
    moves = tuple(LotMove(take.lot, wallet, -take.amount_yen) for take in takes)
    return checked(Posting(transfer=transfer, entries=between(wallet, shop, takes), moves=moves))


def post_refund(
    transfer: Transfer,
    wallet: AccountId,
    shop: AccountId,
    alive: Sequence[Take],
    lapsed: Sequence[Take],
) -> Posting:
    """Value given back into a lot that has ended since is restored and expired in the same transfer."""
    entries = list(between(shop, wallet, alive))
    for instrument, amount in per_instrument(lapsed).items():
        expired = system_account(AccountClass.EXPIRED, instrument)
        entries += [Entry(shop, instrument, -amount), Entry(expired, instrument, amount)]
    moves = [LotMove(take.lot, wallet, take.amount_yen) for take in (*alive, *lapsed)]
    moves += [LotMove(take.lot, wallet, -take.amount_yen) for take in lapsed]
    return checked(Posting(transfer=transfer, entries=tuple(entries), moves=tuple(moves)))


def post_expiry(transfer: Transfer, wallet: AccountId, takes: Sequence[Take]) -> Posting:
    entries = tuple(
        entry
        for instrument, amount in per_instrument(takes).items()
        for entry in (
            Entry(wallet, instrument, -amount),
            Entry(system_account(AccountClass.EXPIRED, instrument), instrument, amount),
        )
    )
    moves = tuple(LotMove(take.lot, wallet, -take.amount_yen) for take in takes)
    return checked(Posting(transfer=transfer, entries=entries, moves=moves))


def checked(posting: Posting) -> Posting:
    """Only a bug in this module could break these."""
    sums: dict[str, int] = defaultdict(int)
    wallets: dict[AccountId, int] = defaultdict(int)
    for entry in posting.entries:
        sums[entry.instrument] += entry.amount_yen
    assert not any(sums.values()), posting
    for move in posting.moves:
        wallets[move.account] += move.amount_yen
    for entry in posting.entries:
        if entry.account in wallets:
            wallets[entry.account] -= entry.amount_yen
    assert not any(wallets.values()), posting
    return posting
