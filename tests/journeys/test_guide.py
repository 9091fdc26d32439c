"""The commands of docs/open-context.md do what stands beside them."""

import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.journeys.conftest import Installation

GUIDE = Path(__file__).parents[2] / "docs" / "open-context.md"
pytestmark = pytest.mark.timeout(120)


def commands() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def at(installation: Installation, text: str) -> str:
    return text.replace("http://localhost:8000", installation.origin)


def test_every_command_of_the_guide_answers_as_the_guide_says(
    installation: Installation, tmp_path: Path
) -> None:
    unlike: list[str] = []
    for block in commands():
        # Each command with what must be in its answer; a comment without an arrow is for readers.
        parts = re.split(r"^# → (.*)$", at(installation, block), flags=re.MULTILINE)
        for script, expected in zip(parts[::2], [*parts[1::2], ""], strict=True):
            done = subprocess.run(
                ["bash", "-eu", "-o", "pipefail", "-c", script],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
            )
            if done.returncode or expected not in done.stdout:
                unlike.append(f"{script.strip()}\n{expected!r} is not in {done.stdout[-600:]!r}")

    assert unlike == []


def test_the_guide_leaves_nothing_behind(installation: Installation) -> None:
    left = [
        path
        for path in (
            "entities/urn:ngsi-ld:Reading:guide",
            "subscriptions/urn:ngsi-ld:Subscription:guide",
            "csourceRegistrations/urn:ngsi-ld:ContextSourceRegistration:guide",
        )
        if httpx.get(f"{installation.origin}/ngsi-ld/v1/{path}").status_code != 404
    ]

    assert left == []
