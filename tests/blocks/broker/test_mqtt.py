"""Notifications to a real MQTT broker: Debian's mosquitto."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest
from httpx import AsyncClient

from mieone.blocks.broker.actions.parts import Broker

from .test_delivery import delivering, put_in, settled, subscribe

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def mosquitto(folder: Path, port: int, *, password: str | None = None) -> AsyncIterator[None]:
    lines = [f"listener {port} 127.0.0.1", "persistence false", "user root"]
    if password is None:
        lines.append("allow_anonymous true")
    else:
        known = folder / "passwords"
        # 7 rounds of nothing secret: the broker hashes it itself with -U.
        known.write_text(f"gauge:{password}\n")
        hashing = await asyncio.create_subprocess_exec("mosquitto_passwd", "-U", str(known))
        await hashing.wait()
        known.chmod(0o600)
        lines += ["allow_anonymous false", f"password_file {known}"]
    settings = folder / f"{port}.conf"
    settings.write_text("\n".join(lines) + "\n")
    assert MOSQUITTO is not None
    process = await asyncio.create_subprocess_exec(MOSQUITTO, "-c", str(settings))
    try:
        await opened(port)
        yield
    finally:
        process.terminate()
        await process.wait()


async def opened(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return


@asynccontextmanager
async def heard(port: int, topic: str, **account: str) -> AsyncIterator[asyncio.Queue[Any]]:
    told: asyncio.Queue[Any] = asyncio.Queue()
    async with aiomqtt.Client("127.0.0.1", port, **account) as client:
        await client.subscribe(topic, qos=2)

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                told.put_nowait((message.qos, msgspec.json.decode(message.payload)))

        task = asyncio.create_task(listen())
        try:
            yield told
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("version", ["mqtt3.1.1", "mqtt5.0"])
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_message_has_metadata_and_body(
    broker_client: AsyncClient, broker: Broker, tmp_path: Path, version: str, qos: int
) -> None:
    port = free_port()
    async with mosquitto(tmp_path, port), heard(port, "towns/shelters") as told:
        url = f"mqtt://127.0.0.1:{port}/towns/shelters"
        endpoint = {
            "uri": url,
            "receiverInfo": [{"key": "X-Key", "value": "1"}],
            "notifierInfo": [
                {"key": "MQTT-Version", "value": version},
                {"key": "MQTT-QoS", "value": str(qos)},
            ],
        }
        await subscribe(broker_client, url, notification={"endpoint": endpoint})
        async with delivering(broker):
            await put_in(broker_client, 1, 10)
            async with asyncio.timeout(60):
                got_qos, message = await told.get()
            found = await settled(broker)

    assert got_qos == qos
    assert message["metadata"]["Content-Type"] == "application/json"
    assert message["metadata"]["X-Key"] == "1"
    assert "json-ld#context" in message["metadata"]["Link"]
    assert message["body"]["data"][0]["people"]["value"] == 10
    assert found.delivered == 1


async def test_a_broker_that_went_away_gets_what_it_missed(
    broker_client: AsyncClient, broker: Broker, tmp_path: Path
) -> None:
    port = free_port()
    url = f"mqtt://gauge:s3cret@127.0.0.1:{port}/towns"
    await subscribe(broker_client, url)
    async with delivering(broker):
        async with mosquitto(tmp_path, port, password="s3cret"):
            async with heard(port, "towns", username="gauge", password="s3cret") as told:
                await put_in(broker_client, 1, 0)
                async with asyncio.timeout(60):
                    assert (await told.get())[1]["body"]["data"][0]["people"]["value"] == 0
        await put_in(broker_client, 1, 1)
        await asyncio.sleep(0.2)
        async with mosquitto(tmp_path, port, password="s3cret"):
            found = await settled(broker)

    assert found.due == 2
    assert found.delivered + found.dead == 2
    assert found.times_failed >= 1
