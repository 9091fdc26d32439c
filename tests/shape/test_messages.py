"""Every message a page or a declaration names stands in the catalogues."""

import re
from pathlib import Path

import pytest

from mieone.web import Catalogue

ROOT = Path(__file__).parents[2] / "src" / "mieone"
IN_PYTHON = re.compile(
    r"\b(?:message_id|text_id|title_id|hint_id|hours_id|what|label|message|reason)="
    r"\"([a-z_]+\.[a-z0-9_.\-]+)\""
)
IN_TEMPLATE = re.compile(r"\b(?:t|plain)\('([a-z_]+\.[a-z0-9_.\-]+)'\s*[,)]")


@pytest.mark.parametrize(("suffix", "pattern"), [("py", IN_PYTHON), ("html", IN_TEMPLATE)])
def test_every_named_message_exists(suffix: str, pattern: re.Pattern[str]) -> None:
    catalogue = Catalogue.load()
    missing = [
        f"{name} in {path.relative_to(ROOT)}"
        for path in sorted(ROOT.rglob(f"*.{suffix}"))
        for name in pattern.findall(path.read_text("utf-8"))
        if not catalogue.has(name) and not catalogue.has(f"{name}.title")
    ]
    assert missing == []
