"""`mieone up` as a newcomer and as a harsh operator meet it: started, killed anywhere, back again."""

import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mieone.core.postmaster import find_postmaster
from mieone.core.supervisor import Address, is_ready

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[1]
BOUND_S = 90.0


class Installation:
    """One home with two ports of its own, and at most one `mieone up` that we started in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port, self.tls_port = free_port(), free_port()
        self.log = home.with_suffix(".log")
        self.up: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MIEONE_HOME": str(self.home),
            "MIEONE_PORT": str(self.port),
            "MIEONE_TLS_PORT": str(self.tls_port),
            "MIEONE_REGION": str(ROOT / "regions/mie"),
            "MIEONE_SAMPLE": "no",
        }

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "mieone.cli", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=BOUND_S,
        )

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.up = subprocess.Popen(
                [sys.executable, "-m", "mieone.cli", "up"],
                env=self.environment(),
                stdout=log,
                stderr=log,
            )
        until(self.serves, self.said)

    def serves(self) -> bool:
        assert self.up is not None
        assert self.up.poll() is None, self.said()
        secure = Address(port=self.tls_port, authority=self.home / "ca.pem")
        return is_ready(Address(port=self.port)) and (
            (self.home / "ca.pem").exists() and is_ready(secure)
        )

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        assert self.up is not None
        self.up.send_signal(number)
        code = self.up.wait(20)
        self.up = None
        return code

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def processes(self) -> list[int]:
        """Everything that still runs with this home, whoever its parent is now."""
        return [pid for pid in every_process() if self._is_ours(pid)]

    def left(self) -> list[str]:
        """The same for people: which they are."""
        return [f"{pid} {command_line(pid)}" for pid in self.processes()]

    def _is_ours(self, pid: int) -> bool:
        mark = str(self.home).encode()
        with contextlib.suppress(OSError):
            if is_zombie(pid):
                return False
            named = mark in Path(f"/proc/{pid}/cmdline").read_bytes()
            return named or f"MIEONE_HOME={self.home}".encode() in (
                Path(f"/proc/{pid}/environ").read_bytes()
            )
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def every_process() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def until(condition: Callable[[], bool], tell: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.1)


@pytest.fixture
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="mieone-up-", ignore_cleanup_errors=True) as place:
        made = Installation(Path(place) / "home")
        yield made
        if made.up is not None:
            made.up.kill()
            made.up.wait()
        until(lambda: not made.processes(), lambda: "\n".join([*made.left(), made.said()]))


def test_it_serves_both_origins_and_stops_without_a_trace(installation: Installation) -> None:
    installation.start()
    until(lambda: "ready in" in installation.said(), installation.said)

    trust = ssl.create_default_context(cafile=str(installation.home / "ca.pem"))
    secure = http.client.HTTPSConnection("localhost", installation.tls_port, context=trust)
    secure.request("GET", "/health/live")
    assert secure.getresponse().status == 200
    secure.close()

    begun = time.monotonic()
    assert installation.end() == 0
    assert time.monotonic() - begun < 15
    assert installation.left() == []
    assert "Traceback" not in installation.said()


def test_a_second_up_in_one_home_refuses_politely(installation: Installation) -> None:
    installation.start()

    second = installation.command("up")

    assert second.returncode == 1
    assert re.fullmatch(r"mieone: .* is in use by process \d+: .*\n", second.stderr)
    assert installation.serves()


def test_a_command_works_beside_the_running_servers_and_without_them(
    installation: Installation,
) -> None:
    alone = installation.command("migrate")
    installation.start()
    beside = installation.command("migrate")

    assert alone.returncode == 0, alone.stderr
    assert beside.stdout == "0 migrations applied\n", beside.stderr


def test_whatever_is_killed_comes_back(installation: Installation) -> None:
    installation.start()
    server = find_postmaster(installation.home / "postgres")
    assert server is not None

    for mark in ("mieone.main:people", "mieone.main:machines", "mieone.cli worker"):
        # The manager and its workers carry one command line; the last is a worker.
        victim = max(pid for pid in installation.processes() if mark in command_line(pid))
        os.kill(victim, signal.SIGKILL)
        until(lambda gone=victim: gone not in installation.processes())
        until(installation.serves, installation.said)
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: server.pid not in installation.processes())
    until(installation.serves, installation.said)

    assert installation.end(signal.SIGTERM) == 0


def test_a_start_after_the_supervisor_was_killed_finds_its_way(installation: Installation) -> None:
    installation.start()
    before = set(installation.processes())
    assert installation.up is not None
    installation.up.kill()
    installation.up.wait()

    installation.start()

    # Nobody ends them but they themselves: within a time that they know.
    until(
        lambda: before.isdisjoint(installation.processes()),
        lambda: "\n".join(installation.left()),
    )
    assert installation.end() == 0
    assert installation.left() == []


def test_a_start_after_everything_was_killed_at_once_finds_its_way(
    installation: Installation,
) -> None:
    installation.start()
    for pid in installation.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert installation.up is not None
    installation.up.wait()

    installation.start()

    assert installation.end() == 0


def test_a_setting_that_cannot_be_used_is_named(installation: Installation) -> None:
    environment = {**installation.environment(), "MIEONE_PORT": "eighty"}

    ran = subprocess.run(
        [sys.executable, "-m", "mieone.cli", "up"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert ran.stderr.startswith("mieone: MIEONE_PORT is 'eighty'")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("arguments", [("verify",), ("backup", "{home}.backup")])
def test_a_home_where_nothing_was_ever_written_is_named_as_such(
    installation: Installation, arguments: tuple[str, ...]
) -> None:
    ran = installation.command(*(part.format(home=installation.home) for part in arguments))

    assert ran.returncode == 1
    assert re.fullmatch(r"mieone: (run `mieone migrate` first|nothing was ever).*\n", ran.stderr)


def test_production_refuses_a_home_that_was_tried_out(installation: Installation) -> None:
    installation.home.mkdir(exist_ok=True)
    (installation.home / "sample.done").write_text("[]")
    environment = {**installation.environment(), "MIEONE_PROFILE": "production"}

    ran = subprocess.run(
        [sys.executable, "-m", "mieone.cli", "up"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 2
    assert "was used for trying out" in ran.stderr


def test_a_port_in_use_is_named(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.port))
        taken.listen()

        ran = installation.command("up")

    assert ran.returncode == 1
    assert f"MIEONE_PORT={installation.port} is in use" in ran.stderr
