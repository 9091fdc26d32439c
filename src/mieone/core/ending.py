"""A process of ours that was asked to stop ends within a bounded time, even with nobody left to kill it.

The supervisor ends whoever does not stop in time; when the supervisor itself was killed, each process
that it looked after sees to its own end.
"""

import asyncio
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping

SUPERVISOR = "MIEONE_SUPERVISOR"
"""The process id of whoever started a process and restarts and ends it."""

STOP_LIMIT_S = 8.0
"""Longer than the supervisor waits before it kills."""

_LOOK_EVERY_S = 0.5


def end_within(limit_s: float = STOP_LIMIT_S) -> None:
    """Unless it has ended by then, the process tells where its threads stand, and is gone.

    The clock runs in a thread outside the interpreter: nothing that hangs in Python holds it up.
    """
    faulthandler.dump_traceback_later(limit_s, exit=True, file=sys.__stderr__ or sys.stderr)


def stop_event() -> asyncio.Event:
    """Set by SIGTERM or SIGINT, which start the clock. Belongs to the running loop."""
    stop = asyncio.Event()

    def ask() -> None:
        end_within()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    return stop


def end_with_supervisor(environ: Mapping[str, str], limit_s: float = STOP_LIMIT_S) -> None:
    """From now on the supervisor's death starts the clock; the kernel sends the SIGTERM.

    Whoever was started by hand has no supervisor.
    """
    named = environ.get(SUPERVISOR)
    if named is None:
        return
    supervisor = int(named)
    if os.getppid() != supervisor:
        # It died before the kernel was asked to tell us.
        sys.exit("mieone: the supervisor is gone")

    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(_LOOK_EVERY_S)
        end_within(limit_s)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()
