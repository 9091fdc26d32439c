"""What a run of the ETSI suite is surrounded by: a server of its contexts, and a broker of ours."""

import argparse
import contextlib
import http.server
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]


class _ContextHandler(http.server.SimpleHTTPRequestHandler):
    def guess_type(self, path: "str | os.PathLike[str]") -> str:
        return "application/ld+json"

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/ctx"))

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing to tell."""


@contextlib.contextmanager
def serve_contexts(copy: Path, port: int) -> Iterator[None]:
    handler = partial(_ContextHandler, directory=str(copy / "resources/jsonld-contexts"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def open_house(place: Path, options: argparse.Namespace, status: int) -> Iterator[str]:
    """`mieone up` in the conformance profile, in a home of its own, ready to answer."""
    if options.url:
        yield options.url
        return
    port = options.base_port
    home = tempfile.mkdtemp(prefix="home-", dir=place)
    environment = {
        **os.environ,
        "MIEONE_PROFILE": "conformance",
        "MIEONE_SAMPLE": "no",
        "MIEONE_HOME": home,
        "MIEONE_PORT": str(port),
        "MIEONE_TLS_PORT": str(port + 1),
        "MIEONE_LD_CONTEXT_STATUS": str(status),
        # The suite's own README: 40 instances are cut, 20 are not.
        "MIEONE_TEMPORAL_PAGE": "30",
        "MIEONE_REGION": str(ROOT / "regions/mie"),
    }
    log_path = (options.reports or place) / f"house-{status}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        house = subprocess.Popen(
            [sys.executable, "-m", "mieone.cli", "up"], env=environment, stdout=log, stderr=log
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health/ready", house)
            yield f"http://127.0.0.1:{port}"
        finally:
            house.send_signal(signal.SIGTERM)
            house.wait(timeout=60)
            shutil.rmtree(home, ignore_errors=True)


def _wait_for(url: str, house: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if house.poll() is not None:
            raise SystemExit("the house did not start")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    raise SystemExit("the house did not become ready")
