"""Which language of a map a reader gets: RFC 4647 lookup along a list of preferences."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

NO_LANGUAGE = "@none"
ANY = "*"
_RANGE = re.compile(
    r"(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|@none)(?:\s*;\s*q\s*=\s*(\d(?:\.\d{1,3})?))?"
)
MAX_RANGES = 50


class Chosen(NamedTuple):
    tag: str
    text: JsonValue


def read_languages(text: str) -> tuple[str, ...]:
    """`ja;q=0.9,en,*;q=0.1` → best first. Raises BadRequestData."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MAX_RANGES:
        raise BadRequestData(f"lang names more than {MAX_RANGES} languages")
    ranges: list[tuple[float, str]] = []
    for part in parts:
        found = _RANGE.fullmatch(part)
        weight = float(found[2] or 1) if found else 2.0
        if found is None or weight > 1:
            raise BadRequestData(f"lang cannot be read at {part[:40]!r}")
        if weight:
            ranges.append((weight, found[1]))
    # Sorting is stable: of equal weights the first one named comes first.
    ranges.sort(key=lambda one: -one[0])
    return tuple(tag for _, tag in ranges)


def choose_language(texts: Mapping[str, JsonValue], preferences: tuple[str, ...]) -> Chosen:
    """Never nothing: without a match the text of no language, else the first there is."""
    by_lower = {tag.lower(): tag for tag in texts}
    for preference in preferences:
        if preference == ANY:
            break
        tag = _match(preference.lower(), by_lower)
        if tag is not None:
            return Chosen(tag, texts[tag])
    tag = NO_LANGUAGE if NO_LANGUAGE in texts else next(iter(texts))
    return Chosen(tag, texts[tag])


def _match(wanted: str, by_lower: Mapping[str, str]) -> str | None:
    """`fr-CH` takes fr-CH, then fr; `fr` also takes any fr-…"""
    shortened = wanted
    while shortened:
        if shortened in by_lower:
            return by_lower[shortened]
        shortened = shortened.rpartition("-")[0]
    return next((tag for lower, tag in by_lower.items() if lower.startswith(f"{wanted}-")), None)
