"""Machines: a shop's bills and payments under its terminal token."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody

from mieone.core.clock import Clock
from mieone.core.database import Database
from mieone.core.house import House

from .actions import shops as actions
from .actions.counter import Counter
from .model import (
    AccountId,
    Bill,
    Command,
    Outcome,
    Refund,
    Reply,
    ShopStatus,
    TransferId,
    TransferKind,
)
from .pages.visitor import payload_of
from .problems import KeyMissing, WrongToken, refusal_of
from .store.shops import ShopRecord

AnyRequest = Request[object, object, State]
HISTORY = timedelta(days=92)
PAGE = 100


class BillBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount_yen: Annotated[int, msgspec.Meta(ge=1, le=300_000)]


class RefundBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an amount: all that has not been given back yet."""

    amount_yen: Annotated[int, msgspec.Meta(ge=1, le=300_000)] | None = None


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    bill_id: str
    amount_yen: int
    state: str
    expires_at: datetime
    payload: str
    """The text to draw as the payment code (EMVCo merchant-presented mode)."""
    payment_id: UUID | None


class ShopView(msgspec.Struct, frozen=True, kw_only=True):
    shop_code: str
    name: str
    town: str
    shop_class: str
    status: ShopStatus


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    payment_id: UUID
    kind: TransferKind
    booked_at: datetime
    amount_yen: int
    refunded_yen: int
    bill_id: str | None
    reverses: UUID | None


class PaymentList(msgspec.Struct, frozen=True, kw_only=True):
    payments: Sequence[PaymentView]
    next_cursor: UUID | None
    """Give it as `cursor` for what came before; null at the end."""


async def provide_shop(request: AnyRequest, house: House) -> ShopRecord:
    """The shop whose terminal token came along. Raises WrongToken."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise WrongToken
    async with house.database.transaction() as conn:
        shop = await actions.find_shop_by_token(conn, token)
    if shop is None:
        raise WrongToken
    return shop


def _bill_view(bill: Bill, shop: ShopRecord, guid: str, now: datetime) -> BillView:
    is_over = bill.voided or bill.expires_at <= now
    state = "paid" if bill.paid_by else "over" if is_over else "open"
    return BillView(
        bill_id=bill.id,
        amount_yen=bill.amount_yen,
        state=state,
        expires_at=bill.expires_at,
        payload=payload_of(shop, guid, bill),
        payment_id=bill.paid_by,
    )


@post("/bills", summary="Ask for an amount", operation_id="postCoinBill")
async def post_bill(
    data: JSONBody[BillBody],
    shop: NamedDependency[ShopRecord],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> BillView:
    rulebook = counter.configuration_of(house).rulebook
    async with house.database.transaction() as conn:
        now = await counter.now(house, conn)
        bill = await actions.issue_bill(conn, shop, data.amount_yen, now, rulebook.bill_lifetime_s)
    return _bill_view(bill, shop, rulebook.qr_guid, now)


@get("/bills/{bill_id:str}", summary="Whether it was paid", operation_id="getCoinBill")
async def get_bill(
    bill_id: FromPath[str],
    shop: NamedDependency[ShopRecord],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> BillView:
    async with house.database.transaction() as conn:
        now = await counter.now(house, conn)
        bill = await actions.get_bill(conn, bill_id, shop)
    return _bill_view(bill, shop, counter.configuration_of(house).rulebook.qr_guid, now)


@get("/shop", summary="The shop this token belongs to", operation_id="getCoinShop")
async def get_shop(shop: NamedDependency[ShopRecord]) -> ShopView:
    return ShopView(
        shop_code=shop.shop_code,
        name=shop.name,
        town=shop.town,
        shop_class=shop.shop_class,
        status=shop.status,
    )


@get("/payments", summary="What came in, newest first", operation_id="listCoinPayments")
async def list_payments(
    shop: NamedDependency[ShopRecord],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    cursor: FromQuery[UUID | None] = None,
) -> PaymentList:
    before = None if cursor is None else TransferId(cursor)
    since = clock.now() - HISTORY
    async with database.transaction() as conn:
        lines = await actions.list_payments(conn, shop, since, before, PAGE)
    views = [
        PaymentView(
            payment_id=line.transfer_id,
            kind=line.kind,
            booked_at=line.booked_at,
            amount_yen=line.amount_yen,
            refunded_yen=line.refunded_yen,
            bill_id=line.bill_id,
            reverses=line.reverses_id,
        )
        for line in lines
    ]
    is_full = len(views) == PAGE
    return PaymentList(payments=views, next_cursor=views[-1].payment_id if is_full else None)


@post(
    "/payments/{payment_id:uuid}/refunds",
    status_code=200,
    summary="Give back on the same day; needs an Idempotency-Key",
    operation_id="postCoinRefund",
)
async def post_refund(
    payment_id: FromPath[UUID],
    data: JSONBody[RefundBody],
    request: AnyRequest,
    shop: NamedDependency[ShopRecord],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
) -> Response[Outcome]:
    refund = Refund(
        payment=TransferId(payment_id), shop=AccountId(shop.account_id), amount_yen=data.amount_yen
    )
    client_id = f"shop:{shop.shop_id}"
    command = Command(client_id=client_id, key=_read_key(request), request=refund)
    return _answer(await counter.of(house).submit(command))


def _read_key(request: AnyRequest) -> str:
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= 200:
        raise KeyMissing
    return key


def _answer(reply: Reply) -> Response[Outcome]:
    if not reply.outcome.is_accepted:
        raise refusal_of(reply.outcome)
    headers = {"Idempotency-Replayed": "true"} if reply.replayed else {}
    return Response(reply.outcome, headers=headers)


def machine_router(counter: Counter) -> Router:
    shops = Router(
        path="/",
        route_handlers=[post_bill, get_bill, get_shop, list_payments, post_refund],
        dependencies={"shop": Provide(provide_shop)},
    )
    return Router(
        path="/api/coin/v1",
        route_handlers=[shops],
        dependencies={"counter": Provide(lambda: counter, sync_to_thread=False)},
        tags=["coin"],
    )
