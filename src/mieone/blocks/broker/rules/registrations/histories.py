"""Histories that several brokers hold, put together as the documents they are told in."""

from collections.abc import Mapping, Sequence
from typing import Final

from mieone.blocks.broker.model import Iri, JsonValue, Terms

from .matching import holds_entity
from .splitting import Source

Document = dict[str, JsonValue]
_OWN: Final = frozenset(
    {"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt", "@context"}
)
_SERIES: Final = (
    "values",
    "objects",
    "languageMaps",
    "vocabs",
    "jsons",
    "valueLists",
    "objectLists",
)
"""Members of the temporalValues form that hold pairs of a value and its time."""


def cut_history(document: Document, source: Source, terms: Terms) -> Document | None:
    """Only what the source is registered for; None when that is nothing."""
    entity_id = document.get("id")
    if not isinstance(entity_id, str):
        return None
    written = document.get("type")
    types = [one for one in (written if isinstance(written, list) else [written]) if one]
    expanded = [terms.expand_type(one) for one in types if isinstance(one, str)]
    fitting = [
        info for info in source.registration.information if holds_entity(info, entity_id, expanded)
    ]
    if not fitting:
        return None
    everything = any(not info.names for info in fitting)
    held = {name for info in fitting for name in info.names}
    return {
        key: value
        for key, value in document.items()
        if key != "@context" and (key in _OWN or everything or terms.expand_name(key) in held)
    }


def names_in(document: Document, terms: Terms) -> dict[str, Iri]:
    """Its attributes, by their names as written."""
    return {key: terms.expand_name(key) for key in document if key not in _OWN}


def join_histories(documents: Sequence[Document]) -> Document:
    """Ours first. What cannot be put together (aggregates) is told by the first who has it."""
    joined: Document = {}
    for document in documents:
        for key, value in document.items():
            if key in _OWN or key not in joined:
                joined.setdefault(key, value)
            else:
                joined[key] = _join(joined[key], value)
    return joined


def _join(ours: JsonValue, theirs: JsonValue) -> JsonValue:
    held, new = _objects(ours), _objects(theirs)
    if any(_is_series(one) for one in held):
        found = _join_series(held, new)
        return found[0] if len(found) == 1 else [*found]
    if any("observedAt" in one or "instanceId" in one or _has_value(one) for one in held):
        every = [*held, *(one for one in new if one not in held)]
        return [*sorted(every, key=_time_of)]
    return ours


def _objects(value: JsonValue) -> list[Document]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _is_series(document: Mapping[str, JsonValue]) -> bool:
    return any(isinstance(document.get(member), list) for member in _SERIES)


def _has_value(document: Mapping[str, JsonValue]) -> bool:
    return "value" in document or "object" in document or "languageMap" in document


def _time_of(document: Mapping[str, JsonValue]) -> str:
    for member in ("observedAt", "modifiedAt", "createdAt"):
        if isinstance(document.get(member), str):
            return str(document[member])
    return ""


def _join_series(held: list[Document], new: list[Document]) -> list[Document]:
    series = {str(one.get("datasetId")): dict(one) for one in held}
    for one in new:
        key = str(one.get("datasetId"))
        before = series.setdefault(key, dict(one))
        for member in _SERIES:
            ours, theirs = before.get(member), one.get(member)
            if isinstance(ours, list) and isinstance(theirs, list):
                every = [*ours, *(pair for pair in theirs if pair not in ours)]
                before[member] = [*sorted(every, key=_time_of_pair)]
    return list(series.values())


def _time_of_pair(pair: JsonValue) -> str:
    return str(pair[1]) if isinstance(pair, list) and len(pair) > 1 else ""
