"""Shops: taken in, given a terminal, asking for an amount, cancelling on the same day."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

import msgspec

from mieone.blocks.coin.model import (
    AccountClass,
    AccountId,
    Bill,
    BillId,
    ShopStatus,
    TransferId,
)
from mieone.blocks.coin.problems import UnknownBill, UnknownShop
from mieone.blocks.coin.rules.codes import is_typed_right, with_check_digit
from mieone.blocks.coin.store import shops as store
from mieone.blocks.coin.store.shops import ShopLine, ShopRecord, ShopSum
from mieone.blocks.coin.store.wallets import record_account
from mieone.core.clock import JST
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.problems import NotFound
from mieone.core.sessions import end_sessions_of


class NewShop(msgspec.Struct, frozen=True, kw_only=True):
    town: str
    name: str
    name_latin: str
    city_latin: str
    shop_class: str = "local"
    category: str = "0000"
    postal_code: str = ""
    number: str = ""
    """Six digits of the shop's code; drawn when empty."""
    is_sample: bool = False


def draw_number() -> str:
    return f"{secrets.randbelow(900_000) + 100_000:06}"


async def add_shop(conn: Conn, shop: NewShop, draw: Callable[[], str] = draw_number) -> ShopRecord:
    """A shop taken in before under the number that was asked for is given back as it is."""
    number = shop.number or await _free_number(conn, draw)
    known = await store.find_shop_by_code(conn, with_check_digit(number))
    if known is not None:
        return known
    account = AccountId(uuid7())
    record = ShopRecord(
        shop_id=uuid7(),
        account_id=account,
        shop_code=with_check_digit(number),
        town=shop.town,
        name=shop.name,
        name_latin=shop.name_latin,
        city_latin=shop.city_latin,
        shop_class=shop.shop_class,
        category=shop.category,
        postal_code=shop.postal_code,
        status=ShopStatus.OPEN,
        is_sample=shop.is_sample,
    )
    await record_account(conn, account, AccountClass.MERCHANT)
    await store.record_shop(conn, record)
    return record


async def _free_number(conn: Conn, draw: Callable[[], str]) -> str:
    """One that no shop has: the till of one shop must never be handed to another."""
    while True:
        number = draw()
        if await store.find_shop_by_code(conn, with_check_digit(number)) is None:
            return number


async def issue_terminal_token(conn: Conn, shop_id: UUID, label: str = "") -> str:
    """Told once; only its digest is kept."""
    token = "shop_" + secrets.token_urlsafe(24)
    await store.record_terminal(conn, uuid7(), shop_id, label, _digest(token))
    return token


async def renew_terminal_token(conn: Conn, shop_id: UUID, now: datetime) -> str:
    """A till was lost or sold: every token so far, and every till that is open, ends at once."""
    await store.void_terminals(conn, shop_id, now)
    await end_sessions_of(conn, str(shop_id), now)
    return await issue_terminal_token(conn, shop_id)


async def find_shop_by_token(conn: Conn, token: str) -> ShopRecord | None:
    shop_id = await store.find_terminal_shop(conn, _digest(token))
    return None if shop_id is None else await store.find_shop(conn, shop_id)


async def get_shop(conn: Conn, shop_id: UUID) -> ShopRecord:
    shop = await store.find_shop(conn, shop_id)
    if shop is None:
        raise UnknownShop
    return shop


async def get_shop_by_code(conn: Conn, shop_code: str) -> ShopRecord:
    shop = await store.find_shop_by_code(conn, shop_code) if is_typed_right(shop_code) else None
    if shop is None:
        raise UnknownShop
    return shop


async def list_sample_shops(conn: Conn) -> Sequence[ShopRecord]:
    return await store.list_sample_shops(conn)


async def issue_bill(
    conn: Conn, shop: ShopRecord, amount_yen: int, now: datetime, lifetime_s: int
) -> Bill:
    """One amount for one payment, for some minutes, under a number that can be typed."""
    while True:
        bill = Bill(
            id=BillId(with_check_digit(f"{secrets.randbelow(900_000_000) + 100_000_000}")),
            shop=AccountId(shop.account_id),
            amount_yen=amount_yen,
            expires_at=now + timedelta(seconds=lifetime_s),
        )
        if await store.record_bill(conn, bill, now):
            return bill


async def get_bill(conn: Conn, bill_id: str, shop: ShopRecord) -> Bill:
    """A bill of another shop is, here, not there."""
    bill = await store.find_bill(conn, BillId(bill_id))
    if bill is None or bill.shop != shop.account_id:
        raise UnknownBill
    return bill


async def find_bill_shop(conn: Conn, bill_id: str) -> str | None:
    if not is_typed_right(bill_id):
        return None
    return await store.find_bill_shop(conn, BillId(bill_id))


async def list_shops(
    conn: Conn, town: str | None = None, after: str | None = None, limit: int = 50
) -> Sequence[ShopRecord]:
    return await store.list_shops(conn, town, after, limit)


async def void_bill(conn: Conn, bill_id: str, shop: ShopRecord) -> None:
    await store.void_bill(conn, BillId(bill_id), AccountId(shop.account_id))


async def list_today(
    conn: Conn, shop: ShopRecord, now: datetime, before: TransferId | None = None, limit: int = 50
) -> tuple[ShopSum, Sequence[ShopLine]]:
    """What was taken since midnight in Japan, and the lines of it."""
    midnight = datetime.combine(now.astimezone(JST).date(), time.min, JST)
    account = AccountId(shop.account_id)
    total = await store.sum_shop_since(conn, account, midnight)
    return total, await store.list_shop_payments(conn, account, midnight, before, limit)


async def list_payments(
    conn: Conn, shop: ShopRecord, since: datetime, before: TransferId | None, limit: int
) -> Sequence[ShopLine]:
    account = AccountId(shop.account_id)
    return await store.list_shop_payments(conn, account, since, before, limit)


async def get_payment(conn: Conn, shop: ShopRecord, payment: TransferId) -> ShopLine:
    """A payment to another shop is, here, not there."""
    line = await store.find_shop_payment(conn, AccountId(shop.account_id), payment)
    if line is None:
        raise NotFound
    return line


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
