"""Configuration rows, months, snapshots and what has ended."""

from datetime import date, datetime

from mieone.blocks.coin.model import AccountId, Instrument, Issuer
from mieone.core.database import Conn

from .statements import QUERIES


async def record_issuer(conn: Conn, issuer: Issuer) -> None:
    await conn.execute(QUERIES["record_issuer"], issuer.id, issuer.kind, issuer.name.ja)


async def record_instrument(conn: Conn, instrument: Instrument) -> bool:
    """Whether the row says what the region's file says."""
    facts = (
        instrument.issuer,
        instrument.value_kind.value,
        instrument.funding.value,
        instrument.legal_class.value,
    )
    await conn.execute(QUERIES["record_instrument"], instrument.id, *facts)
    row = await conn.fetchrow(QUERIES["get_instrument"], instrument.id)
    return row is not None and tuple(row.values()) == facts


async def open_month(conn: Conn, month: date) -> bool:
    return bool(await conn.fetchval(QUERIES["open_month"], month))


async def roll_up(conn: Conn) -> int:
    if await conn.fetchval(QUERIES["is_horizon_ahead"]):
        await conn.execute(QUERIES["clear_snapshots"])
    status = await conn.execute(QUERIES["roll_up"])
    return int(status.rsplit(" ", 1)[1])


async def list_wallets_with_ended_lots(conn: Conn, now: datetime, limit: int) -> list[AccountId]:
    rows = await conn.fetch(QUERIES["list_wallets_with_ended_lots"], now, limit)
    return [AccountId(row["account_id"]) for row in rows]
