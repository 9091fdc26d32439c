"""Processes that die come back; those that are stopped stay away; nothing outlives its owner."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mieone.core.supervisor import (
    Address,
    NotReady,
    PortTaken,
    Process,
    Supervisor,
    Watched,
    check_ports_free,
    stops_on_signals,
)

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer.allow_reuse_address = True
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

OWNER = """
import sys
from pathlib import Path
from mieone.core.supervisor import Process, Supervisor
supervisor = Supervisor([
    Process(name="child", command=("sleep", "600"), environment={}),
])
supervisor.start()
print(supervisor.pids()["child"], flush=True)
supervisor.run()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_process(port: int) -> Process:
    command = (sys.executable, "-c", SERVER, str(port))
    return Process(name="server", command=command, environment={})


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def supervisor(port: int) -> Iterator[Supervisor]:
    made = Supervisor([server_process(port)])
    made.start()
    yield made
    made.stop()


def run_for(supervisor: Supervisor, deed: Callable[[], None]) -> None:
    """Run the supervisor where it belongs, in the main thread, and the deed beside it."""
    failures: list[BaseException] = []

    def act() -> None:
        try:
            deed()
        except BaseException as error:
            failures.append(error)
        finally:
            supervisor.ask_to_stop()

    beside = threading.Thread(target=act)
    beside.start()
    supervisor.run()
    beside.join()
    if failures:
        raise failures[0]


def test_it_knows_when_a_server_is_ready(supervisor: Supervisor, port: int) -> None:
    supervisor.wait_until_ready([Address(port=port)], limit_s=10)

    assert set(supervisor.pids()) == {"server"}


def test_a_killed_process_comes_back(supervisor: Supervisor, port: int) -> None:
    supervisor.wait_until_ready([Address(port=port)], limit_s=10)
    first = supervisor.pids()["server"]

    def kill_and_wait() -> None:
        os.kill(first, signal.SIGKILL)
        until(lambda: supervisor.pids().get("server", first) != first)

    run_for(supervisor, kill_and_wait)

    supervisor.wait_until_ready([Address(port=port)], limit_s=10)
    assert not lives(first)


def test_stopping_takes_seconds_even_when_a_process_does_not_listen() -> None:
    deaf = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    stubborn = Process(name="deaf", command=(sys.executable, "-c", deaf), environment={})
    supervisor = Supervisor([stubborn])
    supervisor.start()
    pid = supervisor.pids()["deaf"]
    time.sleep(0.3)

    begun = time.monotonic()
    supervisor.stop()

    assert time.monotonic() - begun < 8
    assert not lives(pid)


def test_a_process_that_dies_over_and_over_is_named() -> None:
    broken = Process(name="broken", command=("false",), environment={})
    supervisor = Supervisor([broken])
    supervisor.start()

    with pytest.raises(NotReady, match="broken"):
        supervisor.wait_until_ready([Address(port=free_port())], limit_s=60)
    supervisor.stop()


def test_children_do_not_outlive_a_killed_supervisor() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    assert lives(child)

    owner.kill()
    owner.communicate()

    until(lambda: not lives(child), limit_s=5)


def test_a_signal_asks_to_stop(supervisor: Supervisor) -> None:
    with stops_on_signals(supervisor.ask_to_stop):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        supervisor.run()

    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_dead_database_is_revived_and_a_failing_revival_stops_nothing(port: int) -> None:
    attempts: list[str] = []

    def revive() -> None:
        attempts.append("tried")
        raise OSError("no space left")

    part = Watched(name="database", died=lambda: True, revive=revive)
    supervisor = Supervisor([server_process(port)], [part])
    supervisor.start()

    run_for(supervisor, lambda: until(lambda: bool(attempts)))

    assert set(supervisor.pids()) == {"server"}
    supervisor.stop()


def test_an_hourly_check_may_restart_a_process(supervisor: Supervisor, port: int) -> None:
    supervisor.wait_until_ready([Address(port=port)], limit_s=10)
    first = supervisor.pids()["server"]

    supervisor.restart(["server"])

    supervisor.wait_until_ready([Address(port=port)], limit_s=10)
    assert supervisor.pids()["server"] != first


def test_a_taken_port_is_named_by_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = int(taken.getsockname()[1])

        with pytest.raises(PortTaken, match=f"MIEONE_PORT={number}"):
            check_ports_free({"MIEONE_PORT": number}, limit_s=0.2)
