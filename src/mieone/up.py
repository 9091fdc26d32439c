"""`mieone up`: from an empty directory to a served portal, and back to silence on Ctrl-C."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from mieone import main
from mieone.blocks import registry
from mieone.core.cluster import Cluster, HomeLock
from mieone.core.reach import check_restored, find_connections, remember_connections
from mieone.core.region import Region
from mieone.core.schema import migrate
from mieone.core.settings import Profile, Settings, SettingsError
from mieone.core.supervisor import (
    Address,
    Process,
    Supervisor,
    Watched,
    check_ports_free,
    stops_on_signals,
)
from mieone.core.tls import ServerCertificate, ensure_certificate
from mieone.web import Assets

MAX_APPLICATION_CONNECTIONS = 38
_SAMPLE_STAMP = "sample.done"


def up(settings: Settings) -> int:
    """Runs until Ctrl-C or SIGTERM; returns the exit code."""
    _check_settings(settings)
    Assets.load()
    began = time.monotonic()
    stop = _Stop()
    with stops_on_signals(stop.ask), contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        say("database …")
        watched = stack.enter_context(_database(settings))
        check_ports_free({"MIEONE_PORT": settings.port, "MIEONE_TLS_PORT": settings.tls_port})
        applied = asyncio.run(
            migrate(main.read_connections(settings.home).owner_dsn, main.migrations())
        )
        say(f"schema: {applied} migrations applied" if applied else "schema: up to date")
        load_samples(settings)
        certificate = ensure_certificate(settings.home, datetime.now(UTC))
        supervisor = Supervisor(processes(settings, certificate), watched)
        stack.callback(supervisor.stop)
        stack.callback(say, "stopping …")
        stop.supervisor = supervisor
        supervisor.start()
        supervisor.wait_until_ready(addresses(settings, certificate))
        if not stop.asked:
            announce(settings, time.monotonic() - began)
        supervisor.run(lambda: _renewed(settings))
    say("stopped")
    return 0


class _Stop:
    """Before the processes run, a signal interrupts; afterwards it asks."""

    def __init__(self) -> None:
        self.supervisor: Supervisor | None = None
        self.asked = False

    def ask(self) -> None:
        self.asked = True
        if self.supervisor is None:
            raise KeyboardInterrupt
        self.supervisor.ask_to_stop()


def _check_settings(settings: Settings) -> None:
    if settings.profile is Profile.PRODUCTION and _was_tried_out(settings):
        # Sample officers, their open sessions and people whom a simulated card proved would come in.
        raise SettingsError(
            f"MIEONE_HOME={settings.home} was used for trying out: production needs a home "
            "and a database of its own"
        )
    if settings.port == settings.tls_port:
        raise SettingsError(f"MIEONE_PORT and MIEONE_TLS_PORT are both {settings.port}")
    # Each server process has a pool of its own; the worker has one and the sealer two more.
    wanted = settings.pool_size * (2 * settings.workers + 1) + 2
    if settings.database_url is None and wanted > MAX_APPLICATION_CONNECTIONS + 2:
        raise SettingsError(
            f"MIEONE_WORKERS={settings.workers} and MIEONE_POOL_SIZE={settings.pool_size} need "
            f"{wanted} connections; the embedded server has {MAX_APPLICATION_CONNECTIONS + 2} for them"
        )


def _was_tried_out(settings: Settings) -> bool:
    return (settings.home / _SAMPLE_STAMP).exists() or main.CARDS.were_used(settings.home)


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[list[Watched]]:
    """Own the home; run the embedded server in it unless there is one elsewhere."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.database_url is not None:
        lock = HomeLock(settings.home)
        lock.acquire()
        try:
            remember_connections(settings.home, find_connections(settings))
            yield []
        finally:
            lock.release()
        return
    check_restored(settings.home)
    cluster = Cluster(settings.home)
    with cluster as connections:
        remember_connections(settings.home, connections)

        def revive() -> None:
            remember_connections(settings.home, cluster.revive())

        yield [Watched(name="database", died=cluster.died, revive=revive)]


def load_samples(settings: Settings, *, again: bool = False) -> None:
    """Once per installation and set of blocks; never in production."""
    if not settings.sample or settings.profile is Profile.PRODUCTION:
        return
    stamp = settings.home / _SAMPLE_STAMP
    names = [block.name for block in main.BLOCKS if block.sample is not None]
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        if not again and msgspec.json.decode(stamp.read_bytes(), type=list[str]) == names:
            return
    began = time.monotonic()
    asyncio.run(_load_samples(settings))
    stamp.write_bytes(msgspec.json.encode(names))
    say(f"sample data: loaded in {time.monotonic() - began:.1f} s")


async def _load_samples(settings: Settings) -> None:
    async with main.opened(settings) as house:
        for block in house.blocks:
            if block.sample is not None:
                say(f"sample data: {block.name} …")
                await block.sample(house)


def processes(settings: Settings, certificate: ServerCertificate) -> list[Process]:
    serve = [sys.executable, "-m", "mieone.core.serve"]
    workers = ["--workers", str(settings.workers)]
    tls = ["--certificate", str(certificate.certificate), "--key", str(certificate.key)]
    people = [*serve, "mieone.main:people", "--port", str(settings.port), *workers]
    machines = [*serve, "mieone.main:machines", "--port", str(settings.tls_port), *workers, *tls]
    work = [sys.executable, "-m", "mieone.cli", "worker"]
    environment = {"MIEONE_HOME": str(settings.home), "MIEONE_REGION": str(settings.region_dir)}
    return [
        Process(name="people", command=tuple(people), environment=environment),
        Process(name="machines", command=tuple(machines), environment=environment),
        Process(name="worker", command=tuple(work), environment=environment),
    ]


def addresses(settings: Settings, certificate: ServerCertificate) -> list[Address]:
    return [
        Address(port=settings.port),
        Address(port=settings.tls_port, authority=certificate.authority),
    ]


def _renewed(settings: Settings) -> list[str]:
    made = ensure_certificate(settings.home, datetime.now(UTC))
    return ["machines"] if made.renewed else []


def announce(settings: Settings, took_s: float) -> None:
    say(
        f"\nready in {took_s:.1f} s\n\n"
        f"  residents    {settings.people_origin}/\n"
        f"  officers     {settings.people_origin}/desk\n"
        f"  shops        {settings.people_origin}/shop\n"
        f"  developers   {settings.people_origin}/developers\n"
        f"  machines     {settings.machines_origin}  (trust {settings.home / 'ca.pem'})\n"
    )
    introduce(settings)
    say("Ctrl-C stops everything; the data stays in " + str(settings.home))


def introduce(settings: Settings) -> None:
    """A handful of the synthetic people, with the numbers of their simulated cards."""
    people = registry.read_sample_people(settings.home)
    if not people or not settings.simulators_allowed:
        return
    region = Region.load(settings.region_dir)
    say("sample people, all synthetic; each holds a simulated card, whose page tells its PINs:")
    for person in people:
        town = region.town(person.town).name.ja
        say(f"  {person.card_number}  {town}  {person.name_on_card}  ({person.key})")
    say("")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
