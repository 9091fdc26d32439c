"""Query parameters of an NGSI-LD operation: known ones only, each read as what it is."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec

from mieone.blocks.broker.problems import BadRequestData, InvalidRequest, TooManyResults

EVERYWHERE = frozenset({"local"})
"""Every operation that may be passed on to other brokers knows it."""
MAX_PARAMETERS = 100
MAX_LIMIT = 1000
DEFAULT_LIMIT = 20


class Page(msgspec.Struct, frozen=True, kw_only=True):
    limit: int
    offset: int
    wants_count: bool


class Params:
    """Query parameters, each known to the operation; read by kind."""

    def __init__(self, values: Mapping[str, str], options: frozenset[str] = frozenset()) -> None:
        self._values = values
        self._options = options

    @property
    def all(self) -> Mapping[str, str]:
        return self._values

    def has(self, name: str) -> bool:
        return name in self._values

    def find(self, name: str) -> str | None:
        """The text, or None when absent; an empty text is BadRequestData."""
        text = self._values.get(name)
        if text is not None and not text.strip():
            raise BadRequestData(f"the parameter {name} is empty")
        return text

    def list(self, name: str) -> tuple[str, ...]:
        """Comma-separated members, () when absent."""
        text = self.find(name)
        if text is None:
            return ()
        members = tuple(member.strip() for member in text.split(","))
        if not all(members):
            raise BadRequestData(f"the parameter {name} has an empty member")
        return members

    def flag(self, name: str) -> bool:
        """true or false, False when absent; else BadRequestData."""
        text = self.find(name)
        if text not in (None, "true", "false"):
            raise BadRequestData(f"the parameter {name} takes true or false")
        return text == "true"

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.find(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and low <= int(text) <= high):
            raise BadRequestData(f"the parameter {name} takes a whole number from {low} to {high}")
        return int(text)

    def page(self) -> Page:
        """`limit`, `offset` and `count`; over the largest page TooManyResults."""
        wants_count = self.flag("count")
        limit = self.number("limit", DEFAULT_LIMIT, 0, 10**18 - 1)
        if limit > MAX_LIMIT:
            raise TooManyResults(f"a page holds at most {MAX_LIMIT}")
        if limit == 0 and not wants_count:
            raise BadRequestData("limit=0 goes only with count=true")
        # An offset is a bigint in the store.
        return Page(
            limit=limit,
            offset=self.number("offset", 0, 0, 10**18 - 1),
            wants_count=wants_count,
        )

    @property
    def options(self) -> frozenset[str]:
        """Members of `options`, checked against those the operation knows."""
        return self._options


def read_params(query: bytes, known: Sequence[str], known_options: Sequence[str]) -> Params:
    """Raises InvalidRequest for a parameter or an option the operation does not know."""
    values = _read(query)
    accepted = EVERYWHERE.union(known, ("options",) if known_options else ())
    unknown = sorted(values.keys() - accepted)
    if unknown:
        raise InvalidRequest(f"this operation knows no parameter {unknown[0][:60]}")
    options = frozenset(filter(None, (one.strip() for one in values.get("options", "").split(","))))
    if "count" in options and "count" in accepted:
        # Readers that grew up with NGSI v2 ask for the count so.
        options -= {"count"}
        values.setdefault("count", "true")
    strange = sorted(options.difference(known_options))
    if strange:
        raise InvalidRequest(f"this operation knows no option {strange[0][:60]}")
    return Params(values, options)


def _read(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise InvalidRequest("the query of the address cannot be read") from None
    values: dict[str, str] = {}
    for name, text in pairs:
        if name in values:
            raise InvalidRequest(f"the parameter {name[:60]} stands there twice")
        if "\x00" in text:
            raise BadRequestData(f"the parameter {name[:60]} holds the character U+0000")
        values[name] = text
    return values
