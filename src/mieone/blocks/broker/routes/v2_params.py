"""Query parameters of NGSI v2: unknown ones are passed over, known ones are checked."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.v2.syntax import FORBIDDEN, check_text

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 1000
_MAX_PARAMETERS: Final = 100
_KNOWN: Final = frozenset(
    {"id", "type", "idPattern", "typePattern", "q", "mq", "georel", "geometry", "coords"}
    | {"limit", "offset", "attrs", "metadata", "orderBy", "options"}
)
_HARMLESS: Final = frozenset({"count", "normalized"})
"""What clients send with operations that have nothing to count, and the form answers have anyway."""
_UNCHECKED: Final = frozenset({"q", "mq", "idPattern", "typePattern"})
_WITH_SEMICOLON: Final = frozenset({"georel", "coords"})


class V2Params:
    def __init__(self, values: Mapping[str, str], options: frozenset[str]) -> None:
        self._values = values
        self.options = options

    def find(self, name: str) -> str | None:
        return self._values.get(name)

    def list(self, name: str) -> tuple[str, ...]:
        text = self._values.get(name)
        if text is None:
            return ()
        members = tuple(member.strip() for member in text.split(","))
        if not all(members):
            raise BadRequestData(f"the parameter {name} has an empty member")
        return members

    @property
    def limit(self) -> int:
        limit = self._number("limit", DEFAULT_LIMIT)
        if not 1 <= limit <= MAX_LIMIT:
            raise BadRequestData(f"limit is a number from 1 to {MAX_LIMIT}")
        return limit

    @property
    def offset(self) -> int:
        return self._number("offset", 0)

    @property
    def wants_count(self) -> bool:
        return "count" in self.options

    def _number(self, name: str, default: int) -> int:
        text = self._values.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise BadRequestData(f"{name} is no whole number")
        return int(text)


def read_params(query: bytes, options: Sequence[str]) -> V2Params:
    """`options` are those the operation knows. Raises BadRequestData."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except (UnicodeError, ValueError):
        raise BadRequestData("the query of the URL cannot be read") from None
    values: dict[str, str] = {}
    for name, text in pairs:
        if name not in _KNOWN:
            continue
        if not text:
            raise BadRequestData(f"the parameter {name} is empty")
        _check_marks(name, text)
        values[name] = text
    sent = V2Params(values, frozenset()).list("options")
    unknown = set(sent) - set(options) - _HARMLESS
    if unknown:
        raise BadRequestData(f"this operation has no option {min(unknown)}")
    return V2Params(values, frozenset(sent))


def _check_marks(name: str, text: str) -> None:
    if "\x00" in text:
        raise BadRequestData(f"invalid character in the parameter {name}")
    if name in _UNCHECKED:
        return
    if name in _WITH_SEMICOLON:
        if not (FORBIDDEN - {";"}).isdisjoint(text):
            raise BadRequestData(f"invalid character in the parameter {name}")
        return
    check_text(text, f"the parameter {name}")
