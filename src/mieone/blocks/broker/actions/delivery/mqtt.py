"""Messages to MQTT brokers, over one connection for each broker, user and version."""

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

import aiomqtt
import msgspec

from mieone.blocks.broker.actions.outbound import resolve_allowed
from mieone.blocks.broker.problems import BadRequestData
from mieone.core.house import House

from .messages import MqttManner, Parcelled

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
VERSIONS: Final = {
    "mqtt3.1.1": aiomqtt.ProtocolVersion.V311,
    "mqtt5.0": aiomqtt.ProtocolVersion.V5,
}
IDLE_S: Final = 60.0
MAX_LINKS: Final = 200
Key: TypeAlias = "tuple[str, str, int, str | None, str | None, str]"


class _Link:
    def __init__(self, house: House, key: Key) -> None:
        self._house = house
        self._key = key
        self._client: aiomqtt.Client | None = None
        self._opening = asyncio.Lock()
        self.under_way = 0
        self.used_at_s = time.monotonic()

    async def publish(self, topic: str, payload: bytes, manner: MqttManner) -> None:
        self.used_at_s = time.monotonic()
        self.under_way += 1
        try:
            is_new, client = await self._open()
            try:
                await client.publish(topic, payload, qos=manner.qos, retain=manner.retain)
            except aiomqtt.MqttError:
                await self._drop(client)
                if is_new:
                    raise
                # The broker went away since it was last used; it may be there again.
                _, client = await self._open()
                await client.publish(topic, payload, qos=manner.qos, retain=manner.retain)
        finally:
            self.under_way -= 1

    async def _open(self) -> tuple[bool, aiomqtt.Client]:
        async with self._opening:
            if self._client is not None:
                return False, self._client
            scheme, host, port, user, password, version = self._key
            address = await resolve_allowed(self._house, host, port)
            client = aiomqtt.Client(
                # A certificate names the host; without one we connect to what was looked at.
                host if scheme == "mqtts" else address,
                port,
                username=user,
                password=password,
                protocol=VERSIONS[version],
                tls_params=aiomqtt.TLSParameters() if scheme == "mqtts" else None,
                keepalive=30,
            )
            await client.__aenter__()
            self._client = client
            return True, client

    async def _drop(self, client: aiomqtt.Client) -> None:
        if self._client is client:
            self._client = None
            await _leave(client)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _leave(client)


class MqttLinks:
    def __init__(self, house: House) -> None:
        self._house = house
        self._links: dict[Key, _Link] = {}

    async def __aenter__(self) -> "MqttLinks":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for link in self._links.values():
            await link.close()

    async def publish(self, sent: Parcelled) -> None:
        """Raises MqttError, OSError, BadRequestData."""
        parts = urlsplit(sent.url)
        topic = unquote(parts.path.removeprefix("/"))
        if not topic or set(topic) & set("+#\x00"):
            raise BadRequestData("the topic of an MQTT endpoint is its path")
        key = (
            parts.scheme,
            parts.hostname or "",
            parts.port or PORTS[parts.scheme],
            sent.mqtt.user or _unquoted(parts.username),
            sent.mqtt.password or _unquoted(parts.password),
            sent.mqtt.version,
        )
        await self._close_idle()
        link = self._links.setdefault(key, _Link(self._house, key))
        await link.publish(topic, _payload(sent), sent.mqtt)

    async def _close_idle(self) -> None:
        now_s = time.monotonic()
        is_full = len(self._links) >= MAX_LINKS
        for key, link in list(self._links.items()):
            if not link.under_way and (is_full or now_s - link.used_at_s > IDLE_S):
                del self._links[key]
                await link.close()


def _unquoted(text: str | None) -> str | None:
    return None if text is None else unquote(text)


def _payload(sent: Parcelled) -> bytes:
    if not sent.wraps_metadata:
        return sent.body or b""
    body = msgspec.Raw(sent.body or b"null")
    return msgspec.json.encode({"metadata": sent.headers, "body": body})


async def _leave(client: aiomqtt.Client) -> None:
    with contextlib.suppress(aiomqtt.MqttError):
        await client.__aexit__(None, None, None)
    # Else asyncio complains that nobody asked why the broker went away.
    ended = client._disconnected
    if ended.done() and not ended.cancelled():
        ended.exception()
