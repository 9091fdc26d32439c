"""A whole installation, started as a newcomer would, and a real browser in front of it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
START_LIMIT_S = 150


class Installation(msgspec.Struct, frozen=True):
    """Where a running `mieone up` is found."""

    home: Path
    port: int
    tls_port: int

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def issuer(self) -> str:
        return f"https://localhost:{self.tls_port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MIEONE_HOME": str(self.home),
            "MIEONE_PORT": str(self.port),
            "MIEONE_TLS_PORT": str(self.tls_port),
            "MIEONE_PROFILE": "demo",
        }

    def command(self, *words: str, limit_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mieone.cli", *words],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all journeys; sample people and all. Stopped by Ctrl-C, as a person would.

    While a journey is being written, MIEONE_TEST_INSTALLATION=home:port:tls_port names a running one.
    """
    if running_one := os.environ.get("MIEONE_TEST_INSTALLATION"):
        home, port, tls_port = running_one.rsplit(":", 2)
        yield Installation(Path(home), int(port), int(tls_port))
        return
    made = Installation(tmp_path_factory.mktemp("installation"), free_port(), free_port())
    log = made.home.parent / f"{made.home.name}.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "mieone.cli", "up"],
            env=made.environment,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(made, running, log)
            yield made
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(timeout=30)


def _wait_until_ready(made: Installation, running: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if running.poll() is not None:
            break
        try:
            answer = httpx.get(f"http://127.0.0.1:{made.port}/health/ready")
            if answer.status_code == 200 and "Ctrl-C" in log.read_text("utf-8", errors="replace"):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    pytest.fail(f"no installation: {log.read_text('utf-8', errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip("needs Debian's chromium; make test names it")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture(scope="session")
def toured(installation: Installation) -> str:
    """What the tour printed; it is walked once for all tests that look at its traces."""
    if "MIEONE_TEST_INSTALLATION" in os.environ:
        return "the story works from end to end"
    done = installation.command("tour", limit_s=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
