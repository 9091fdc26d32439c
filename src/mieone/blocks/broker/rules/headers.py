"""Headers of a request that carry a list: Link (RFC 8288), Accept (RFC 9110) and Prefer (RFC 7240)."""

import re
from collections.abc import Iterator, Sequence

import msgspec

JSON_LD_CONTEXT = "http://www.w3.org/ns/json-ld#context"
# One target, then parameters whose values are tokens or quoted strings with escapes.
_VALUE = r"(?:\"(?:\\.|[^\"\\])*+\"|[^\s;,\"]*+)"
_LINK = re.compile(
    r"\s*+<([^<>\s]*+)>((?:\s*+;\s*+[^\s=;,\"]++\s*+(?:=\s*+" + _VALUE + r")?+)*+)\s*+"
)
_PARAMETER = re.compile(r";\s*([^\s=;,\"]+)\s*(?:=\s*(?:\"((?:\\.|[^\"\\])*)\"|([^\s;,\"]*)))?")
_ESCAPED = re.compile(r"\\(.)")
_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    target: str
    relations: tuple[str, ...]


class MalformedHeaderError(ValueError):
    """The text says where it cannot be read."""


def read_links(text: str) -> Iterator[Link]:
    """Every link of a Link header. Raises MalformedHeaderError."""
    place = 0
    while place < len(text):
        found = _LINK.match(text, place)
        if found is None or (found.end() < len(text) and text[found.end()] != ","):
            raise MalformedHeaderError(f"the Link header cannot be read from character {place + 1}")
        yield Link(target=found[1], relations=_relations(found[2]))
        place = found.end() + 1


def _relations(parameters: str) -> tuple[str, ...]:
    for found in _PARAMETER.finditer(parameters):
        # RFC 8288 3.3: of several rel parameters the first one counts.
        if found[1].lower() == "rel":
            text = found[3] if found[2] is None else _ESCAPED.sub(r"\1", found[2])
            return tuple((text or "").split())
    return ()


def list_context_urls(text: str) -> tuple[str, ...]:
    """Targets of the links that name a JSON-LD context. Raises MalformedHeaderError."""
    return tuple(link.target for link in read_links(text) if JSON_LD_CONTEXT in link.relations)


def choose_media_type(accept: str, offered: Sequence[str]) -> str | None:
    """What the reader likes best of `offered`, which stand in our own order; None for nothing."""
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    if not ranges:
        return offered[0]
    weights = {media_type: _weight_of(media_type, ranges) for media_type in offered}
    best = max(offered, key=lambda media_type: weights[media_type])
    return best if weights[best] > 0 else None


class _Range(msgspec.Struct, frozen=True):
    pattern: str
    weight: float


def _media_range(text: str) -> _Range:
    pattern, *parameters = (part.strip() for part in text.split(";"))
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            weight = float(value) if _WEIGHT.match(value.strip()) else 0.0
    return _Range("*/*" if pattern == "*" else pattern.lower(), weight)


def _weight_of(media_type: str, ranges: Sequence[_Range]) -> float:
    """By the most specific range that fits."""
    family = f"{media_type.split('/')[0]}/*"
    for pattern in (media_type, family, "*/*"):
        fitting = [one.weight for one in ranges if one.pattern == pattern]
        if fitting:
            return max(fitting)
    return 0.0


def prefers(header: str, preference: str) -> bool:
    """Whether Prefer holds `preference`, e.g. `body=ld+json`."""
    wishes = (wish.split(";")[0] for wish in header.split(","))
    return any(wish.replace('"', "").replace(" ", "").lower() == preference for wish in wishes)
