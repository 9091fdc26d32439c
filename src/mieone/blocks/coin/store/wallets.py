"""Wallets and what their holders see; the holder is known by a blind token only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.coin.model import (
    AccountClass,
    AccountId,
    AccountStatus,
    Lot,
    Tier,
    TransferId,
    TransferKind,
)
from mieone.core.database import Conn, row_values

from .book import lot_of
from .statements import QUERIES


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    balance_yen: int
    tier: Tier
    status: AccountStatus


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer as the holder of a wallet sees it; the amount carries its sign."""

    transfer_id: TransferId
    kind: TransferKind
    booked_at: datetime
    amount_yen: int
    campaign: str
    reason: str
    reverses_id: UUID | None
    shop_name: str | None
    shop_code: str | None


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    transfer_id: TransferId
    kind: TransferKind
    booked_at: datetime
    amount_yen: int
    payer_id: UUID | None
    payee_id: UUID | None
    bill_id: str | None


async def record_account(
    conn: Conn, account: AccountId, kind: AccountClass, belongs_to: str = "", tier: Tier = Tier.T0
) -> None:
    keeps_balance = kind in (AccountClass.WALLET, AccountClass.CAMPAIGN_BUDGET)
    balance = 0 if keeps_balance else None
    await conn.execute(QUERIES["record_account"], account, kind, belongs_to, tier, balance)


async def find_holder(conn: Conn, token: bytes) -> bytes | None:
    sealed = await conn.fetchval(QUERIES["find_holder"], token)
    return None if sealed is None else bytes(sealed)


async def record_holder(conn: Conn, token: bytes, sealed: bytes) -> bool:
    """False when somebody else was quicker."""
    return await conn.fetchval(QUERIES["record_holder"], token, sealed) is not None


async def forget_holder(conn: Conn, token: bytes) -> bool:
    return await conn.fetchval(QUERIES["forget_holder"], token) is not None


async def find_balance(conn: Conn, account: AccountId) -> Balance | None:
    row = await conn.fetchrow(QUERIES["find_balance"], account)
    return None if row is None else msgspec.convert(row_values(row), Balance)


async def list_open_lots(conn: Conn, account: AccountId) -> list[Lot]:
    return [lot_of(row) for row in await conn.fetch(QUERIES["list_open_lots"], account)]


async def list_history(
    conn: Conn, account: AccountId, before: TransferId | None, limit: int
) -> Sequence[HistoryLine]:
    rows = await conn.fetch(QUERIES["list_history"], account, before, limit)
    return [msgspec.convert(row_values(row), HistoryLine) for row in rows]


async def find_transfer(conn: Conn, transfer: TransferId) -> Booked | None:
    row = await conn.fetchrow(QUERIES["find_transfer"], transfer)
    return None if row is None else msgspec.convert(row_values(row), Booked)
