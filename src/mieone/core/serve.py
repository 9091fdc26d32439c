"""One HTTP server process: `python -m mieone.core.serve mieone.main:people --port 8000`."""

import argparse
import ctypes
import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.log import LogLevels
from litestar import Litestar

from mieone.core.ending import end_with_supervisor

_PR_SET_PDEATHSIG = 1
_DRAIN_LIMIT_S = 3


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    end_with_supervisor(os.environ)
    server = Granian(
        options.target,
        address="127.0.0.1",
        port=options.port,
        interface=Interfaces.ASGI,
        workers=options.workers,
        loop=Loops.uvloop,
        http=HTTPModes.auto,
        websockets=False,
        # Its error lines carry raw tracebacks, which may hold names: the application logs its own.
        log_level=LogLevels.critical,
        # Lines of an access log are addresses and paths of people: figures are counted instead.
        log_access=False,
        workers_kill_timeout=_DRAIN_LIMIT_S,
        ssl_cert=options.certificate,
        ssl_key=options.key,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    server.serve(target_loader=partial(load, manager=os.getpid()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mieone.core.serve")
    parser.add_argument("target", help="module:factory")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    return parser


def load(target: str, manager: int) -> Litestar:
    """Runs in each worker: it must not outlive the process that watches over it."""
    die_with(manager)
    module, _, factory = target.partition(":")
    app = getattr(importlib.import_module(module), factory)()
    if not isinstance(app, Litestar):
        raise TypeError(f"{target} made no application")
    _calm_collector()
    return app


def _calm_collector() -> None:
    """What was loaded at the start is never garbage, and a batch makes a lot that is none either.

    With the collector's usual thresholds a third of a large write's time went into looking through it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def die_with(parent: int) -> None:
    """Raises OSError where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        # It died before we asked to be told.
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
