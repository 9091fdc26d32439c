"""What a flush reads before it decides: answers, locked rows, and what the locks protect."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg
import msgspec

from mieone.blocks.coin.model import (
    Account,
    AccountClass,
    AccountId,
    AccountStatus,
    Bill,
    BillId,
    Funding,
    LegalClass,
    Lot,
    LotId,
    LotTerms,
    Outcome,
    Payment,
    Shop,
    ShopStatus,
    Take,
    Tier,
    TransferId,
)
from mieone.core.database import Conn

from .statements import QUERIES


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a key was answered before, and to which body."""

    body_sha256: bytes
    outcome: Outcome


Key = tuple[str, str]
"""client_id and key."""


async def claim_answers(conn: Conn, digests: dict[Key, bytes]) -> set[Key]:
    """The keys nobody used before; they are ours until the transaction ends."""
    clients, keys = [client for client, _ in digests], [key for _, key in digests]
    rows = await conn.fetch(QUERIES["claim_answers"], clients, keys, list(digests.values()))
    return {(row["client_id"], row["key"]) for row in rows}


async def list_answers(conn: Conn, keys: Sequence[Key]) -> dict[Key, Answer]:
    rows = await conn.fetch(
        QUERIES["list_answers"], [client for client, _ in keys], [key for _, key in keys]
    )
    return {
        (row["client_id"], row["key"]): Answer(
            body_sha256=row["body_sha256"], outcome=msgspec.convert(row["outcome"], Outcome)
        )
        for row in rows
    }


async def lock_bills(conn: Conn, bills: Iterable[BillId]) -> dict[BillId, Bill]:
    rows = await conn.fetch(QUERIES["lock_bills"], sorted(set(bills)))
    return {row["bill_id"]: bill_of(row) for row in rows}


def bill_of(row: asyncpg.Record) -> Bill:
    return Bill(
        id=BillId(row["bill_id"]),
        shop=AccountId(row["shop_account_id"]),
        amount_yen=row["amount_yen"],
        expires_at=row["expires_at"],
        paid_by=row["paid_by"],
        voided=row["voided_at"] is not None,
    )


async def lock_accounts(conn: Conn, accounts: Iterable[AccountId]) -> dict[AccountId, Account]:
    """Locked until the transaction ends; wallets and budgets come back, shops are only locked."""
    rows = await conn.fetch(QUERIES["lock_accounts"], list(set(accounts)))
    return {
        row["account_id"]: Account(
            id=AccountId(row["account_id"]),
            kind=AccountClass(row["class"]),
            tier=Tier(row["tier"]),
            status=AccountStatus(row["status"]),
            balance_yen=row["balance_yen"],
            paid_on=row["paid_on"],
            paid_yen=row["paid_yen"],
            sent_month=row["sent_month"],
            sent_yen=row["sent_yen"],
        )
        for row in rows
        if row["balance_yen"] is not None
    }


async def read_clock(conn: Conn) -> datetime:
    """The database's clock, read after the locks: no application host decides what has ended."""
    now = await conn.fetchval(QUERIES["read_clock"])
    assert isinstance(now, datetime)
    return now


async def list_lots(
    conn: Conn, wallets: Sequence[AccountId], payments: Sequence[TransferId], now: datetime
) -> dict[AccountId, dict[LotId, Lot]]:
    """In a statement that starts after the locks, else it would see lots of the past."""
    lots: dict[AccountId, dict[LotId, Lot]] = defaultdict(dict)
    for row in await conn.fetch(QUERIES["list_lots"], wallets, payments, now):
        lot = lot_of(row)
        lots[lot.account][lot.id] = lot
    return lots


def lot_of(row: asyncpg.Record) -> Lot:
    return Lot(
        id=LotId(row["lot_id"]),
        account=AccountId(row["account_id"]),
        terms=LotTerms(
            issuer=row["issuer_id"],
            instrument=row["instrument_id"],
            funding=Funding(row["funding"]),
            funder=row["funder"],
            legal_class=LegalClass(row["legal_class"]),
            scope=row["scope"],
            expires_at=row["expires_at"],
            campaign=row["campaign"],
            grant_run=row["grant_run"],
        ),
        issued_at=row["issued_at"],
        granted_yen=row["granted_yen"],
        open_yen=row["open_yen"],
        parent=row["parent_lot_id"],
    )


async def list_payments(conn: Conn, ids: Iterable[TransferId]) -> dict[TransferId, Payment]:
    """Payments as they were booked; what was taken from which lot comes later, under the locks."""
    rows = await conn.fetch(QUERIES["list_payments"], list(set(ids)))
    return {
        row["transfer_id"]: Payment(
            id=TransferId(row["transfer_id"]),
            wallet=AccountId(row["payer_id"]),
            shop=AccountId(row["payee_id"]),
            booked_at=row["booked_at"],
            takes=(),
        )
        for row in rows
    }


async def list_takes(conn: Conn, ids: Sequence[TransferId]) -> dict[TransferId, tuple[Take, ...]]:
    takes: dict[TransferId, list[Take]] = defaultdict(list)
    for row in await conn.fetch(QUERIES["list_takes"], ids):
        takes[row["transfer_id"]].append(
            Take(
                lot=LotId(row["lot_id"]),
                instrument=row["instrument_id"],
                amount_yen=row["amount_yen"],
                restored_yen=row["restored_yen"],
            )
        )
    return {transfer: tuple(found) for transfer, found in takes.items()}


async def list_shop_facts(conn: Conn, shops: Iterable[AccountId]) -> dict[AccountId, Shop]:
    rows = await conn.fetch(QUERIES["list_shop_facts"], list(set(shops)))
    return {
        row["account_id"]: Shop(
            town=row["town_code"], shop_class=row["shop_class"], status=ShopStatus(row["status"])
        )
        for row in rows
    }


async def list_takings(conn: Conn, shops: Iterable[AccountId]) -> dict[AccountId, int]:
    rows = await conn.fetch(QUERIES["list_takings"], list(set(shops)))
    return {row["account_id"]: row["balance_yen"] for row in rows}
