"""What was asked to stop ends, also when it hangs, and when nobody is left who could end it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys

import pytest

from mieone.core.database import PooledDatabase
from mieone.core.ending import SUPERVISOR
from mieone.core.roles import Connections
from tests.conftest import connected
from tests.core.test_supervisor import lives, until

pytestmark = pytest.mark.slow

HANGING = """
import signal, time
from mieone.core.ending import end_within
signal.signal(signal.SIGTERM, lambda *_: end_within(0.5))
print("ready", flush=True)
while True:
    time.sleep(600)
"""

DEAF = """
import os, signal, sys, time
from mieone.core.ending import end_with_supervisor
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_with_supervisor(os.environ, 0.5)
print(os.getpid(), flush=True)
time.sleep(600)
"""

SUPERVISING = """
import sys
from mieone.core.supervisor import Process, Supervisor
command = (sys.executable, "-c", sys.argv[1])
supervisor = Supervisor([Process(name="deaf", command=command, environment={})])
supervisor.start()
supervisor.run()
"""

ORPHANED = """
import os, signal, sys, time
from mieone.core.serve import die_with
die_with(int(sys.argv[1]))
print("alive")
"""


def started(program: str, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **more},
    )


def test_whoever_hangs_after_it_was_asked_says_where_and_is_gone() -> None:
    asked = started(HANGING)
    assert asked.stdout is not None
    asked.stdout.readline()

    asked.send_signal(signal.SIGTERM)
    _, said = asked.communicate(timeout=60)

    assert asked.returncode == 1
    assert 'File "<string>", line 7' in said


def test_whoever_hears_nothing_is_gone_soon_after_its_supervisor_was_killed() -> None:
    supervisor = started(SUPERVISING, DEAF)
    assert supervisor.stdout is not None
    deaf = int(supervisor.stdout.readline())
    assert lives(deaf)

    supervisor.kill()
    supervisor.communicate(timeout=60)

    until(lambda: not lives(deaf), 60)


def test_whoever_begins_after_its_supervisor_died_does_not_begin() -> None:
    late = started(DEAF, **{SUPERVISOR: "1"})

    heard, _ = late.communicate(timeout=60)

    assert (late.returncode, heard) == (1, "")


def test_a_servers_worker_that_begins_after_its_manager_died_does_not_begin() -> None:
    late = started(ORPHANED, "1")

    heard, _ = late.communicate(timeout=60)

    assert (late.returncode, heard) == (-signal.SIGKILL, "")


async def test_a_loop_that_outlives_errors_ends_when_the_server_goes_as_it_is_cancelled(
    connections: Connections, database: PooledDatabase
) -> None:
    begun = asyncio.Event()

    async def turn() -> None:
        async with database.transaction() as conn:
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            try:
                begun.set()
                await asyncio.Event().wait()
            finally:
                async with connected(connections.maintenance_dsn) as other:
                    await other.fetchval("SELECT pg_terminate_backend($1, 60000)", pid)

    async def outlive_errors() -> str:
        with contextlib.suppress(Exception):
            await turn()
        return "went on"

    turning = asyncio.create_task(outlive_errors())
    await begun.wait()
    turning.cancel()
    await asyncio.wait([turning])

    assert turning.cancelled()


async def test_an_error_of_the_database_is_told_as_it_is(database: PooledDatabase) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            raise ZeroDivisionError
