"""What one decision over many requests keeps, whatever arrives."""

from collections import defaultdict
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.coin.model import (
    AccountClass,
    AccountStatus,
    Bill,
    BillId,
    Charge,
    Expire,
    Funding,
    Grant,
    Lot,
    OutcomeCode,
    Pay,
    Refund,
    Request,
    Send,
    Tier,
)
from mieone.blocks.coin.rules.book import Book
from mieone.blocks.coin.rules.decide import Decision, decide

from . import given
from .given import ANNA, BAKERY, BEN, CHIYO, CLOSED, MARKET, NOW

TERMS = given.terms()
WALLETS = st.sampled_from([ANNA, BEN, CHIYO])
AMOUNTS = st.integers(0, 30_000)
ENDS = st.sampled_from(
    [None, NOW - timedelta(days=1), NOW, NOW + timedelta(seconds=1), NOW + timedelta(days=30)]
)
REQUESTS: st.SearchStrategy[Request] = st.one_of(
    st.builds(
        Pay, wallet=WALLETS, shop=st.sampled_from([BAKERY, MARKET, CLOSED]), amount_yen=AMOUNTS
    ),
    st.builds(
        Grant,
        wallet=WALLETS,
        campaign=st.sampled_from(["gift", "vouchers", "none"]),
        amount_yen=AMOUNTS,
        expires_at=ENDS,
    ),
    st.builds(
        Charge,
        wallet=WALLETS,
        instrument=st.sampled_from(["coin", "short", "point"]),
        amount_yen=AMOUNTS,
    ),
    st.builds(Send, wallet=WALLETS, receiver=WALLETS, amount_yen=AMOUNTS),
    st.builds(Expire, wallet=WALLETS),
    st.builds(
        Refund,
        payment=st.integers(0, 11).map(given.transfer_id),
        shop=st.sampled_from([BAKERY, MARKET]),
        amount_yen=st.none() | AMOUNTS,
    ),
)
BATCHES = st.lists(REQUESTS, max_size=12)


@st.composite
def books(draw: st.DrawFn) -> Book:
    shapes = st.tuples(st.sampled_from(["coin", "point", "local"]), AMOUNTS, ENDS, WALLETS)
    lots = [
        given.lot(number, instrument, yen, ends, of)
        for number, (instrument, yen, ends, of) in enumerate(draw(st.lists(shapes, max_size=6)))
    ]
    return given.book(*lots, budget_yen=draw(AMOUNTS))


def snapshot(book: Book) -> str:
    return repr([book.accounts, book.lots, book.takings, book.payments, book.bills])


@for_all(book=books(), batch=BATCHES)
def test_no_yen_appears_or_vanishes(book: Book, batch: list[Request]) -> None:
    decision = decide(book, TERMS, NOW, given.items(*batch))

    sums: dict[str, int] = defaultdict(int)
    for posting in decision.postings:
        assert len(posting.entries) >= 2
        for entry in posting.entries:
            sums[entry.instrument] += entry.amount_yen
            assert entry.amount_yen != 0
    assert not any(sums.values())


@for_all(book=books(), batch=BATCHES)
def test_nothing_goes_below_zero(book: Book, batch: list[Request]) -> None:
    after = decide(book, TERMS, NOW, given.items(*batch)).book

    assert all(account.balance_yen >= 0 for account in after.accounts.values())
    assert all(lot.open_yen >= 0 for lots in after.lots.values() for lot in lots.values())
    assert all(
        lot.open_yen <= lot.granted_yen for lots in after.lots.values() for lot in lots.values()
    )
    assert all(yen >= 0 for yen in after.takings.values())


@for_all(book=books(), batch=BATCHES)
def test_a_wallet_holds_what_its_lots_hold(book: Book, batch: list[Request]) -> None:
    after = decide(book, TERMS, NOW, given.items(*batch)).book

    for account in after.accounts.values():
        if account.kind is AccountClass.WALLET:
            assert account.balance_yen == sum(lot.open_yen for lot in after.lots_of(account.id))


@for_all(book=books(), batch=BATCHES, cut=st.integers(0, 12))
def test_splitting_a_batch_changes_no_answer(book: Book, batch: list[Request], cut: int) -> None:
    whole = decide(book, TERMS, NOW, given.items(*batch))
    first = decide(book, TERMS, NOW, given.items(*batch[:cut]))
    second = decide(first.book, TERMS, NOW, given.items(*batch[cut:], start=len(batch[:cut])))

    assert whole.outcomes == first.outcomes + second.outcomes
    assert whole.postings == first.postings + second.postings
    assert snapshot(whole.book) == snapshot(second.book)


@for_all(book=books(), batch=BATCHES)
def test_a_batch_is_the_same_as_single_calls(book: Book, batch: list[Request]) -> None:
    whole = decide(book, TERMS, NOW, given.items(*batch))

    singles: list[Decision] = []
    at = book
    for item in given.items(*batch):
        singles.append(decide(at, TERMS, NOW, [item]))
        at = singles[-1].book
    assert whole.outcomes == tuple(one.outcomes[0] for one in singles)


@for_all(book=books(), batch=BATCHES)
def test_a_refusal_changes_nothing(book: Book, batch: list[Request]) -> None:
    before = snapshot(book)
    decision = decide(book, TERMS, NOW, given.items(*batch))
    taken = [
        item
        for item, outcome in zip(given.items(*batch), decision.outcomes, strict=True)
        if outcome.is_accepted
    ]
    again = decide(book, TERMS, NOW, taken)

    assert snapshot(book) == before
    assert again.postings == decision.postings
    assert snapshot(again.book) == snapshot(decision.book)


@for_all(book=books(), batch=BATCHES)
def test_paid_and_free_value_never_share_a_lot(book: Book, batch: list[Request]) -> None:
    decision = decide(book, TERMS, NOW, given.items(*batch))

    before = {lot.id: lot.terms for lots in book.lots.values() for lot in lots.values()}
    for lots in decision.book.lots.values():
        for lot in lots.values():
            # What a lot is never changes, and what its instrument says it is, it is.
            assert before.get(lot.id, lot.terms) == lot.terms
            assert lot.terms.funding is given.INSTRUMENTS[lot.terms.instrument].funding
    for posting in decision.postings:
        for move in posting.moves:
            if move.source is not None:
                source = decision.book.lots[posting.moves[0].account][move.source]
                target = decision.book.lots[move.account][move.lot]
                assert source.terms == target.terms
                assert source.terms.funding is Funding.PAID


@for_all(
    lots=st.lists(
        st.tuples(st.sampled_from(["coin", "point", "local"]), AMOUNTS, ENDS), max_size=6
    ),
    paid=st.integers(1, 30_000),
    data=st.data(),
)
def test_paying_and_giving_back_equals_paying_less(
    lots: list[tuple[str, int, datetime | None]], paid: int, data: st.DataObject
) -> None:
    book = given.book(*(given.lot(number, *shape) for number, shape in enumerate(lots)))
    back = data.draw(st.integers(1, paid))
    pay = Pay(wallet=ANNA, shop=BAKERY, amount_yen=paid)
    refund = Refund(payment=given.transfer_id(0), shop=BAKERY, amount_yen=back)
    less = [Pay(wallet=ANNA, shop=BAKERY, amount_yen=paid - back)] if back < paid else []

    there_and_back = decide(book, TERMS, NOW, given.items(pay, refund))
    directly = decide(book, TERMS, NOW, given.items(*less))

    if there_and_back.outcomes[0].is_accepted:
        assert there_and_back.outcomes[1].is_accepted
        assert there_and_back.book.lots == directly.book.lots
        assert there_and_back.book.takings == directly.book.takings


@for_all(book=books(), amount=st.integers(1, 30_000))
def test_what_ends_first_is_spent_first(book: Book, amount: int) -> None:
    decision = decide(
        book, TERMS, NOW, given.items(Pay(wallet=ANNA, shop=BAKERY, amount_yen=amount))
    )

    def end(lot: Lot) -> datetime:
        return lot.terms.expires_at or datetime.max.replace(tzinfo=NOW.tzinfo)

    after = decision.book.lots.get(ANNA, {})
    touched = {move.lot for posting in decision.postings for move in posting.moves}
    for lot in after.values():
        if lot.id in touched:
            assert end(lot) > NOW
            earlier = [one for one in after.values() if NOW < end(one) < end(lot)]
            assert all(one.open_yen == 0 for one in earlier)


def run(book: Book, *requests: Request, now: datetime = NOW) -> Decision:
    return decide(book, TERMS, now, given.items(*requests))


def test_free_is_spent_before_paid_and_local_before_common() -> None:
    ends = NOW + timedelta(days=3)
    book = given.book(
        given.lot(1, "coin", 100, ends),
        given.lot(2, "point", 100, ends),
        given.lot(3, "local", 100, ends),
    )

    decision = run(book, Pay(wallet=ANNA, shop=BAKERY, amount_yen=250))

    order = [
        decision.book.lots[ANNA][move.lot].terms.instrument for move in decision.postings[0].moves
    ]
    assert order == ["local", "point", "coin"]


def test_a_local_voucher_is_no_money_at_a_chain() -> None:
    book = given.book(given.lot(1, "local", 500, None))

    outcome = run(book, Pay(wallet=ANNA, shop=MARKET, amount_yen=500)).outcomes[0]

    assert outcome.code is OutcomeCode.SHOP_CLASS_NOT_ALLOWED
    assert (outcome.eligible_yen, outcome.elsewhere_yen) == (0, 500)


def test_value_counts_until_its_last_moment_and_not_at_its_end() -> None:
    ends = NOW + timedelta(microseconds=1)
    book = given.book(given.lot(1, "point", 500, ends))
    pay = Pay(wallet=ANNA, shop=BAKERY, amount_yen=500)

    assert run(book, pay).outcomes[0].is_accepted
    late = run(book, pay, now=ends).outcomes[0]
    assert (late.code, late.expired_yen) == (OutcomeCode.INSUFFICIENT, 500)


def test_what_is_given_back_into_an_ended_lot_lapses() -> None:
    ends = NOW + timedelta(hours=1)
    book = given.book(given.lot(1, "point", 300, ends), given.lot(2, "coin", 300))
    paid = run(book, Pay(wallet=ANNA, shop=BAKERY, amount_yen=500)).book

    later = decide(
        paid,
        TERMS,
        ends,
        given.items(Refund(payment=given.transfer_id(0), shop=BAKERY), start=1),
    )

    assert later.outcomes[0].lapsed_yen == 300
    assert later.book.accounts[ANNA].balance_yen == 300
    assert later.book.takings[BAKERY] == 0


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        ([40_001], OutcomeCode.CAP_TX),
        ([40_000, 20_001], OutcomeCode.CAP_DAY),
        ([40_000, 20_000], OutcomeCode.ACCEPTED),
    ],
)
def test_payment_caps_hold_at_their_edges(amounts: list[int], code: OutcomeCode) -> None:
    book = given.book(given.lot(1, "coin", 90_000))

    outcomes = run(
        book, *(Pay(wallet=ANNA, shop=BAKERY, amount_yen=amount) for amount in amounts)
    ).outcomes

    assert outcomes[-1].code is code


def test_the_daily_cap_opens_again_at_midnight_in_japan() -> None:
    book = given.book(given.lot(1, "coin", 90_000))
    spent = run(book, *(Pay(wallet=ANNA, shop=BAKERY, amount_yen=30_000) for _ in range(2))).book
    more = Pay(wallet=ANNA, shop=BAKERY, amount_yen=1)

    refused = run(spent, more).outcomes[0]

    assert refused.code is OutcomeCode.CAP_DAY
    assert refused.resets_at is not None
    assert refused.resets_at.isoformat() == "2026-11-23T00:00:00+09:00"
    assert run(spent, more, now=refused.resets_at).outcomes[0].is_accepted


def test_a_cancelled_payment_does_not_use_up_the_day() -> None:
    book = given.book(given.lot(1, "coin", 90_000))
    pay = Pay(wallet=ANNA, shop=BAKERY, amount_yen=40_000)

    decision = run(book, pay, Refund(payment=given.transfer_id(0), shop=BAKERY), pay)

    assert all(outcome.is_accepted for outcome in decision.outcomes)


def test_points_and_vouchers_are_not_handed_on() -> None:
    book = given.book(given.lot(1, "point", 500), given.lot(2, "local", 500))

    outcome = run(book, Send(wallet=ANNA, receiver=BEN, amount_yen=500)).outcomes[0]

    assert (outcome.code, outcome.elsewhere_yen) == (OutcomeCode.P2P_NOT_ALLOWED, 1_000)


def test_unknown_people_send_nothing() -> None:
    book = given.book(given.lot(1, "coin", 500), tier=Tier.T0)

    outcome = run(book, Send(wallet=ANNA, receiver=BEN, amount_yen=500)).outcomes[0]

    assert outcome.code is OutcomeCode.KYC_REQUIRED


def test_a_receiver_cannot_be_filled_over_the_cap() -> None:
    book = given.book(given.lot(1, "coin", 500), given.lot(2, "coin", 99_600, of=BEN))

    assert run(book, Send(wallet=ANNA, receiver=BEN, amount_yen=401)).outcomes[0].code is (
        OutcomeCode.CAP_BALANCE
    )
    assert run(book, Send(wallet=ANNA, receiver=BEN, amount_yen=400)).outcomes[0].is_accepted


def test_a_budget_cannot_be_overspent() -> None:
    book = given.book(budget_yen=30_000)
    grant = Grant(wallet=ANNA, campaign="gift", amount_yen=20_000)

    outcomes = run(book, grant, msgspec.structs.replace(grant, wallet=BEN)).outcomes

    assert [one.code for one in outcomes] == [OutcomeCode.ACCEPTED, OutcomeCode.BUDGET_EXHAUSTED]


def test_equal_grants_join_one_lot() -> None:
    grant = Grant(wallet=ANNA, campaign="gift", amount_yen=100)

    after = run(given.book(), grant, grant, grant).book

    assert [lot.open_yen for lot in after.lots_of(ANNA)] == [300]


def test_a_frozen_wallet_receives_but_does_not_pay() -> None:
    book = given.book(given.lot(1, "coin", 500))
    book.accounts[ANNA] = msgspec.structs.replace(book.accounts[ANNA], status=AccountStatus.FROZEN)

    outcomes = run(
        book,
        Grant(wallet=ANNA, campaign="gift", amount_yen=100),
        Pay(wallet=ANNA, shop=BAKERY, amount_yen=100),
    ).outcomes

    assert [one.code for one in outcomes] == [OutcomeCode.ACCEPTED, OutcomeCode.ACCOUNT_FROZEN]


def test_a_closed_shop_takes_nothing() -> None:
    book = given.book(given.lot(1, "coin", 500))

    outcome = run(book, Pay(wallet=ANNA, shop=CLOSED, amount_yen=100)).outcomes[0]

    assert outcome.code is OutcomeCode.MERCHANT_CLOSED


def test_a_bill_is_paid_once_at_its_shop_for_its_amount_in_time() -> None:
    book = given.book(given.lot(1, "coin", 900))
    bill = Bill(id=BillId("b1"), shop=BAKERY, amount_yen=100, expires_at=NOW + timedelta(minutes=5))
    book.bills[bill.id] = bill
    pay = Pay(wallet=ANNA, shop=BAKERY, amount_yen=100, bill=bill.id)

    def codes(*requests: Pay, now: datetime = NOW) -> list[OutcomeCode]:
        return [outcome.code for outcome in run(book, *requests, now=now).outcomes]

    assert codes(pay, pay) == [OutcomeCode.ACCEPTED, OutcomeCode.CODE_USED]
    assert codes(msgspec.structs.replace(pay, shop=MARKET)) == [OutcomeCode.CODE_WRONG_SHOP]
    assert codes(msgspec.structs.replace(pay, amount_yen=99)) == [OutcomeCode.CODE_WRONG_SHOP]
    assert codes(pay, now=bill.expires_at) == [OutcomeCode.CODE_EXPIRED]


def test_a_shop_gives_back_its_own_payment_on_the_same_day_and_no_more() -> None:
    book = given.book(given.lot(1, "coin", 900))
    paid = run(book, Pay(wallet=ANNA, shop=BAKERY, amount_yen=500)).book
    back = Refund(payment=given.transfer_id(0), shop=BAKERY)

    def code(refund: Refund, now: datetime = NOW) -> OutcomeCode:
        return decide(paid, TERMS, now, given.items(refund, start=1)).outcomes[0].code

    assert code(back) is OutcomeCode.ACCEPTED
    assert code(msgspec.structs.replace(back, shop=MARKET)) is OutcomeCode.UNKNOWN_ACCOUNT
    assert code(msgspec.structs.replace(back, amount_yen=501)) is OutcomeCode.REFUND_EXCEEDS
    # 15:00 UTC is the next day in Japan.
    tomorrow = NOW.replace(hour=15)
    assert code(back, tomorrow - timedelta(seconds=1)) is OutcomeCode.ACCEPTED
    assert code(back, tomorrow) is OutcomeCode.REFUND_WINDOW_CLOSED
