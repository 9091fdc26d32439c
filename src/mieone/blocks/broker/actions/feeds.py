"""Feeds of a region: which there are, each served by itself, each with a state that operators see."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec
import structlog

from mieone.blocks.broker.model.dataset import FeedFinding, Feeds, FeedState, FeedView
from mieone.blocks.broker.store import feeds as store
from mieone.core.house import House

if TYPE_CHECKING:
    from .parts import Broker

log = structlog.get_logger()

AWAY: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
)
"""The database is away: nothing is known to be wrong with what was to be written."""
PATIENCE_S: Final = (1.0, 2.0, 5.0, 15.0, 30.0)
SHOWN: Final = 20


class FeedReport(msgspec.Struct, frozen=True, kw_only=True):
    feeds: Sequence[FeedView]
    findings: Sequence[FeedFinding]


def load_feeds(house: House) -> Feeds:
    path = house.settings.region_dir / "broker" / "feeds.yaml"
    return msgspec.yaml.decode(path.read_bytes(), type=Feeds) if path.exists() else Feeds()


def patience_s(failures: int) -> float:
    return PATIENCE_S[min(failures, len(PATIENCE_S)) - 1]


async def note_state(
    broker: "Broker", feed: str, state: FeedState, error: str | None = None
) -> int:
    """Returns how often it has failed in a row; a state that cannot be kept stops no feed."""
    try:
        async with broker.house.database.transaction() as conn:
            at = broker.house.clock.now()
            return await store.record_state(conn, feed, state, error, at)
    except AWAY as failure:
        log.warning("broker_feed_state_unrecorded", feed=feed, error=type(failure).__name__)
        return len(PATIENCE_S)


async def read_report(broker: "Broker") -> FeedReport:
    """Of the feeds that are switched on."""
    feeds = load_feeds(broker.house)
    enabled = {one.id for one in feeds.mqtt if one.is_enabled}
    enabled |= {one.id for one in feeds.pull if one.is_enabled}
    async with broker.house.database.transaction() as conn:
        views = await store.list_feeds(conn)
        findings = await store.list_feed_findings(conn, SHOWN)
    return FeedReport(
        feeds=[view for view in views if view.feed in enabled],
        findings=[one for one in findings if one.feed in enabled],
    )


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Or until `stop` is set."""
    try:
        await asyncio.wait_for(stop.wait(), timeout=seconds)
    except TimeoutError:
        return
