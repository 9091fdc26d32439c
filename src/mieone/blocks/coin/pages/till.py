"""The till: an amount, one code, a green screen; what came in today; cancelling on the same day."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from mieone.blocks.coin.actions import shops as actions
from mieone.blocks.coin.actions.counter import Counter
from mieone.blocks.coin.model import AccountId, Bill, Command, Refund, TransferId
from mieone.blocks.coin.problems import refusal_of
from mieone.blocks.coin.store.shops import ShopLine, ShopRecord
from mieone.core.clock import JST
from mieone.core.database import Database
from mieone.core.house import House
from mieone.core.model import Actor
from mieone.web import Form, Page, read_form

from .visitor import drawn, payload_of, shop_of, spaced

AnyRequest = Request[object, object, State]
MOST_YEN = 300_000


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    """A bill on the screen: waiting, paid, or over."""

    bill: Bill
    is_over: bool

    @property
    def is_paid(self) -> bool:
        return self.bill.paid_by is not None

    @property
    def number(self) -> str:
        return spaced(self.bill.id)


def _view(bill: Bill, now: datetime) -> BillView:
    return BillView(bill=bill, is_over=bill.voided or bill.expires_at <= now)


@get("/shop")
async def get_till(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str]:
    async with house.database.transaction() as conn:
        shop, now = await shop_of(conn, actor), await counter.now(house, conn)
        total, lines = await actions.list_today(conn, shop, now, limit=1)
    return page.render(
        "coin/till.html", shop=shop, total=total, latest=_first(lines), seen="", form=Form()
    )


@post("/shop", status_code=200)
async def post_till(
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str] | Redirect:
    form = await read_form(request)
    amount = form.amount_yen("amount", maximum=MOST_YEN)
    lifetime = counter.configuration_of(house).rulebook.bill_lifetime_s
    async with house.database.transaction() as conn:
        shop, now = await shop_of(conn, actor), await counter.now(house, conn)
        if not form.has_errors:
            bill = await actions.issue_bill(conn, shop, amount, now, lifetime)
            return Redirect(f"/shop/bills/{bill.id}", status_code=303)
        total, lines = await actions.list_today(conn, shop, now, limit=1)
    return page.render(
        "coin/till.html",
        status_code=422,
        shop=shop,
        total=total,
        latest=_first(lines),
        seen="",
        form=form,
    )


def _first(lines: Sequence[ShopLine]) -> ShopLine | None:
    return lines[0] if lines else None


@get("/shop/latest")
async def get_latest(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
    after: FromQuery[str] = "",
) -> Response[str]:
    """The part of the till that says what came in last, also from the code on the wall."""
    async with house.database.transaction() as conn:
        shop, now = await shop_of(conn, actor), await counter.now(house, conn)
        total, lines = await actions.list_today(conn, shop, now, limit=1)
    return page.render("coin/till_latest.html", total=total, latest=_first(lines), seen=after)


@get("/shop/bills/{bill_id:str}")
async def get_bill(
    bill_id: FromPath[str],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str]:
    async with house.database.transaction() as conn:
        shop, now = await shop_of(conn, actor), await counter.now(house, conn)
        bill = await actions.get_bill(conn, bill_id, shop)
    payload = payload_of(shop, counter.configuration_of(house).rulebook.qr_guid, bill)
    return page.render(
        "coin/bill.html",
        shop=shop,
        view=_view(bill, now),
        code=drawn(payload),
        payload=payload,
    )


@get("/shop/bills/{bill_id:str}/state")
async def get_bill_state(
    bill_id: FromPath[str],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str]:
    """The part that is asked for every second; 204 while nothing has changed."""
    async with house.database.transaction() as conn:
        shop, now = await shop_of(conn, actor), await counter.now(house, conn)
        bill = await actions.get_bill(conn, bill_id, shop)
    view = _view(bill, now)
    if not (view.is_paid or view.is_over):
        return Response("", status_code=204, headers={"Cache-Control": "no-store"})
    return page.render("coin/bill_state.html", view=view, shop=shop)


@post("/shop/bills/{bill_id:str}/void", status_code=303)
async def post_void_bill(
    bill_id: FromPath[str], actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> Redirect:
    async with database.transaction() as conn:
        shop = await shop_of(conn, actor)
        await actions.void_bill(conn, bill_id, shop)
        bill = await actions.get_bill(conn, bill_id, shop)
    # Paid in the very moment it was called off: the green screen says so.
    return Redirect(f"/shop/bills/{bill.id}" if bill.paid_by else "/shop", status_code=303)


@get("/shop/today")
async def get_today(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    async with house.database.transaction() as conn:
        shop, now = await shop_of(conn, actor), await counter.now(house, conn)
        cursor = None if before is None else TransferId(before)
        total, lines = await actions.list_today(conn, shop, now, cursor)
    template = "coin/today_lines.html" if page.is_partial else "coin/today.html"
    return page.render(
        template,
        shop=shop,
        total=total,
        lines=lines,
        today=now.astimezone(JST).date(),
        next_before=lines[-1].transfer_id if len(lines) == 50 else None,
    )


async def _get_line(
    database: Database, actor: Actor, transfer_id: UUID
) -> tuple[ShopRecord, ShopLine]:
    async with database.transaction() as conn:
        shop = await shop_of(conn, actor)
        return shop, await actions.get_payment(conn, shop, TransferId(transfer_id))


@get("/shop/payments/{transfer_id:uuid}/cancel")
async def get_cancel(
    transfer_id: FromPath[UUID],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
) -> Response[str]:
    shop, line = await _get_line(database, actor, transfer_id)
    return page.render("coin/cancel.html", shop=shop, line=line, key=str(uuid4()))


@post("/shop/payments/{transfer_id:uuid}/cancel", status_code=200)
async def post_cancel(
    transfer_id: FromPath[UUID],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str]:
    form = await read_form(request)
    key = form.text("key", max_length=80)
    shop, line = await _get_line(house.database, actor, transfer_id)
    command = Command(
        client_id=f"shop:{shop.shop_id}",
        key=key or f"cancel:{transfer_id}",
        request=Refund(payment=TransferId(transfer_id), shop=AccountId(shop.account_id)),
    )
    outcome = (await counter.of(house).submit(command)).outcome
    problem = None if outcome.is_accepted else refusal_of(outcome)
    return page.render(
        "coin/cancelled.html",
        status_code=200 if problem is None else problem.status,
        shop=shop,
        line=line,
        outcome=outcome,
        problem=problem,
    )


@get("/shop/poster")
async def get_poster(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[str]:
    """For the counter: any camera opens the link; apps read the payment code."""
    async with house.database.transaction() as conn:
        shop = await shop_of(conn, actor)
    link = f"{house.settings.people_origin}/coin/pay/{shop.shop_code}"
    payload = payload_of(shop, counter.configuration_of(house).rulebook.qr_guid)
    return page.render(
        "coin/poster.html",
        shop=shop,
        link=link,
        payload=payload,
        link_code=drawn(link),
        payload_code=drawn(payload),
        number=spaced(shop.shop_code),
    )


TILL = (
    get_till,
    post_till,
    get_latest,
    get_bill,
    get_bill_state,
    post_void_bill,
    get_today,
    get_cancel,
    post_cancel,
    get_poster,
)
