"""The colours of the design, pair by pair, in light and dark (JIS X 8341-3 AA)."""

import re
from pathlib import Path

import pytest

from mieone import web

TOKENS = (Path(web.__file__).parent / "assets_src/css/tokens.css").read_text(encoding="utf-8")
TEXT = 4.5
PART = 3.0
PAIRS = [
    ("ink", "ground", TEXT),
    ("ink", "sheet", TEXT),
    ("ink", "green-pale", TEXT),
    ("ink", "blue-pale", TEXT),
    ("ink", "amber-pale", TEXT),
    ("ink", "red-pale", TEXT),
    ("ink-soft", "ground", TEXT),
    ("ink-soft", "sheet", TEXT),
    ("ink-soft", "green-pale", TEXT),
    ("ink-soft", "line", TEXT),
    ("green", "sheet", TEXT),
    ("green", "ground", TEXT),
    ("green", "green-pale", TEXT),
    ("on-green", "green", TEXT),
    ("on-green", "green-deep", TEXT),
    ("blue", "sheet", TEXT),
    ("blue", "ground", TEXT),
    ("blue", "blue-pale", TEXT),
    ("sheet", "blue", TEXT),
    ("amber", "amber-pale", TEXT),
    ("amber", "sheet", TEXT),
    ("red", "sheet", TEXT),
    ("red", "ground", TEXT),
    ("red", "red-pale", TEXT),
    ("on-red", "red", TEXT),
    ("on-red", "red-deep", TEXT),
    ("edge", "sheet", PART),
    ("edge", "ground", PART),
    ("amber-edge", "amber-pale", PART),
    ("focus", "ground", PART),
    ("focus", "focus-glow", PART),
]


def tokens(mode: str) -> dict[str, str]:
    light, dark = TOKENS.split("@media", 1)
    colours = r"--([a-z-]+): (#[0-9a-f]{6});"
    return dict(re.findall(colours, light)) | (
        dict(re.findall(colours, dark)) if mode == "dark" else {}
    )


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_a_pair_can_be_read(mode: str, front: str, back: str, least: float) -> None:
    colours = tokens(mode)

    assert contrast(colours[front], colours[back]) >= least
