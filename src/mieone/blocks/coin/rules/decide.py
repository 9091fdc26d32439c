"""One decision over everything that arrived together: judged in arrival order, with running balances."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from mieone.blocks.coin.model import (
    Allot,
    Charge,
    Expire,
    Grant,
    Outcome,
    OutcomeCode,
    Pay,
    Posting,
    Refund,
    Request,
    Send,
    Terms,
    TransferId,
)

from .book import Book, apply
from .issuing import judge_allotment, judge_charge, judge_expiry, judge_grant
from .paying import judge_payment, judge_refund
from .ruling import Case, Ruling, no
from .sending import judge_sending


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A request with the id its transfer gets if it is accepted."""

    transfer_id: TransferId
    request: Request


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    outcomes: tuple[Outcome, ...]
    postings: tuple[Posting, ...]
    book: Book
    """As it stands after all of it."""


def decide(book: Book, terms: Terms, now: datetime, items: Sequence[Item]) -> Decision:
    """Every item gets its own answer; a refused one changes nothing and stops nobody."""
    working = book.copied()
    outcomes: list[Outcome] = []
    postings: list[Posting] = []
    for item in items:
        ruling = _judge(
            Case(book=working, terms=terms, now=now, transfer_id=item.transfer_id), item.request
        )
        outcomes.append(ruling.outcome)
        if ruling.posting is not None:
            apply(working, ruling.posting)
            postings.append(ruling.posting)
    return Decision(outcomes=tuple(outcomes), postings=tuple(postings), book=working)


def _judge(case: Case, request: Request) -> Ruling:
    amount = None if isinstance(request, Expire) else request.amount_yen
    if amount is not None and amount < 1:
        return no(OutcomeCode.BAD_REQUEST)
    match request:
        case Pay():
            return judge_payment(case, request)
        case Refund():
            return judge_refund(case, request)
        case Send():
            return judge_sending(case, request)
        case Grant():
            return judge_grant(case, request)
        case Charge():
            return judge_charge(case, request)
        case Allot():
            return judge_allotment(case, request)
        case Expire():
            return judge_expiry(case, request)
