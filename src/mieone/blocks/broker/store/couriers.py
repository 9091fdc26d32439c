"""Deliveries as the workers take, send and settle them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.blocks.broker.model import Subscription, TenantName
from mieone.blocks.broker.model.filter import decode_filter
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_couriers.sql")
_SUBSCRIPTION = msgspec.json.Decoder(Subscription, dec_hook=decode_filter)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    delivery_id: int
    tenant: TenantName
    subscription: str
    bucket: int
    order_key: str
    event: int | None
    body: str | None
    notification_id: UUID
    attempts: int
    next_at: datetime


class Waiting(msgspec.Struct, frozen=True):
    tenant: TenantName
    subscription: str
    bucket: int


class Settled(msgspec.Struct, frozen=True):
    delivery_id: int
    is_delivered: bool
    """Else dropped."""


class Postponed(msgspec.Struct, frozen=True):
    delivery_id: int
    next_at: datetime
    reason: str
    is_dead: bool


class Attempts(msgspec.Struct, kw_only=True):
    """Of one subscription, since they were last recorded."""

    tenant: TenantName
    subscription: str
    sent: int = 0
    failed: int = 0
    notified: int = 0
    """Of those that were sent, not repeated."""
    notified_failed: int = 0
    fails_in_a_row: int = 0
    """Notifications, since the last success."""
    last_notification: datetime | None = None
    last_success: datetime | None = None
    last_success_code: int | None = None
    last_failure: datetime | None = None
    reason: str | None = None
    is_failing: bool = False


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one tenant. `due` is the sum of the next five."""

    tenant: TenantName
    due: int
    delivered: int
    waiting: int
    retrying: int
    dead: int
    dropped: int
    times_sent: int
    times_failed: int


async def see_courier(conn: Conn, holder: str) -> None:
    await conn.execute(QUERIES["see_courier"], holder)


async def forget_couriers(conn: Conn, holder: str) -> None:
    """This one, and those long gone."""
    await conn.execute(QUERIES["forget_couriers"], holder)


async def count_couriers(conn: Conn, within: timedelta) -> int:
    return int(await conn.fetchval(QUERIES["count_couriers"], within) or 0)


async def renew_leases(conn: Conn, holder: str, length: timedelta) -> set[int]:
    rows = await conn.fetch(QUERIES["renew_leases"], holder, length)
    return {row["bucket"] for row in rows}


async def take_leases(conn: Conn, holder: str, length: timedelta, limit: int) -> set[int]:
    rows = await conn.fetch(QUERIES["take_leases"], holder, length, limit)
    return {row["bucket"] for row in rows}


async def release_leases(conn: Conn, holder: str, buckets: Collection[int]) -> None:
    await conn.execute(QUERIES["release_leases"], holder, list(buckets))


async def list_new(
    conn: Conn, since: int, buckets: Collection[int], limit: int
) -> tuple[int, list[Delivery]]:
    """The horizon to ask from next time, and rows, some of which were seen before."""
    rows = await conn.fetch(QUERIES["list_new"], str(since), list(buckets), limit)
    found = [_delivery(dict(row)) for row in rows if row["delivery_id"] is not None]
    return rows[0]["horizon"], found


async def list_waiting_subscriptions(conn: Conn, buckets: Collection[int]) -> list[Waiting]:
    rows = await conn.fetch(QUERIES["list_waiting_subscriptions"], list(buckets))
    return [Waiting(row["tenant"], row["subscription"], row["bucket"]) for row in rows]


async def list_due(conn: Conn, tenant: TenantName, subscription: str, limit: int) -> list[Delivery]:
    rows = await conn.fetch(QUERIES["list_due"], tenant, subscription, limit)
    return [_delivery(dict(row)) for row in rows]


async def claim(conn: Conn, holder: str, claimed: Sequence[tuple[int, UUID]]) -> dict[int, int]:
    """Those that are still to be delivered, and by us, with how often they are tried now."""
    rows = await conn.fetch(
        QUERIES["claim"], holder, [one for one, _ in claimed], [one for _, one in claimed]
    )
    return {row["delivery_id"]: row["attempts"] for row in rows}


async def list_events(conn: Conn, sequences: Collection[int]) -> dict[int, str]:
    rows = await conn.fetch(QUERIES["list_events"], list(sequences))
    return {row["sequence"]: row["document"] for row in rows}


async def settle(conn: Conn, settled: Sequence[Settled]) -> None:
    await conn.execute(
        QUERIES["settle"],
        [one.delivery_id for one in settled],
        [one.is_delivered for one in settled],
    )


async def postpone(conn: Conn, postponed: Sequence[Postponed]) -> None:
    await conn.execute(
        QUERIES["postpone"],
        [one.delivery_id for one in postponed],
        [one.next_at for one in postponed],
        [one.reason for one in postponed],
        [one.is_dead for one in postponed],
    )


async def record_attempts(
    conn: Conn, attempts: Sequence[Attempts]
) -> dict[tuple[TenantName, str], int]:
    """Notifications that failed in a row, of each subscription."""
    names = (
        "tenant",
        "subscription",
        "sent",
        "failed",
        "notified",
        "notified_failed",
        "fails_in_a_row",
        "last_notification",
        "last_success",
        "last_success_code",
        "last_failure",
        "reason",
        "is_failing",
    )
    columns = [[getattr(one, name) for one in attempts] for name in names]
    rows = await conn.fetch(QUERIES["record_attempts"], *columns)
    return {(row["tenant"], row["subscription"]): row["fails_in_a_row"] for row in rows}


async def list_last_notifications(
    conn: Conn, keys: Sequence[tuple[TenantName, str]]
) -> dict[tuple[TenantName, str], datetime]:
    rows = await conn.fetch(
        QUERIES["list_last_notifications"], [one for one, _ in keys], [one for _, one in keys]
    )
    return {(row["tenant"], row["subscription"]): row["last_notification"] for row in rows}


async def lock_due_intervals(
    conn: Conn, at: datetime, buckets: Collection[int], limit: int
) -> list[tuple[TenantName, Subscription]]:
    rows = await conn.fetch(QUERIES["lock_due_intervals"], at, list(buckets), limit)
    return [(row["tenant"], _SUBSCRIPTION.decode(row["document"])) for row in rows]


async def shift_intervals(conn: Conn, buckets: Collection[int], back: timedelta) -> None:
    """The clock was set back by so much."""
    await conn.execute(QUERIES["shift_intervals"], list(buckets), back)


async def set_next_interval(
    conn: Conn, tenant: TenantName, subscription: str, next_at: datetime | None
) -> None:
    await conn.execute(QUERIES["set_next_interval"], tenant, subscription, next_at)


async def remove_old_events(conn: Conn, before: datetime, limit: int) -> int:
    status = await conn.execute(QUERIES["remove_old_events"], before, limit)
    return int(status.split()[-1])


async def list_old_dead(conn: Conn, before: datetime, limit: int) -> list[int]:
    rows = await conn.fetch(QUERIES["list_old_dead"], before, limit)
    return [row["delivery_id"] for row in rows]


async def revive(
    conn: Conn, tenant: TenantName, subscription: str | None, at: datetime, limit: int
) -> int:
    """Dead deliveries are due again; returns how many."""
    return len(await conn.fetch(QUERIES["revive"], tenant, subscription, at, limit))


async def count_deliveries(conn: Conn) -> list[Figures]:
    rows = await conn.fetch(QUERIES["count_deliveries"])
    names = ("delivered", "waiting", "retrying", "dead", "dropped")
    return [Figures(due=sum(row[name] for name in names), **dict(row)) for row in rows]


async def find_oldest_due(conn: Conn) -> datetime | None:
    found: datetime | None = await conn.fetchval(QUERIES["find_oldest_due"])
    return found


def _delivery(row: dict[str, object]) -> Delivery:
    row.pop("horizon", None)
    return Delivery(**row)  # type: ignore[arg-type]
