"""Shapes that many members share: JSON itself, URIs, names, instants."""

from datetime import datetime

from mieone.blocks.broker.model import JsonValue


def parse_json(body: bytes) -> JsonValue:
    """Raises InvalidRequest for what is not JSON, BadRequestData for what is nested too deep."""
    raise NotImplementedError


def split_context(document: JsonValue) -> tuple[dict[str, JsonValue], JsonValue]:
    """The document without @context, and its @context (None when there is none).

    Raises BadRequestData for a document that is no object.
    """
    raise NotImplementedError


def check_uri(text: JsonValue, what: str) -> str:
    """An absolute URI; `what` names the member in the reason."""
    raise NotImplementedError


def check_name(name: str) -> None:
    """A short name, compact IRI or IRI of a type or attribute; no forbidden characters."""
    raise NotImplementedError


def read_instant(text: JsonValue, what: str) -> datetime:
    """An ISO 8601 date and time in UTC, with or without parts of a second."""
    raise NotImplementedError
