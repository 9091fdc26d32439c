"""How far a source may be asked: nobody is asked for what it is not registered for (4.3.6.1)."""

from collections.abc import Iterator, Sequence

import msgspec

from mieone.blocks.broker.model import (
    ANY_LOCATION,
    AllOf,
    AllTypes,
    AnyOf,
    AnyType,
    Condition,
    DatasetId,
    EntitySelector,
    Iri,
    OneType,
    Query,
    RegistrationInfo,
    TypeSelection,
)

from .matching import holds_entity


def needed_names(asked: Query) -> frozenset[Iri]:
    """Attributes without which nobody can tell whether an entity fits, and what to say of it."""
    found = set(asked.attributes)
    if asked.condition is not None:
        found.update(_names_in(asked.condition))
    if asked.geo is not None and asked.geo.property != ANY_LOCATION:
        found.add(asked.geo.property)
    return frozenset(found)


def _names_in(condition: Condition) -> Iterator[Iri]:
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _names_in(part)
    else:
        yield from condition.path.names[:1]


def is_split(infos: Sequence[RegistrationInfo], asked: Query) -> bool:
    """Whether the source holds only some attributes of an entity, so that it cannot judge alone.

    Nor can anybody else judge what only NGSI v2 asks.
    """
    if asked.metadata_condition is not None or any(one.is_v2 for one in asked.entities):
        return True
    if any(not info.names for info in infos):
        return False
    held = {name for info in infos for name in info.names}
    return not asked.attributes or asked.scope is not None or not needed_names(asked) <= held


def shares_datasets(asked: Query, datasets: Sequence[DatasetId]) -> bool:
    """Who names none, means all (5.12)."""
    if asked.datasets is None or not datasets:
        return True
    return not set(asked.datasets).isdisjoint(datasets)


def widen(asked: Query) -> Query:
    """What everybody is asked where nobody can judge alone."""
    return msgspec.structs.replace(
        asked,
        attributes=(),
        condition=None,
        metadata_condition=None,
        geo=None,
        scope=None,
        datasets=None,
    )


def narrow_selectors(
    selectors: Sequence[EntitySelector], infos: Sequence[RegistrationInfo]
) -> tuple[EntitySelector, ...]:
    """Without ids and types that these are not registered for; what nothing is left of is gone."""
    found = (_narrow(selector, infos) for selector in selectors)
    return tuple(one for one in found if one is not None)


def _narrow(selector: EntitySelector, infos: Sequence[RegistrationInfo]) -> EntitySelector | None:
    ids, types = selector.ids, selector.types
    if ids is not None and not selector.is_v2:
        ids = tuple(one for one in ids if any(holds_entity(info, one) for info in infos))
        if not ids:
            return None
    entities = [one for info in infos for one in info.entities]
    is_bound = all(info.entities for info in infos) and all(one.types for one in entities)
    if types is not None and is_bound:
        types = narrow_types(types, frozenset(name for one in entities for name in one.types))
        if types is None:
            return None
    return msgspec.structs.replace(selector, ids=ids, types=types)


def narrow_types(selection: TypeSelection, held: frozenset[Iri]) -> TypeSelection | None:
    """Of several types the ones held; of several at once all, for one may be held elsewhere."""
    if isinstance(selection, OneType):
        return selection if selection.name in held else None
    parts = [narrow_types(part, held) for part in selection.parts]
    kept = tuple(part for part in parts if part is not None)
    if not kept:
        return None
    if isinstance(selection, AllTypes):
        return selection
    return kept[0] if len(kept) == 1 else AnyType(kept)
