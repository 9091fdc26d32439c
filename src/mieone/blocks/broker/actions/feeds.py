"""Data that comes in by itself: messages of gauges over MQTT, files pulled on a schedule."""

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import aiomqtt
import msgspec
import structlog
from prometheus_client import Counter

from mieone.blocks.broker.model.dataset import DataSet, Feeds, MqttFeed, PullFeed
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.rules.importing import map_rows, read_table
from mieone.blocks.broker.store.imports import claim_feed
from mieone.core.house import House

from .importing import Importer, attribution, load_datasets
from .outbound import check_target

if TYPE_CHECKING:
    from .parts import Broker

log = structlog.get_logger()

MESSAGES = Counter("mieone_broker_feed_messages_total", "Messages of feeds", ["feed", "result"])

RECONNECT_S = (1.0, 2.0, 5.0, 15.0, 30.0)
PULL_LIMIT_S = 60
MAX_PULLED = 12 * 1024 * 1024
MAX_MESSAGE = 256 * 1024


def load_feeds(house: House) -> Feeds:
    path = house.settings.region_dir / "broker" / "feeds.yaml"
    return msgspec.yaml.decode(path.read_bytes(), type=Feeds) if path.exists() else Feeds()


async def listen(broker: "Broker", feed: MqttFeed, dataset: DataSet, stop: asyncio.Event) -> None:
    """Until `stop` is set; a gauge's broker that is away is asked again, ever more patiently."""
    failures = 0
    while not stop.is_set():
        try:
            await _listen_once(broker, feed, dataset, stop)
            failures = 0
        except (aiomqtt.MqttError, OSError, BrokerProblem) as error:
            log.warning("broker_feed_away", feed=feed.id, error=type(error).__name__)
            wait_s = RECONNECT_S[min(failures, len(RECONNECT_S) - 1)]
            failures += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=wait_s)


async def _listen_once(
    broker: "Broker", feed: MqttFeed, dataset: DataSet, stop: asyncio.Event
) -> None:
    await check_target(broker.house, feed.url)
    parts = urlsplit(feed.url)
    async with aiomqtt.Client(
        parts.hostname or "",
        parts.port or (8883 if parts.scheme == "mqtts" else 1883),
        username=parts.username,
        password=parts.password,
        tls_params=aiomqtt.TLSParameters() if parts.scheme == "mqtts" else None,
        # The name stays, so that messages of QoS 1 sent while we were away are kept for us.
        identifier=f"mieone-{feed.id}",
        clean_session=False,
    ) as client:
        await client.subscribe(feed.topic, qos=1)
        reading = asyncio.create_task(_read(broker, feed, dataset, client))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            for task in (reading, stopping):
                task.cancel()
            await asyncio.gather(reading, stopping, return_exceptions=True)


async def _read(broker: "Broker", feed: MqttFeed, dataset: DataSet, client: aiomqtt.Client) -> None:
    async for message in client.messages:
        payload = message.payload if isinstance(message.payload, bytes) else b""
        try:
            written = await take_message(broker, dataset, payload)
            MESSAGES.labels(feed.id, "written" if written else "empty").inc()
        except BrokerProblem as error:
            # A gauge cannot be told; the count and the log are.
            MESSAGES.labels(feed.id, "refused").inc()
            log.warning("broker_message_refused", feed=feed.id, reason=error.reason)


async def take_message(broker: "Broker", dataset: DataSet, payload: bytes) -> int:
    """One message's rows as entities; returns how many. Raises BadRequestData when it is no JSON."""
    if len(payload) > MAX_MESSAGE:
        payload = b""
    rows = read_table(payload, is_json=True)
    imported, findings = map_rows(dataset, rows, attribution(broker.house, dataset))
    for finding in findings[:5]:
        log.warning(
            "broker_reading_refused",
            dataset=dataset.id,
            column=finding.column,
            reason=finding.reason,
        )
    written = 0
    for item in imported:
        tenant = await broker.tenants.get(item.tenant)
        outcomes = await broker.writer.write(tenant, [item.change])
        written += outcomes[0].problem is None
    return written


async def pull_due(broker: "Broker") -> int:
    """Every feed whose turn it is; returns how many were read. One that fails waits for its turn."""
    datasets, count = load_datasets(broker.house), 0
    for feed in load_feeds(broker.house).pull:
        if not feed.is_enabled:
            continue
        async with broker.house.database.transaction() as conn:
            if not await claim_feed(conn, feed.id, feed.every_s):
                continue
        try:
            await pull(broker, feed, datasets[feed.dataset])
            count += 1
        except (aiohttp.ClientError, TimeoutError, BrokerProblem) as error:
            log.warning("broker_pull_failed", feed=feed.id, error=type(error).__name__)
    return count


async def pull(broker: "Broker", feed: PullFeed, dataset: DataSet) -> None:
    """Raises BadRequestData for a target that must not be asked or a file that cannot be read."""
    await check_target(broker.house, feed.url)
    limit = aiohttp.ClientTimeout(total=PULL_LIMIT_S)
    async with broker.http.get(feed.url, timeout=limit, allow_redirects=False) as answer:
        answer.raise_for_status()
        content = await answer.content.read(MAX_PULLED + 1)
        while not answer.content.at_eof() and len(content) <= MAX_PULLED:
            content += await answer.content.read(MAX_PULLED)
        is_json = answer.content_type.endswith("json")
    await Importer(broker).import_content(dataset, content, f"feed:{feed.id}", is_json=is_json)


async def serve_feeds(broker: "Broker", stop: asyncio.Event) -> None:
    """The worker's part: every MQTT feed that is switched on, until `stop` is set."""
    datasets = load_datasets(broker.house)
    async with asyncio.TaskGroup() as group:
        group.create_task(_wait(stop))
        for feed in load_feeds(broker.house).mqtt:
            if feed.is_enabled:
                group.create_task(listen(broker, feed, datasets[feed.dataset], stop))


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
