"""Whether a source may have something of what is asked: what cannot be told counts as yes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from mieone.blocks.broker.model import (
    AllTypes,
    EntityInfo,
    EntitySelector,
    Iri,
    OneType,
    Registration,
    RegistrationInfo,
    TypeSelection,
)
from mieone.blocks.broker.rules.patterns import is_found
from mieone.blocks.broker.rules.v2.names import read_made_id


def is_expired(registration: Registration, at: datetime) -> bool:
    return registration.expires_at is not None and registration.expires_at <= at


def tells_the_present(registration: Registration) -> bool:
    """Sources with intervals hold history: they are asked only about times."""
    return registration.observed is None and registration.managed is None


def list_matching(
    registration: Registration, entities: Sequence[EntitySelector], names: Iterable[Iri] = ()
) -> tuple[RegistrationInfo, ...]:
    """Those of its information that fit any of the selectors, and any of the names if there are some."""
    wanted = frozenset(names)
    return tuple(
        info
        for info in registration.information
        if _fits_entities(info, entities) and _fits_names(info, wanted)
    )


def holds_entity(info: RegistrationInfo, entity_id: str, types: Sequence[Iri] = ()) -> bool:
    """`types` empty: not known."""
    return not info.entities or any(
        _holds(entity, entity_id) and (not types or not entity.types or _meets(entity, types))
        for entity in info.entities
    )


def _holds(info: EntityInfo, entity_id: str, *, is_v2: bool = False) -> bool:
    if info.id is not None:
        made = read_made_id(info.id) if is_v2 else None
        return info.id == entity_id or (made is not None and made[1] == entity_id)
    return info.id_pattern is None or is_found(info.id_pattern, entity_id)


def _meets(info: EntityInfo, types: Iterable[Iri]) -> bool:
    return not set(info.types).isdisjoint(types)


def _fits_entities(info: RegistrationInfo, selectors: Sequence[EntitySelector]) -> bool:
    if not info.entities or not selectors:
        return True
    return any(_fits_entity(entity, one) for entity in info.entities for one in selectors)


def _fits_entity(info: EntityInfo, selector: EntitySelector) -> bool:
    return _fits_types(info, selector.types) and _fits_ids(info, selector)


def _fits_types(info: EntityInfo, selection: TypeSelection | None) -> bool:
    if selection is None or not info.types:
        return True
    if isinstance(selection, OneType):
        return selection.name in info.types
    if isinstance(selection, AllTypes):
        # The source may hold entities of several types and name only one of them.
        return any(_fits_types(info, part) for part in selection.parts)
    return any(_fits_types(info, part) for part in selection.parts)


def _fits_ids(info: EntityInfo, selector: EntitySelector) -> bool:
    if selector.ids is not None:
        return any(_holds(info, one, is_v2=selector.is_v2) for one in selector.ids)
    if selector.id_pattern is not None and info.id is not None:
        return is_found(selector.id_pattern, info.id)
    return True


def _fits_names(info: RegistrationInfo, wanted: frozenset[Iri]) -> bool:
    held = info.names
    return not wanted or not held or not wanted.isdisjoint(held)
