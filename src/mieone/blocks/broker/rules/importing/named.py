"""What the rooms of this folder share: rows as changes, and names as data sets write them."""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias
from urllib.parse import quote

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    DEFAULT_VOCABULARY,
    AttributeKind,
    Change,
    DatasetId,
    Instance,
    Iri,
    JsonValue,
    Null,
)

from .tables import Row

Held: TypeAlias = dict[Iri, dict[DatasetId, Instance | Null]]
_PLACE: Final = re.compile(r"\{([^{}]+)\}")


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str | None
    """None is the default one."""
    change: Change
    row: int = 0
    line: int = 0


def expand(name: str) -> Iri:
    """Short names of data sets: `location` is the core's, the rest is the default vocabulary's."""
    return f"{CORE_VOCABULARY if name == 'location' else DEFAULT_VOCABULARY}{name}"


def plain(value: JsonValue, unit: str | None = None) -> dict[DatasetId, Instance | Null]:
    instance = Instance(kind=AttributeKind.PROPERTY, value=value, unit_code=unit)
    return {DEFAULT_INSTANCE: instance}


def places_of(template: str) -> Iterable[str]:
    return _PLACE.findall(template)


def fill(template: str, row: Row) -> str | None:
    """The template with its places filled, each made fit for a URI; None when one is empty."""
    if any(not row.get(name, "").strip() for name in places_of(template)):
        return None
    return _PLACE.sub(lambda match: quote(row[match[1]].strip(), safe=""), template)
