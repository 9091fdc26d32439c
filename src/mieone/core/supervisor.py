"""Keeps our processes running: started together, restarted when they die, stopped within seconds."""

import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import msgspec
import structlog

from .ending import SUPERVISOR
from .server_account import command_prefix

log = structlog.get_logger()

_TURN_S = 0.1
_ASK_S = 0.25
_STOP_LIMIT_S = 6.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STEADY_AFTER_S = 60.0
_REVIVE_PAUSE_S = 5.0
_READY_LIMIT_S = 90.0


class NotReady(Exception):
    """A process did not answer in time, or died over and over; the text says which."""


class PortTaken(Exception):
    """A port we should serve on is in use by another program."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """Something beside the processes that can die and be brought back: the database."""

    name: str
    died: Callable[[], bool]
    revive: Callable[[], object]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    port: int
    authority: Path | None = None
    """Present when the server speaks TLS."""


class _Child:
    """One process and the story of its deaths."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.running: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        self._next_at = 0.0

    def start(self) -> None:
        command = [*command_prefix(at_parents_death="TERM"), *self.process.command]
        # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop it in order.
        self.running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.process.environment, SUPERVISOR: str(os.getpid())},
            start_new_session=True,
        )
        self._started_at = time.monotonic()

    def tend(self) -> None:
        """Notice a death, and start again when its pause is over."""
        now = time.monotonic()
        if self.running is not None:
            code = self.running.poll()
            if code is None:
                return
            self.running = None
            steady = now - self._started_at > _STEADY_AFTER_S
            self._failures = 1 if steady else self._failures + 1
            pause_s = min(_FIRST_PAUSE_S * 2 ** (self._failures - 1), _LONGEST_PAUSE_S)
            self._next_at = now + pause_s
            log.error("process_died", process=self.process.name, code=code, restart_in_s=pause_s)
        elif now >= self._next_at:
            self.start()

    @property
    def failures(self) -> int:
        return self._failures

    def signal(self, number: signal.Signals) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(number)

    def wait(self, limit_s: float) -> bool:
        if self.running is None:
            return True
        try:
            self.running.wait(limit_s)
        except subprocess.TimeoutExpired:
            return False
        return True


class Supervisor:
    """Belongs to the main thread: the kernel ties our children's lives to the thread that made them."""

    def __init__(self, processes: Sequence[Process], watched: Sequence[Watched] = ()) -> None:
        self._children = [_Child(process) for process in processes]
        self._watched = watched
        self._stopping = False
        self._revive_at = 0.0

    def start(self) -> None:
        for child in self._children:
            child.start()

    def ask_to_stop(self) -> None:
        self._stopping = True

    def run(self, each_hour: Callable[[], Sequence[str]] = lambda: ()) -> None:
        """Until asked to stop. What `each_hour` names is started anew (a renewed certificate)."""
        next_hour = time.monotonic() + 3600
        while not self._stopping:
            self._tend()
            if time.monotonic() > next_hour:
                next_hour += 3600
                self.restart(each_hour())
            time.sleep(_TURN_S)

    def wait_until_ready(
        self, addresses: Sequence[Address], limit_s: float = _READY_LIMIT_S
    ) -> None:
        """Returns when each server answers, or when asked to stop. Raises NotReady."""
        waiting = list(addresses)
        deadline = time.monotonic() + limit_s
        while waiting and not self._stopping:
            self._tend()
            hopeless = [child for child in self._children if child.failures >= 5]
            if hopeless or time.monotonic() > deadline:
                names = [child.process.name for child in hopeless]
                ports = [f"port {address.port}" for address in waiting]
                raise NotReady(
                    f"no answer from {', '.join(names or ports)}; the lines above say why"
                )
            waiting = [address for address in waiting if not is_ready(address)]
            if waiting:
                time.sleep(_ASK_S)

    def restart(self, names: Sequence[str]) -> None:
        chosen = [child for child in self._children if child.process.name in names]
        self._end(chosen)
        for child in chosen:
            child.start()

    def stop(self) -> None:
        self._end(self._children)

    def pids(self) -> dict[str, int]:
        return {
            child.process.name: child.running.pid
            for child in self._children
            if child.running is not None
        }

    def _tend(self) -> None:
        for part in self._watched:
            if part.died() and time.monotonic() >= self._revive_at:
                self._revive(part)
        for child in self._children:
            child.tend()

    def _revive(self, part: Watched) -> None:
        log.error("process_died", process=part.name, restart_in_s=0)
        try:
            part.revive()
        except Exception as error:
            # The others go on answering that they are not ready; a full disk may be freed meanwhile.
            self._revive_at = time.monotonic() + _REVIVE_PAUSE_S
            log.error("revival_failed", process=part.name, kind=type(error).__name__)

    def _end(self, children: Sequence[_Child]) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_LIMIT_S
        for child in children:
            if not child.wait(max(0.0, deadline - time.monotonic())):
                log.warning("process_killed", process=child.process.name)
                child.signal(signal.SIGKILL)
                child.wait(5.0)
            child.running = None


@contextlib.contextmanager
def stops_on_signals(ask_to_stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal ask; a second time changes nothing."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        ask_to_stop()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)


def is_ready(address: Address) -> bool:
    """Whether the server at this address says that it can serve."""
    if address.authority is None:
        conn = http.client.HTTPConnection("127.0.0.1", address.port, timeout=2)
    else:
        trust = ssl.create_default_context(cafile=str(address.authority))
        conn = http.client.HTTPSConnection("127.0.0.1", address.port, timeout=2, context=trust)
    try:
        conn.request("GET", "/health/ready")
        return conn.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        conn.close()


def check_ports_free(ports: Mapping[str, int], limit_s: float = 5.0) -> None:
    """What a killed `mieone up` left behind is gone within moments; anything else stays."""
    deadline = time.monotonic() + limit_s
    taken = _taken(ports)
    while taken and time.monotonic() < deadline:
        time.sleep(_TURN_S)
        taken = _taken(ports)
    if taken:
        raise PortTaken(", ".join(f"{name}={ports[name]}" for name in taken))


def _taken(ports: Mapping[str, int]) -> list[str]:
    taken: list[str] = []
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken.append(name)
    return taken
