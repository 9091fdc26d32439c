"""Feeds as rows: whose turn it is, how each is doing, and what came in that nobody could take."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from mieone.blocks.broker.model.dataset import FeedFinding, FeedState, FeedView, Finding
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_feeds.sql")


async def claim_feed(conn: Conn, feed: str, every_s: float) -> bool:
    """Whether it is this feed's turn, and ours: no two workers read it at once."""
    await conn.execute(QUERIES["declare_feed"], feed)
    return await conn.fetchval(QUERIES["claim_feed"], feed, timedelta(seconds=every_s)) is not None


async def set_turn(conn: Conn, feed: str, in_s: float) -> None:
    """By whoever has claimed it: when it may be claimed again."""
    await conn.execute(QUERIES["set_turn"], feed, timedelta(seconds=in_s))


async def record_state(
    conn: Conn, feed: str, state: FeedState, error: str | None, at: datetime
) -> int:
    """Returns how many times in a row it has failed."""
    await conn.execute(QUERIES["declare_feed"], feed)
    return int(await conn.fetchval(QUERIES["record_state"], feed, state, error, at))


async def record_taken(conn: Conn, feed: str, at: datetime, taken: int, refused: int) -> None:
    await conn.execute(QUERIES["record_taken"], feed, at, taken, refused)


async def record_finding(
    conn: Conn, feed: str, digest: bytes, at: datetime, topic: str, findings: Sequence[Finding]
) -> None:
    """A message that comes again is the same finding."""
    told = msgspec.to_builtins(findings)
    await conn.execute(QUERIES["record_finding"], feed, digest, at, topic, told)
    await conn.execute(QUERIES["forget_findings"], feed)


async def list_feeds(conn: Conn) -> list[FeedView]:
    rows = await conn.fetch(QUERIES["list_feeds"])
    return [msgspec.convert(dict(row), FeedView) for row in rows]


async def list_feed_findings(conn: Conn, limit: int) -> list[FeedFinding]:
    rows = await conn.fetch(QUERIES["list_feed_findings"], limit)
    return [msgspec.convert(dict(row), FeedFinding) for row in rows]
