"""Messages of gauges over MQTT: acknowledged when they are written, and not before."""

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiomqtt
import paho.mqtt.client as mqtt
import structlog
from prometheus_client import Counter

from mieone.blocks.broker.model.dataset import DataSet, FeedState, Finding, MqttFeed
from mieone.blocks.broker.store import feeds as store
from mieone.core.problems import Problem

from .bringing import reason_of
from .datasets import load_datasets
from .feeds import AWAY, load_feeds, note_state, patience_s, wait
from .outbound import check_target
from .taking import Taken, take_message

if TYPE_CHECKING:
    from .parts import Broker

log = structlog.get_logger()

MESSAGES = Counter("mieone_broker_feed_messages_total", "Messages of feeds", ["feed", "result"])

LEASE_S: Final = 30.0
"""A worker that is gone leaves its feeds to another after so long."""
RENEW_S: Final = 10.0
ATTEMPTS: Final = 6
"""So often a message that breaks something is tried before it is put aside, so that others come."""


class PatientClient(aiomqtt.Client):
    """A client that acknowledges when it is told to, and knows what comes a second time."""

    def __init__(self, feed: MqttFeed) -> None:
        parts = urlsplit(feed.url)
        is_secure = parts.scheme == "mqtts"
        super().__init__(
            parts.hostname or "",
            parts.port or (8883 if is_secure else 1883),
            username=parts.username,
            password=parts.password,
            tls_params=aiomqtt.TLSParameters() if is_secure else None,
            # The name stays, so that what was sent while we were away is kept for us.
            identifier=f"mieone-{feed.id}",
            clean_session=False,
        )
        self._client.manual_ack_set(True)
        self._repeats: set[int] = set()

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.dup or message.retain:
            self._repeats.add(message.mid)
        super()._on_message(client, userdata, message)

    def is_repeat(self, message: aiomqtt.Message) -> bool:
        return message.retain or message.mid in self._repeats

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """When the connection is gone meanwhile the message comes again, as a repeat."""
        self._repeats.discard(message.mid)
        self._client.ack(message.mid, message.qos)


class Listener:
    """One feed, whatever becomes of the others."""

    def __init__(
        self, broker: "Broker", feed: MqttFeed, dataset: DataSet, stop: asyncio.Event
    ) -> None:
        self._broker = broker
        self._feed = feed
        self._dataset = dataset
        self._stop = stop
        self._stuck: tuple[bytes, int] = (b"", 0)

    async def run(self) -> None:
        """Until `stop` is set; whatever is away is asked again, ever more patiently."""
        while not self._stop.is_set():
            try:
                if await self._claim(LEASE_S):
                    await self._listen()
                    await note_state(self._broker, self._feed.id, FeedState.WAITING)
                else:
                    await wait(self._stop, RENEW_S)
            except Exception as error:
                name = type(error).__name__
                log.warning("broker_feed_away", feed=self._feed.id, error=name)
                failures = await note_state(self._broker, self._feed.id, FeedState.AWAY, name)
                await wait(self._stop, patience_s(failures))

    async def _claim(self, seconds: float) -> bool:
        async with self._broker.house.database.transaction() as conn:
            return await store.claim_feed(conn, self._feed.id, seconds)

    async def _listen(self) -> None:
        await check_target(self._broker.house, self._feed.url)
        try:
            async with PatientClient(self._feed) as client:
                await client.subscribe(self._feed.topic, qos=1)
                await note_state(self._broker, self._feed.id, FeedState.OPEN)
                await self._serve(client)
        finally:
            await self._hand_over()

    async def _serve(self, client: PatientClient) -> None:
        """Until `stop` is set, or the first of its parts fails."""
        tasks = [
            asyncio.create_task(self._read(client)),
            asyncio.create_task(self._renew()),
            asyncio.create_task(self._stop.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            async with self._broker.house.database.transaction() as conn:
                await store.set_turn(conn, self._feed.id, LEASE_S)

    async def _hand_over(self) -> None:
        """Another worker may have it at once."""
        try:
            async with self._broker.house.database.transaction() as conn:
                await store.set_turn(conn, self._feed.id, 0)
        except AWAY:
            log.warning("broker_feed_kept_till_lease_ends", feed=self._feed.id)

    async def _read(self, client: PatientClient) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            taken = await self._take(payload, is_repeat=client.is_repeat(message))
            await self._settle(payload, str(message.topic), taken)
            client.acknowledge(message)

    async def _take(self, payload: bytes, *, is_repeat: bool) -> Taken:
        """Raises what may pass: then the message is not acknowledged, and comes again."""
        digest = _digest(payload)
        try:
            return await take_message(
                self._broker,
                self._dataset,
                payload,
                is_repeat=is_repeat,
                only_tenant=self._feed.tenant,
            )
        except AWAY:
            raise
        except Exception as error:
            tried = self._stuck[1] + 1 if self._stuck[0] == digest else 1
            self._stuck = (digest, tried)
            if tried < ATTEMPTS:
                raise
            log.exception("broker_message_put_aside", feed=self._feed.id)
            reason = reason_of(error if isinstance(error, Problem) else None)
            return Taken(findings=[Finding(row=0, column=None, reason=reason)])

    async def _settle(self, payload: bytes, topic: str, taken: Taken) -> None:
        feed, at = self._feed.id, self._broker.house.clock.now()
        async with self._broker.house.database.transaction() as conn:
            if taken.findings:
                told = taken.findings[:20]
                await store.record_finding(conn, feed, _digest(payload), at, topic[:200], told)
            await store.record_taken(conn, feed, at, taken.written, len(taken.findings))
        result = "refused" if taken.findings else "written" if taken.written else "repeated"
        MESSAGES.labels(feed, result).inc()


def _digest(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=16).digest()


async def serve_feeds(broker: "Broker", stop: asyncio.Event) -> None:
    """The worker's part: every MQTT feed that is switched on, until `stop` is set."""
    datasets = load_datasets(broker.house)
    async with asyncio.TaskGroup() as group:
        group.create_task(_wait(stop))
        for feed in load_feeds(broker.house).mqtt:
            if feed.is_enabled:
                listener = Listener(broker, feed, datasets[feed.dataset], stop)
                group.create_task(listener.run())


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
