"""Which PostgreSQL server runs in a data directory, and how one that nobody owns is ended."""

import contextlib
import os
import signal
import time
from pathlib import Path

import msgspec

_STOP_LIMIT_S = 20.0


class Postmaster(msgspec.Struct, frozen=True):
    """What a running server wrote about itself."""

    pid: int
    port: int
    socket_dir: Path
    ready: bool


def find_postmaster(data: Path) -> Postmaster | None:
    """None when there is no server, or when its pid file is stale."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid, port, directory = int(lines[0]), int(lines[3]), lines[4]
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if not _serves(pid, data):
        return None
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return Postmaster(pid, port, Path(directory), ready)


def _serves(pid: int, data: Path) -> bool:
    """The number may have gone to another program since; a server stands in its data directory."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data) and _is_alive(pid)
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _processes_in(data: Path) -> list[int]:
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in numbers if _serves(pid, data)]


def end_survivor(data: Path) -> None:
    """Stop a server, or what is left of one, whose owner was killed. The caller holds the lock."""
    survivor = find_postmaster(data)
    if survivor is not None:
        _signal(survivor.pid, signal.SIGINT)
        _wait_until_gone(data, _STOP_LIMIT_S)
    for number in (signal.SIGQUIT, signal.SIGKILL):
        left = _processes_in(data)
        for pid in left:
            _signal(pid, number)
        if left:
            _wait_until_gone(data, 5.0)
    # Nobody serves this directory now: a pid file that stayed would only name a stranger.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _wait_until_gone(data: Path, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while _processes_in(data) and time.monotonic() < deadline:
        time.sleep(0.05)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        # A stopped process would keep the signal waiting.
        os.kill(pid, signal.SIGCONT)
