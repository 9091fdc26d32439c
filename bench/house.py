"""A whole installation from outside: cold start, second start, memory, pages a second.

    python -m bench.house [seconds]

Starts `mieone up` in a folder of its own with all sample people, walks the tour once so that my page has
something to show, and asks for pages over HTTP from this process.
"""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.load import COLUMNS, get_for
from bench.machine import machine, server, table
from mieone.tour.browser import Browser

CLIENTS = (1, 16, 64)
START_LIMIT_S = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """The installation, and how long it took until both origins answered."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "mieone.cli", "up"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(environment, process)
        yield process, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _wait(environment: dict[str, str], process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_LIMIT_S
    trust: ssl.SSLContext | None = None
    while time.monotonic() < end and process.poll() is None:
        try:
            authority = Path(environment["MIEONE_HOME"]) / "ca.pem"
            trust = trust or ssl.create_default_context(cafile=str(authority))
            people = httpx.get(f"http://127.0.0.1:{environment['MIEONE_PORT']}/health/ready")
            machines = httpx.get(
                f"https://localhost:{environment['MIEONE_TLS_PORT']}/health/ready", verify=trust
            )
            if people.status_code == machines.status_code == 200:
                return
        except (OSError, httpx.TransportError):
            pass
        time.sleep(0.05)
    raise SystemExit("the installation did not start")


def resident_memory(process: "subprocess.Popen[bytes]") -> list[list[str]]:
    """Proportional set size of every process of ours, from the kernel."""
    family = _family(process.pid)
    rows: dict[str, tuple[int, float]] = {}
    for pid in family:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        kilobytes = next(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
        )
        name = "PostgreSQL" if "postgres" in command.split(" ")[0] else "Python"
        count, total = rows.get(name, (0, 0.0))
        rows[name] = (count + 1, total + kilobytes / 1024)
    return [[name, str(count), f"{total:.0f}"] for name, (count, total) in sorted(rows.items())]


def _family(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    family, queue = [], [root]
    while queue:
        pid = queue.pop()
        family.append(pid)
        queue.extend(parents.get(pid, []))
    return family


def sign_in(environment: dict[str, str]) -> str:
    """The cookie of the toured resident's session."""
    home = Path(environment["MIEONE_HOME"])
    people = json.loads((home / "sample_people.json").read_bytes())["people"]
    mother = next(one for one in people if one["key"] == "newborn_mother")
    card = f"{mother['town']}-{mother['entry']['addressee_number']}"
    browser = Browser(f"http://localhost:{environment['MIEONE_PORT']}", verify=True)
    page = browser.submit(browser.get("/id"), "/id/card")
    page = browser.submit(page, "/simulator/card")
    page = browser.submit(page, "/simulator/card", {"card": card, "pin": "1234"})
    browser.submit(page, "/complete")
    cookie = browser.http.cookies["mieone_person"]
    browser.close()
    return f"mieone_person={cookie}"


async def pages(environment: dict[str, str], cookie: str, seconds: float) -> list[list[str]]:
    origin = f"http://localhost:{environment['MIEONE_PORT']}"
    rows = []
    for name, path, headers in (
        ("portal home", "/", {}),
        ("my page, signed in", "/my", {"Cookie": cookie}),
        ("my history, signed in", "/my/history", {"Cookie": cookie}),
    ):
        for clients in CLIENTS:
            rows.append((await get_for(f"{origin}{path}", clients, seconds, headers)).row(name))
    return rows


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with tempfile.TemporaryDirectory(prefix="mieone-bench-") as folder:
        # The database's account must be able to reach its own folder below this one.
        Path(folder).chmod(0o755)
        environment = {
            **os.environ,
            "MIEONE_HOME": f"{folder}/home",
            "MIEONE_PORT": str(free_port()),
            "MIEONE_TLS_PORT": str(free_port()),
            "MIEONE_PROFILE": "demo",
            # One address asks for everything here; a visitor never comes near the limit.
            "MIEONE_RATE_LIMIT": "0",
        }
        with running(environment) as (_, first_s):
            pass
        with running(environment) as (process, second_s):
            dsn = json.loads((Path(folder) / "home" / "connections.json").read_bytes())["app_dsn"]
            facts = [[name, value] for name, value in [*machine(), *asyncio.run(server(dsn))]]
            memory = resident_memory(process)
            subprocess.run(
                [sys.executable, "-m", "mieone.cli", "tour"],
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            rows = asyncio.run(pages(environment, sign_in(environment), seconds))
        print(table("Machine and server", ["what", "value"], facts))
        starts = [
            ["first start: cluster, schema, 75,400 sample people", f"{first_s:.1f}"],
            ["second start: data kept", f"{second_s:.1f}"],
        ]
        print(table("Cold start", ["what", "seconds"], starts))
        print(table("Memory at rest", ["processes", "count", "MiB (PSS)"], memory))
        print(table(f"Pages, {seconds:.0f} s each, one server process", COLUMNS, rows))


if __name__ == "__main__":
    main()
