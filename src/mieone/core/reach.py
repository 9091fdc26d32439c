"""How a process of ours finds the database: a server elsewhere, the running one, or a new start."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from .cluster import Cluster, ClusterError, HomeIsTaken, run_apart
from .postmaster import find_postmaster
from .roles import (
    Connections,
    embedded_connections,
    load_credentials,
    prepare_external,
    write_private,
)
from .settings import Settings

HALF_RESTORED = "restore.incomplete"
"""While this file is in a home, people who asked to be forgotten may still be in its database."""

_STARTING_LIMIT_S = 60.0


def find_connections(settings: Settings) -> Connections:
    """For servers and workers, which only connect. Raises ClusterError when nothing is running."""
    if settings.database_url is not None:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return run_apart(prepare_external(load_credentials(settings.home), settings.database_url))
    found = _running(settings.home)
    if found is None:
        raise ClusterError(f"no database is running in {settings.home}: start it with `make up`")
    return found


@contextlib.contextmanager
def reached(settings: Settings) -> Iterator[Connections]:
    """For commands: the running server, or one that runs as long as the command does."""
    if settings.database_url is not None:
        connections = find_connections(settings)
        remember_connections(settings.home, connections)
        yield connections
        return
    check_restored(settings.home)
    cluster = Cluster(settings.home)
    try:
        connections = cluster.start()
    except HomeIsTaken:
        connections = _wait_for_running(settings.home)
    try:
        remember_connections(settings.home, connections)
        yield connections
    finally:
        cluster.stop()


def check_restored(home: Path) -> None:
    if (home / HALF_RESTORED).exists():
        raise ClusterError(
            f"a restore into {home} was not finished, and the destruction list not replayed: "
            "remove that directory and restore again"
        )


def remember_connections(home: Path, connections: Connections) -> None:
    """For the processes that are started next: servers, the worker, other commands."""
    write_private(home / "connections.json", msgspec.json.encode(connections))


def _wait_for_running(home: Path) -> Connections:
    deadline = time.monotonic() + _STARTING_LIMIT_S
    while time.monotonic() < deadline:
        found = _running(home)
        if found is not None:
            return found
        time.sleep(0.1)
    raise ClusterError(f"the owner of {home} has not started its database")


def _running(home: Path) -> Connections | None:
    server = find_postmaster(home / "postgres")
    if server is None or not server.ready:
        return None
    return embedded_connections(load_credentials(home), server.socket_dir, server.port)
