"""Which part of a change goes to which source, and what is left for our own store."""

from collections.abc import Sequence
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    Change,
    EntityInfo,
    Iri,
    Operation,
    Registration,
    SourceMode,
)

from .matching import holds_entity
from .operations import BATCH, SINGLE


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A registration made ready: its groups of operations expanded."""

    registration: Registration
    operations: frozenset[str]

    @property
    def mode(self) -> SourceMode:
        return self.registration.mode


class Share(msgspec.Struct, frozen=True, kw_only=True):
    source: Source
    change: Change
    names: tuple[Iri, ...]
    """The attributes that go there; empty for the whole entity."""
    is_refused: bool = False
    """It holds this alone, and does not take the operation."""


class Split(msgspec.Struct, frozen=True, kw_only=True):
    local: Change | None
    shares: tuple[Share, ...]


_ORDER: Final = (SourceMode.EXCLUSIVE, SourceMode.REDIRECT, SourceMode.INCLUSIVE)
_WHOLE: Final = frozenset({Operation.DELETE})


def split_change(
    change: Change, sources: Sequence[Source], types: Sequence[Iri], *, is_batch: bool
) -> Split:
    """`types` of the entity, empty where they are not known."""
    everything = _names_of(change)
    is_whole = change.operation in _WHOLE or not everything
    left = dict.fromkeys(everything)
    shares: list[Share] = []
    is_taken_whole = False
    for mode in _ORDER:
        taken: set[Iri] = set()
        for source in sources:
            if source.mode is not mode:
                continue
            held = _held_names(source, change.entity_id, types)
            if held is None or (
                is_whole
                and mode is SourceMode.EXCLUSIVE
                and not everything
                and change.operation is not Operation.DELETE
            ):
                continue
            names = tuple(name for name in left if not held or name in held)
            if not is_whole and not names:
                continue
            takes = takes_operation(source, change.operation, is_batch=is_batch) and not (
                mode is SourceMode.EXCLUSIVE and not held
            )
            if not takes and mode is SourceMode.INCLUSIVE:
                continue
            shares.append(
                Share(
                    source=source,
                    change=_guarded(restrict(change, names), source, types),
                    names=() if is_whole else names,
                    is_refused=not takes,
                )
            )
            if mode is SourceMode.EXCLUSIVE:
                left = {name: None for name in left if name not in names}
            elif mode is SourceMode.REDIRECT:
                taken.update(names)
                is_taken_whole = is_taken_whole or (is_whole and not held)
        left = {name: None for name in left if name not in taken}
    if is_taken_whole or (everything and not left):
        return Split(local=None, shares=tuple(shares))
    return Split(local=restrict(change, tuple(left)), shares=tuple(shares))


def takes_operation(source: Source, operation: Operation, *, is_batch: bool) -> bool:
    single, batch = SINGLE[operation], BATCH.get(operation)
    if is_batch and batch is not None and batch in source.operations:
        return True
    return single in source.operations


def restrict(change: Change, names: Sequence[Iri]) -> Change:
    """The change with only these of its attributes."""
    fragment = change.fragment
    kept = frozenset(names)
    if kept.issuperset(fragment.attributes) and kept.issuperset(fragment.overlays):
        return change
    return msgspec.structs.replace(
        change,
        fragment=msgspec.structs.replace(
            fragment,
            attributes={name: one for name, one in fragment.attributes.items() if name in kept},
            overlays={name: one for name, one in fragment.overlays.items() if name in kept},
        ),
    )


def _guarded(change: Change, source: Source, types: Sequence[Iri]) -> Change:
    """An entity that nobody here knows may be of types the source is not registered for: where it is
    registered by type alone, the request says so (4.3.6.1)."""
    if types or change.type_filter:
        return change
    entities = [
        one
        for info in source.registration.information
        if holds_entity(info, change.entity_id)
        for one in info.entities or (EntityInfo(),)
    ]
    if any(one.id is not None or one.id_pattern is not None or not one.types for one in entities):
        return change
    held = dict.fromkeys(name for one in entities for name in one.types)
    return msgspec.structs.replace(change, type_filter=tuple(held))


def _names_of(change: Change) -> tuple[Iri, ...]:
    if change.name is not None:
        return (change.name,)
    return (*change.fragment.attributes, *change.fragment.overlays)


def _held_names(source: Source, entity_id: str, types: Sequence[Iri]) -> frozenset[Iri] | None:
    """None: it has nothing of this entity. Empty: all of it."""
    fitting = [
        info for info in source.registration.information if holds_entity(info, entity_id, types)
    ]
    if not fitting:
        return None
    if any(not info.names for info in fitting):
        return frozenset()
    return frozenset(name for info in fitting for name in info.names)
