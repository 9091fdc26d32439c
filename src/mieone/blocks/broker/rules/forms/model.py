"""What a reader asked the answer to look like."""

from enum import StrEnum

import msgspec

from mieone.blocks.broker.model import DatasetId, Iri


class Format(StrEnum):
    NORMALIZED = "normalized"
    CONCISE = "concise"
    SIMPLIFIED = "simplified"
    """Also called keyValues."""


class Joining(StrEnum):
    INLINE = "inline"
    FLAT = "flat"


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """A list of `pick` or `omit`: members such as id and type, attributes, and what is inside."""

    members: frozenset[str] = frozenset()
    """Of `id`, `type`, `scope`, `createdAt`, `modifiedAt`, `expiresAt`, `deletedAt`."""
    attributes: "dict[Iri, Picked | None]" = {}
    """None: the whole attribute. Else what of the entity it leads to (join)."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The default is the normalized form of everything."""

    format: Format = Format.NORMALIZED
    sys_attrs: bool = False
    languages: tuple[str, ...] = ()
    """BCP 47 tags or `*`, best first; () leaves language maps as they are."""
    attributes: frozenset[Iri] = frozenset()
    """attrs: empty means all."""
    pick: Picked | None = None
    omit: Picked | None = None
    datasets: tuple[DatasetId, ...] | None = None
    geometry_property: Iri | None = None
    """For GeoJSON; None means location."""
    joining: Joining | None = None
    join_level: int = 1
    instance_ids: bool = False
    """Temporal representations name each instance."""
    contained_by: frozenset[str] = frozenset()
    """Ids that the reader has already: not joined again."""
