"""JSON-LD contexts as tables of terms, and as documents that are kept."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from .entity import CORE_VOCABULARY, Iri, JsonValue

CORE_CONTEXT_BASE: Final = f"{CORE_VOCABULARY}v1/ngsi-ld-core-context"
CORE_CONTEXT_URL: Final = f"{CORE_CONTEXT_BASE}-v1.8.jsonld"
"""Of the version this broker is built to; what an answer names where nobody named another."""


class ContextKind(StrEnum):
    HOSTED = "Hosted"
    CACHED = "Cached"
    IMPLICIT = "ImplicitlyCreated"


class StoredContext(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    tenant: str | None
    """Only of a hosted one; all share the others."""
    kind: ContextKind
    url: str | None
    """Where a cached one came from."""
    body: str
    """The JSON document; empty in a list."""
    etag: str | None
    created_at: datetime
    fetched_at: datetime
    hits: int = 0
    used_at: datetime | None = None


class Terms(Protocol):
    """A context made ready: its own terms, then the core's, which nobody overrides."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs it was built from, without the core's; empty for the core alone."""
        ...

    @property
    def link(self) -> str:
        """The one URL that a Link header of an answer names."""
        ...

    @property
    def inline(self) -> JsonValue:
        """What stands under @context in an application/ld+json answer."""
        ...

    def expand_name(self, term: str) -> Iri:
        """An attribute or type name, compact IRI or IRI; unknown terms go to the default vocabulary.

        Raises BadRequestData for a name that can be none.
        """
        ...

    def compact_name(self, iri: Iri) -> str:
        """The shortest name the reader's context has; the IRI itself when it has none."""
        ...

    def expand_type(self, term: str) -> Iri: ...

    def compact_type(self, iri: Iri) -> str: ...

    def expand_value(self, name: Iri, value: JsonValue) -> JsonValue:
        """Values under a term of `@type: @vocab` or `@id` (vocab values, relationship targets)."""
        ...

    def compact_value(self, name: Iri, value: JsonValue) -> JsonValue: ...

    def member(self, name: str) -> str | None:
        """The core's short name of a member of a document, whatever alias or IRI it came as.

        `id` for an alias of @id, `observedAt` for its IRI; None for what the core does not know.
        """
        ...
