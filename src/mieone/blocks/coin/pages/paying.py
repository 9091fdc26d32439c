"""Paying a shop: find it, say how much, look once more, pay. Every step works without scripts."""

import unicodedata
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from mieone.blocks.coin.actions import looking
from mieone.blocks.coin.actions.counter import Counter
from mieone.blocks.coin.actions.shops import find_bill_shop, get_bill, get_shop_by_code
from mieone.blocks.coin.model import (
    AccountId,
    Bill,
    BillId,
    Command,
    Pay,
    ShopStatus,
    TransferId,
)
from mieone.blocks.coin.problems import UnknownShop, refusal_of
from mieone.blocks.coin.rules.codes import is_typed_right
from mieone.blocks.coin.rules.qr import QrInvalid, read_code
from mieone.blocks.coin.store.shops import ShopRecord, find_shop_by_account
from mieone.core.clock import Clock
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import Actor
from mieone.core.problems import NotFound, Problem
from mieone.web import Form, Page, read_form

from .visitor import wallet_of

AnyRequest = Request[object, object, State]
MOST_YEN = 300_000


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A shop, what the payer could pay there, and the bill if there is one."""

    shop: ShopRecord
    account: AccountId
    balance_yen: int
    spendable_yen: int
    bill: Bill | None
    read_at: datetime


@get("/coin/pay")
async def get_pay(page: NamedDependency[Page], actor: NamedDependency[Actor]) -> Response[str]:
    return page.render("coin/pay.html", form=Form())


@post("/coin/pay", status_code=200)
async def post_pay(
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str] | Redirect:
    """A number that was typed, or the text of a code that was scanned."""
    form = await read_form(request)
    typed = form.text("code", max_length=600)
    if not form.has_errors:
        guid = counter.configuration_of(house).rulebook.qr_guid
        async with house.database.transaction() as conn:
            target = await _find_target(conn, typed, guid)
        if target is not None:
            return Redirect(target, status_code=303)
        form.refuse("code", "coin.pay.errors.code")
    return page.render("coin/pay.html", status_code=422, form=form)


async def _find_target(conn: Conn, typed: str, guid: str) -> str | None:
    """The address of the shop's payment page, for a scanned text, a link or a typed number."""
    if typed.startswith("000201"):
        try:
            code = read_code(typed, guid)
        except QrInvalid:
            return None
        return _address(code.shop_code, code.bill)
    link = typed.partition("/coin/pay/")[2]
    number = unicodedata.normalize("NFKC", link or typed)
    number = "".join(number.split()).replace("-", "").replace("ー", "")
    if len(number) == 7 and is_typed_right(number):
        return _address(number, "")
    shop_code = await find_bill_shop(conn, number)
    return None if shop_code is None else _address(shop_code, number)


def _address(shop_code: str, bill: str) -> str:
    query = f"?{urlencode({'bill': bill})}" if bill else ""
    return f"/coin/pay/{shop_code}{query}"


async def _read_offer(
    conn: Conn, house: House, counter: Counter, actor: Actor, shop_code: str, bill_id: str
) -> Offer:
    now = await counter.now(house, conn)
    terms = counter.configuration_of(house).terms_on(house.clock.today())
    shop = await get_shop_by_code(conn, shop_code)
    account = await wallet_of(conn, house, actor)
    wallet = await looking.get_wallet(conn, account, terms, now)
    return Offer(
        shop=shop,
        account=account,
        balance_yen=wallet.balance_yen,
        spendable_yen=wallet.spendable_yen(shop, terms, now),
        bill=await get_bill(conn, bill_id, shop) if bill_id else None,
        read_at=now,
    )


@get("/coin/pay/{shop_code:str}")
async def get_pay_shop(
    shop_code: FromPath[str],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
    bill: FromQuery[str] = "",
) -> Response[str]:
    """With a bill the amount stands already; otherwise it is asked."""
    async with house.database.transaction() as conn:
        offer = await _read_offer(conn, house, counter, actor, shop_code, bill)
    if offer.shop.status is not ShopStatus.OPEN:
        raise UnknownShop
    if offer.bill is not None:
        return _confirm(page, offer, offer.bill.amount_yen)
    return page.render("coin/amount.html", offer=offer, form=Form())


@post("/coin/pay/{shop_code:str}", status_code=200)
async def post_pay_shop(
    shop_code: FromPath[str],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str] | Redirect:
    """First the amount, then the agreement to it: the second form carries the key."""
    form = await read_form(request)
    bill = form.text("bill", is_required=False, max_length=20)
    amount = form.amount_yen("amount", maximum=MOST_YEN)
    key = form.text("key", is_required=False, max_length=80)
    async with house.database.transaction() as conn:
        offer = await _read_offer(conn, house, counter, actor, shop_code, bill)
    if form.has_errors:
        return page.render("coin/amount.html", status_code=422, offer=offer, form=form)
    if not key:
        return _confirm(page, offer, amount)
    request_ = Pay(
        wallet=offer.account,
        shop=AccountId(offer.shop.account_id),
        amount_yen=amount,
        bill=BillId(bill) if bill else None,
    )
    command = Command(client_id=f"wallet:{offer.account}", key=key, request=request_)
    outcome = (await counter.of(house).submit(command)).outcome
    if outcome.transfer_id is None:
        return _refused(page, offer, refusal_of(outcome))
    return Redirect(f"/coin/paid/{outcome.transfer_id}", status_code=303)


def _confirm(page: Page, offer: Offer, amount_yen: int) -> Response[str]:
    """The key is made here, so that a double tap and a reload pay once."""
    bill = offer.bill
    is_over = bill is not None and (bill.expires_at <= offer.read_at or bill.voided)
    return page.render(
        "coin/confirm.html",
        offer=offer,
        amount_yen=amount_yen,
        key=str(uuid4()),
        is_short=amount_yen > offer.spendable_yen,
        is_paid=bill is not None and bill.paid_by is not None,
        is_over=is_over,
    )


def _refused(page: Page, offer: Offer, problem: Problem) -> Response[str]:
    return page.render(
        "coin/refused.html", status_code=problem.status, offer=offer, problem=problem
    )


@get("/coin/paid/{transfer_id:uuid}")
async def get_paid(
    transfer_id: FromPath[UUID],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
    clock: NamedDependency[Clock],
) -> Response[str]:
    terms = counter.configuration_of(house).terms_on(clock.today())
    async with house.database.transaction() as conn:
        account = await wallet_of(conn, house, actor)
        booked = await looking.find_booked(conn, TransferId(transfer_id), account)
        if booked is None or booked.payer_id != account or booked.payee_id is None:
            raise NotFound
        shop = await find_shop_by_account(conn, booked.payee_id)
        now = await counter.now(house, conn)
        wallet = await looking.get_wallet(conn, account, terms, now)
    if shop is None:
        raise NotFound
    return page.render(
        "coin/paid.html", booked=booked, shop=shop, wallet=wallet, number=_spoken(transfer_id)
    )


def _spoken(transfer: UUID) -> str:
    """The end of a transfer's id, which both sides can read out."""
    return transfer.hex[-6:].upper()


PAYING = (get_pay, post_pay, get_pay_shop, post_pay_shop, get_paid)
