"""Files on the network that are read again and again."""

from typing import TYPE_CHECKING, Final

import aiohttp
import structlog

from mieone.blocks.broker.model.dataset import DataSet, FeedState, ImportRun, PullFeed
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.store import feeds as store

from .datasets import load_datasets
from .feeds import load_feeds, note_state
from .importing import Importer
from .outbound import check_target

if TYPE_CHECKING:
    from .parts import Broker

log = structlog.get_logger()

PULL_LIMIT_S: Final = 60
MAX_PULLED: Final = 12 * 1024 * 1024
AGAIN_S: Final = 300.0
"""After a failure, and while something in a file waits for its reason to pass; then ever longer."""


async def pull_due(broker: "Broker") -> int:
    """Every feed whose turn it is; returns how many were read. One that fails holds up no other."""
    datasets, count = load_datasets(broker.house), 0
    for feed in load_feeds(broker.house).pull:
        if not feed.is_enabled:
            continue
        async with broker.house.database.transaction() as conn:
            if not await store.claim_feed(conn, feed.id, feed.every_s):
                continue
        count += await take_turn(broker, feed, datasets[feed.dataset])
    return count


async def take_turn(broker: "Broker", feed: PullFeed, dataset: DataSet) -> bool:
    """Whatever goes wrong is this feed's alone: its state says it, and it comes again earlier."""
    try:
        run = await pull(broker, feed, dataset)
    except Exception as error:
        log.warning("broker_pull_failed", feed=feed.id, error=type(error).__name__)
        failures = await note_state(broker, feed.id, FeedState.AWAY, type(error).__name__)
        await _come_again(broker, feed, failures)
        return False
    waits = None if run.is_settled else "Waiting"
    failures = await note_state(broker, feed.id, FeedState.WAITING, waits)
    async with broker.house.database.transaction() as conn:
        at = broker.house.clock.now()
        refused = sum(not finding.is_passing for finding in run.findings)
        await store.record_taken(conn, feed.id, at, run.written_entities, refused)
    if not run.is_settled:
        await _come_again(broker, feed, failures)
    return True


async def _come_again(broker: "Broker", feed: PullFeed, failures: int) -> None:
    in_s = min(AGAIN_S * 2 ** min(failures - 1, 20), feed.every_s)
    async with broker.house.database.transaction() as conn:
        await store.set_turn(conn, feed.id, in_s)


async def pull(broker: "Broker", feed: PullFeed, dataset: DataSet) -> ImportRun:
    """Raises BadRequestData for a target that must not be asked or a file that cannot be read."""
    await check_target(broker.house, feed.url)
    limit = aiohttp.ClientTimeout(total=PULL_LIMIT_S)
    async with broker.http.get(feed.url, timeout=limit, allow_redirects=False) as answer:
        answer.raise_for_status()
        if answer.status != 200:
            raise BadRequestData(f"the file's server answers {answer.status}")
        content = await answer.content.read(MAX_PULLED + 1)
        while not answer.content.at_eof() and len(content) <= MAX_PULLED:
            content += await answer.content.read(MAX_PULLED)
        is_json = answer.content_type.endswith("json")
    return await Importer(broker).import_content(
        dataset, content, f"feed:{feed.id}", is_json=is_json
    )
