"""Programs nobody here wrote, as they come from PyPI and npm, against a real server."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from mieone.core.block import Block
from mieone.core.house import House
from tests.blocks.broker.conftest import make_app
from tests.conftest import ROOT

CLIENTS = ROOT / "tests" / "clients"
HERE = ROOT / "tests" / "clients" / "ngsildclient"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python() -> Path:
    """Of an environment made once, in an ignored folder: the client pins versions unlike ours."""
    python = HERE / ".venv" / "bin" / "python"
    if not (HERE / ".venv" / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", HERE / ".venv"], check=True)
        pinned = ROOT / "requirements" / "ngsildclient.txt"
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--require-hashes", "-r", pinned], check=True)
        (HERE / ".venv" / "complete").touch()
    return python


@pytest.fixture
async def port(broker_house: House, broker_block: Block) -> AsyncIterator[int]:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        free: int = opened.getsockname()[1]
    assert broker_block.start is not None
    assert broker_block.stop is not None
    await broker_block.start(broker_house)
    app = make_app(broker_house, broker_block)
    server = Server(app, port=free, interface=Interfaces.ASGI, log_enabled=False)
    running = asyncio.ensure_future(server.serve())
    await _until_open(free)
    try:
        yield free
    finally:
        server.stop()
        await running
        await broker_block.stop(broker_house)


async def _until_open(port: int) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def test_ngsildclient_works_as_it_comes(python: Path, port: int) -> None:
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(HERE / "scenario.py"),
        str(port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)

    assert process.returncode == 0, f"{out.decode()}\n{err.decode()}"


async def test_a_real_server_keeps_the_slashes_of_an_id(port: int) -> None:
    entities = f"http://127.0.0.1:{port}/ngsi-ld/v1/entities"
    path = f"{entities}/http%3a%2F%2Fexample.org%2Frooms%2F%E4%B8%80?options=keyValues"
    async with httpx.AsyncClient() as client:
        entity = {"id": "http://example.org/rooms/一", "type": "Room", "a": 1}
        made = await client.post(entities, json=entity)
        found = await client.get(path)
        head = await client.head(path)

    assert made.status_code == 201
    assert found.json() == entity
    assert (head.status_code, head.content) == (200, b"")


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """Fetched once by npm into an ignored folder; without npm there is nothing to run."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs node and npm")
    if not (CLIENTS / "node_modules" / "ngsijs").exists():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("npm could not fetch the clients")
    return CLIENTS / "node_modules"


@pytest.mark.usefixtures("node_modules")
async def test_ngsijs_works_as_it_comes(port: int) -> None:
    process = await asyncio.create_subprocess_exec(
        "node",
        str(CLIENTS / "ngsijs.mjs"),
        f"http://127.0.0.1:{port}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 0, f"{out.decode()}\n{err.decode()}"
