"""The embedded server: made once, kept, and back after every kind of violent end."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from mieone.core.cluster import PROGRAMS, Cluster, HomeIsTaken, temporary_cluster
from mieone.core.postmaster import find_postmaster
from mieone.core.reach import find_connections
from mieone.core.roles import (
    Connections,
    database_script,
    external_connections,
    load_credentials,
    scram_verifier,
)
from mieone.core.schema import all_migrations, migrate
from mieone.core.settings import Settings

BOUND_S = 15.0
"""Nobody should wait longer for a recovery of a small database."""

OWNER_PROGRAM = """
import sys, time
from pathlib import Path
from mieone.core.cluster import Cluster
cluster = Cluster(Path(sys.argv[1]), tcp=False)
cluster.start()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="mieone-home-"))
    yield place
    shutil.rmtree(place, ignore_errors=True)


async def put(connections: Connections, text: str) -> None:
    conn = await asyncpg.connect(connections.owner_dsn)
    await conn.execute("CREATE TABLE IF NOT EXISTS public.kept (line text NOT NULL)")
    await conn.execute("INSERT INTO public.kept (line) VALUES ($1)", text)
    await conn.close()


async def kept(connections: Connections) -> list[str]:
    conn = await asyncpg.connect(connections.owner_dsn)
    rows = await conn.fetch("SELECT line FROM public.kept ORDER BY line")
    await conn.close()
    return [row["line"] for row in rows]


def psql(dsn: str, script: str) -> "subprocess.CompletedProcess[str]":
    command = [str(PROGRAMS / "psql"), "-v", "ON_ERROR_STOP=1", "-d", dsn]
    return subprocess.run(command, input=script, capture_output=True, text=True, check=False)


def owned_elsewhere(home: Path) -> "subprocess.Popen[str]":
    """Another process that owns the home, as `make up` would."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER_PROGRAM, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    return owner


def ended(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


async def allow_creating(connections: Connections) -> None:
    conn = await asyncpg.connect(connections.maintenance_dsn.replace("/postgres?", "/mieone?"))
    await conn.execute("GRANT CREATE ON SCHEMA public TO mieone_owner")
    await conn.close()


async def test_each_login_reaches_the_database_as_itself_and_none_is_a_superuser() -> None:
    with temporary_cluster() as connections:
        for dsn, name in (
            (connections.owner_dsn, "mieone_owner"),
            (connections.app_dsn, "mieone_app"),
            (connections.sealer_dsn, "mieone_sealer"),
            (connections.auditor_dsn, "mieone_auditor"),
        ):
            conn = await asyncpg.connect(dsn)
            row = await conn.fetchrow(
                "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb "
                "FROM pg_roles WHERE rolname = current_user"
            )
            await conn.close()
            assert row is not None
            assert tuple(row.values()) == (name, False, False, False, False)


async def test_nobody_gets_in_without_a_password() -> None:
    with temporary_cluster() as connections:
        wrong = connections.maintenance_dsn.replace("postgres:", "postgres:x", 1)

        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)


async def test_a_real_server_keeps_every_commit_and_logs_no_values(home: Path) -> None:
    with Cluster(home) as connections:
        conn = await asyncpg.connect(connections.owner_dsn)
        shown = {
            name: await conn.fetchval("SELECT current_setting($1)", name)
            for name in (
                "fsync",
                "synchronous_commit",
                "full_page_writes",
                "data_checksums",
                "log_error_verbosity",
                "log_min_error_statement",
                "server_encoding",
                "listen_addresses",
            )
        }
        await conn.close()

    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "server_encoding": "UTF8",
        "listen_addresses": "127.0.0.1",
    }
    assert (home / "credentials.json").stat().st_mode & 0o777 == 0o600


async def test_a_second_start_keeps_what_was_there(home: Path) -> None:
    with Cluster(home) as connections:
        await allow_creating(connections)
        await put(connections, "first")

    with Cluster(home) as connections:
        assert await kept(connections) == ["first"]


def test_a_second_owner_of_a_home_is_told_who_has_it(home: Path) -> None:
    with Cluster(home):
        with pytest.raises(HomeIsTaken, match=str(os.getpid())):
            Cluster(home).start()


async def test_committed_rows_survive_a_killed_server(home: Path) -> None:
    cluster = Cluster(home)
    connections = cluster.start()
    await allow_creating(connections)
    await put(connections, "before")
    assert cluster.pid is not None
    os.kill(cluster.pid, signal.SIGKILL)
    cluster.wait(BOUND_S)
    assert cluster.died()
    cluster.stop()

    begun = time.monotonic()
    with Cluster(home) as again:
        assert await kept(again) == ["before"]
    assert time.monotonic() - begun < BOUND_S


async def test_a_server_whose_owner_was_killed_does_not_stand_in_the_way(home: Path) -> None:
    owner = owned_elsewhere(home)
    ended(owner)

    begun = time.monotonic()
    with Cluster(home, tcp=False) as connections:
        await allow_creating(connections)
        await put(connections, "here")
        assert await kept(connections) == ["here"]
    assert time.monotonic() - begun < BOUND_S


async def test_a_survivor_that_ignores_its_owners_death_is_ended(home: Path) -> None:
    owner = owned_elsewhere(home)
    server = find_postmaster(home / "postgres")
    assert server is not None
    os.kill(server.pid, signal.SIGSTOP)
    ended(owner)

    with Cluster(home, tcp=False):
        now = find_postmaster(home / "postgres")
        assert now is not None
        assert now.pid != server.pid


def test_a_pid_file_that_names_a_stranger_is_not_believed(home: Path) -> None:
    with Cluster(home, tcp=False):
        text = (home / "postgres/postmaster.pid").read_text()
    lines = [str(os.getpid()), *text.splitlines()[1:]]
    (home / "postgres/postmaster.pid").write_text("\n".join(lines) + "\n")

    assert find_postmaster(home / "postgres") is None
    with Cluster(home, tcp=False):
        assert find_postmaster(home / "postgres") is not None


def test_a_half_made_server_is_made_anew(home: Path) -> None:
    (home / "postgres.new").mkdir()
    (home / "postgres.new/PG_VERSION").write_text("18\n")

    with Cluster(home, tcp=False):
        assert not (home / "postgres.new").exists()


def test_a_home_with_a_long_path_still_gets_a_socket(home: Path) -> None:
    deep = home / ("long" * 20) / "er"
    deep.mkdir(parents=True)

    with Cluster(deep, tcp=False) as connections:
        assert "host=%2Ftmp%2Fmieone-" in connections.app_dsn


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's server runs as that user")
def test_a_private_directory_stays_private_and_is_passed_all_the_same(home: Path) -> None:
    private = home / "private"
    private.mkdir(mode=0o700)
    for _ in range(2):
        with Cluster(private / "home", tcp=False):
            assert private.stat().st_mode & 0o007 == 0
        # Whoever tidies up takes the group's bits away, and the entry loses its effect.
        private.chmod(0o700)


async def test_other_processes_find_the_running_server(home: Path) -> None:
    settings = Settings(home=home, region_dir=Path("regions/mie"))
    with Cluster(home) as connections:
        assert find_connections(settings) == connections


async def test_an_owner_elsewhere_who_may_make_roles_needs_no_administrator(home: Path) -> None:
    with Cluster(home / "theirs") as theirs:
        admin = await asyncpg.connect(theirs.maintenance_dsn)
        for role in ("mieone_app", "mieone_sealer", "mieone_auditor"):
            await admin.execute(f"REVOKE CONNECT ON DATABASE mieone FROM {role}; DROP ROLE {role}")
        await admin.execute("CREATE ROLE region_it LOGIN CREATEROLE PASSWORD 'local'")
        await admin.execute("CREATE DATABASE outside OWNER region_it")
        port = await admin.fetchval("SHOW port")
        await admin.close()
        url = f"postgresql://region_it:local@127.0.0.1:{port}/outside"
        ours = Settings(home=home / "ours", region_dir=Path("regions/mie"), database_url=url)

        found = find_connections(ours)
        again = find_connections(ours)

        conn = await asyncpg.connect(found.app_dsn)
        assert await conn.fetchval("SELECT current_user || '@' || current_database()") == (
            "mieone_app@outside"
        )
        await conn.close()
    assert found == again
    assert found == external_connections(load_credentials(home / "ours"), url)


def test_a_verifier_is_the_one_postgresql_computes() -> None:
    # The example of RFC 7677, with the salt and iteration count PostgreSQL uses by default.
    salt = bytes(range(16))

    verifier = scram_verifier("pencil", salt)

    assert verifier.startswith("SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_runs_the_same_server() -> None:
    program = (
        "import sys, tempfile\n"
        "from mieone.core.cluster import temporary_cluster\n"
        "with temporary_cluster() as connections:\n"
        "    print('started', 'mieone_app' in connections.app_dsn)\n"
    )
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    ran = subprocess.run(
        [*prefix, sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd="/tmp",
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
    )

    if "Permission denied" in ran.stderr and "mieone" not in ran.stderr:
        pytest.skip("this interpreter is installed where only root may read it")
    assert ran.stdout == "started True\n", ran.stderr


async def test_an_administrator_elsewhere_runs_one_script_and_the_home_fits(home: Path) -> None:
    with Cluster(home / "theirs") as theirs:
        admin = await asyncpg.connect(theirs.maintenance_dsn)
        await admin.execute("DROP DATABASE mieone")
        for role in ("mieone_owner", "mieone_app", "mieone_sealer", "mieone_auditor"):
            await admin.execute(f"DROP ROLE {role}")
        port = await admin.fetchval("SHOW port")
        (home / "ours").mkdir()
        script = database_script(load_credentials(home / "ours"))

        ran = psql(theirs.maintenance_dsn, script)

        assert ran.returncode == 0, ran.stderr
        assert load_credentials(home / "ours").app not in script
        url = f"postgresql://mieone_owner@127.0.0.1:{port}/mieone"
        found = find_connections(
            Settings(home=home / "ours", region_dir=Path("regions/mie"), database_url=url)
        )
        await migrate(found.owner_dsn, all_migrations([]))
        conn = await asyncpg.connect(found.auditor_dsn)
        assert await conn.fetchval("SELECT count(*) FROM core.migration") > 0
        await conn.close()
        provider = "SELECT datlocprovider FROM pg_database WHERE datname = 'mieone'"
        assert await admin.fetchval(provider) == b"b"
        await admin.close()
