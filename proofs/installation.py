"""An installation of the broker for a proof: empty, on ports and in a home of its own, gone afterwards."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.house import free_port, running

ROOT = Path(__file__).parents[1]


@contextmanager
def broker_running(name: str) -> Iterator[tuple["subprocess.Popen[bytes]", str, Path]]:
    """Its process, its origin and its home."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        environment = {
            **os.environ,
            "MIEONE_HOME": folder,
            "MIEONE_PORT": str(free_port()),
            "MIEONE_TLS_PORT": str(free_port()),
            "MIEONE_PROFILE": "conformance",
            "MIEONE_SAMPLE": "no",
            "MIEONE_REGION": str(ROOT / "regions/mie"),
        }
        with running(environment) as (process, _):
            yield process, f"http://127.0.0.1:{environment['MIEONE_PORT']}", Path(folder)
