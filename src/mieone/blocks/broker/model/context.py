"""JSON-LD contexts as tables of terms."""

from typing import Protocol

from .entity import Iri, JsonValue


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
