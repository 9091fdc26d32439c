"""From what is asked to what the store is asked."""

from collections.abc import Iterator, Sequence
from typing import Final

from mieone.blocks.broker.model import (
    AllTypes,
    AnyType,
    Condition,
    EntitySelector,
    Iri,
    OneType,
    Query,
    TypeSelection,
)
from mieone.blocks.broker.model.query import Absent, AllOf, AnyOf, Compare, Exists
from mieone.blocks.broker.model.temporal import Series, TimeRelation, TimeSpan
from mieone.blocks.broker.rules.forms import Form
from mieone.blocks.broker.rules.forms.selecting import is_selected, shows_member
from mieone.blocks.broker.rules.temporal.rendering import SCOPE
from mieone.blocks.broker.store.histories import Candidates, Window

NOTHING: Final[tuple[Iri, ...]] = ()


def window_of(span: TimeSpan) -> Window:
    whole = Window(time=span.property)
    match span.relation:
        case TimeRelation.BEFORE if span.at is not None:
            return Window(high=span.at, time=span.property)
        case TimeRelation.AFTER if span.at is not None:
            return Window(low=span.at, time=span.property)
        case TimeRelation.BETWEEN if span.at is not None and span.end_at is not None:
            return Window(low=span.at, high=span.end_at, time=span.property)
    return whole


def candidates_of(asked: Query) -> Candidates:
    """All that fit are among them."""
    types: set[Iri] | None = set()
    ids: set[str] | None = set()
    for selector in asked.entities or (EntitySelector(),):
        named = None if selector.types is None else set(_names(selector.types))
        types = None if types is None or named is None else types | named
        ids = None if ids is None or selector.ids is None else ids | set(selector.ids)
    return Candidates(
        types=None if types is None else sorted(types),
        ids=None if ids is None else sorted(ids),
        names=asked.attributes or None,
        datasets=asked.datasets,
    )


def is_exact(asked: Query) -> bool:
    """Whether every candidate fits: then the database alone pages and counts."""
    if asked.condition is not None or asked.geo is not None or asked.scope is not None:
        return False
    if len(asked.entities) > 1 and any(one.ids is not None for one in asked.entities):
        return False
    return all(one.id_pattern is None and _is_any(one.types) for one in asked.entities)


def _is_any(selection: TypeSelection | None) -> bool:
    match selection:
        case AnyType(parts):
            return all(_is_any(part) for part in parts)
        case AllTypes():
            return False
    return True


def _names(selection: TypeSelection) -> Iterator[Iri]:
    match selection:
        case OneType(name):
            yield name
        case AllTypes(parts) | AnyType(parts):
            for part in parts:
                yield from _names(part)


def names_of(condition: Condition) -> Iterator[Iri]:
    """The attributes that a condition looks at."""
    match condition:
        case Exists(path) | Absent(path):
            yield path.names[0]
        case Compare():
            yield condition.path.names[0]
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from names_of(part)


def wanted_names(form: Form) -> Sequence[Iri] | None:
    """The attributes that are told; None means all but those left out."""
    if form.attributes:
        return sorted(form.attributes)
    if form.pick is not None:
        scope = (SCOPE,) if "scope" in form.pick.members else NOTHING
        return sorted((*form.pick.attributes, *scope))
    return None


def is_told(series: Series, form: Form) -> bool:
    if series.name == SCOPE:
        named = not form.attributes or SCOPE in form.attributes
        return named and shows_member("scope", form)
    return is_selected(series.name, form)
