"""The nursery of the story: the program under samples/, run as its own process on its own port."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec

START_LIMIT_S = 20


class Nursery(msgspec.Struct, frozen=True, kw_only=True):
    """How the story looks over the nursery's shoulder."""

    origin: str
    title: str

    def booking(self, booking: str) -> dict[str, Any]:
        """What the nursery holds of one booking."""
        answer = httpx.get(f"{self.origin}/booking/{booking}.json", timeout=10)
        answer.raise_for_status()
        shown: dict[str, Any] = json.loads(answer.content)
        return shown

    def ask_again(self, booking: str) -> dict[str, Any]:
        httpx.post(f"{self.origin}/booking/{booking}/again", timeout=30)
        return self.booking(booking)

    def log(self) -> list[dict[str, Any]]:
        """Every answer the door gave this program, by its own count."""
        shown: list[dict[str, Any]] = httpx.get(f"{self.origin}/log.json", timeout=10).json()
        return shown

    def rest(self) -> None:
        time.sleep(0.5)


def start(program: Path, credentials: Path, port: int) -> "subprocess.Popen[bytes]":
    """Raises RuntimeError when the program does not come up."""
    record = credentials.with_name("received.jsonl")
    command = [sys.executable, str(program), "--credentials", str(credentials)]
    running = subprocess.Popen(
        [*command, "--port", str(port), "--record", str(record)], stdout=subprocess.DEVNULL
    )
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and running.poll() is None:
        try:
            httpx.get(f"http://localhost:{port}/log.json")
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        return running
    running.terminate()
    raise RuntimeError("the nursery's program did not start")
