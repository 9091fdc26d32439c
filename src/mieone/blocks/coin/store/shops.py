"""Shops, their terminals, their bills and what they took."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.coin.model import AccountId, Bill, BillId, ShopStatus, TransferId, TransferKind
from mieone.core.database import Conn, row_values

from .book import bill_of
from .statements import QUERIES


class ShopRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A member shop as the directory knows it: public facts only."""

    shop_id: UUID
    account_id: UUID
    shop_code: str
    town: str
    name: str
    name_latin: str
    city_latin: str
    shop_class: str
    category: str
    postal_code: str
    status: ShopStatus
    is_sample: bool


class ShopLine(msgspec.Struct, frozen=True, kw_only=True):
    """One payment or refund as the shop sees it: no word about who paid."""

    transfer_id: TransferId
    kind: TransferKind
    booked_at: datetime
    amount_yen: int
    bill_id: str | None
    reverses_id: UUID | None
    refunded_yen: int


class ShopSum(msgspec.Struct, frozen=True, kw_only=True):
    amount_yen: int
    payments: int


async def record_shop(conn: Conn, shop: ShopRecord) -> None:
    await conn.execute(
        QUERIES["record_shop"],
        shop.shop_id,
        shop.account_id,
        shop.shop_code,
        shop.town,
        shop.name,
        shop.name_latin,
        shop.city_latin,
        shop.shop_class,
        shop.category,
        shop.postal_code,
        shop.is_sample,
    )


async def find_shop_by_code(conn: Conn, shop_code: str) -> ShopRecord | None:
    row = await conn.fetchrow(QUERIES["find_shop_by_code"], shop_code)
    return None if row is None else msgspec.convert(row_values(row), ShopRecord)


async def find_shop(conn: Conn, shop_id: UUID) -> ShopRecord | None:
    row = await conn.fetchrow(QUERIES["find_shop"], shop_id)
    return None if row is None else msgspec.convert(row_values(row), ShopRecord)


async def find_shop_by_account(conn: Conn, account: UUID) -> ShopRecord | None:
    row = await conn.fetchrow(QUERIES["find_shop_by_account"], account)
    return None if row is None else msgspec.convert(row_values(row), ShopRecord)


async def list_sample_shops(conn: Conn) -> Sequence[ShopRecord]:
    rows = await conn.fetch(QUERIES["list_sample_shops"])
    return [msgspec.convert(row_values(row), ShopRecord) for row in rows]


async def record_terminal(
    conn: Conn, terminal: UUID, shop_id: UUID, label: str, token_sha256: bytes
) -> None:
    await conn.execute(QUERIES["record_terminal"], terminal, shop_id, label, token_sha256)


async def void_terminals(conn: Conn, shop_id: UUID, now: datetime) -> None:
    await conn.execute(QUERIES["void_terminals"], shop_id, now)


async def find_terminal_shop(conn: Conn, token_sha256: bytes) -> UUID | None:
    shop_id = await conn.fetchval(QUERIES["find_terminal_shop"], token_sha256)
    return shop_id if isinstance(shop_id, UUID) else None


async def list_shops(
    conn: Conn, town: str | None, after: str | None, limit: int
) -> Sequence[ShopRecord]:
    rows = await conn.fetch(QUERIES["list_shops"], town, after, limit)
    return [msgspec.convert(row_values(row), ShopRecord) for row in rows]


async def record_bill(conn: Conn, bill: Bill, made_at: datetime) -> bool:
    """False when the number was drawn before."""
    facts = (bill.id, bill.shop, bill.amount_yen, made_at, bill.expires_at)
    return await conn.fetchval(QUERIES["record_bill"], *facts) is not None


async def find_bill_shop(conn: Conn, bill_id: BillId) -> str | None:
    """The shop code of whoever made this bill."""
    code = await conn.fetchval(QUERIES["find_bill_shop"], bill_id)
    return code if isinstance(code, str) else None


async def find_bill(conn: Conn, bill_id: BillId) -> Bill | None:
    row = await conn.fetchrow(QUERIES["find_bill"], bill_id)
    return None if row is None else bill_of(row)


async def void_bill(conn: Conn, bill_id: BillId, shop: AccountId) -> None:
    await conn.execute(QUERIES["void_bill"], bill_id, shop)


async def list_shop_payments(
    conn: Conn, shop: AccountId, since: datetime, before: TransferId | None, limit: int
) -> Sequence[ShopLine]:
    rows = await conn.fetch(QUERIES["list_shop_payments"], shop, since, before, limit)
    return [msgspec.convert(row_values(row), ShopLine) for row in rows]


async def find_shop_payment(conn: Conn, shop: AccountId, payment: TransferId) -> ShopLine | None:
    row = await conn.fetchrow(QUERIES["find_shop_payment"], shop, payment)
    return None if row is None else msgspec.convert(row_values(row), ShopLine)


async def sum_shop_since(conn: Conn, shop: AccountId, since: datetime) -> ShopSum:
    row = await conn.fetchrow(QUERIES["sum_shop_since"], shop, since)
    assert row is not None
    return msgspec.convert(row_values(row), ShopSum)
