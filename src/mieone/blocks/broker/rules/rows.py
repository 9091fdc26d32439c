"""What of an entity's next state the tables beside its document must learn: only what differs."""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from mieone.blocks.broker.model import DatasetId, Entity, Instance, Iri, Outcome

from .projection import IndexRow, project

Key: TypeAlias = tuple[Iri, DatasetId]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An entity before and after everything that one transaction does to it."""

    entity_id: str
    before: Entity | None
    after: Entity | None
    touched: frozenset[Key]


class IndexChange(msgspec.Struct, frozen=True, kw_only=True):
    stale: tuple[tuple[Iri, DatasetId, int], ...]
    fresh: tuple[tuple[Iri, IndexRow], ...]


def list_turns(outcomes: Iterable[Outcome]) -> list[Turn]:
    """One for each entity that is another afterwards, in the order of their ids."""
    first: dict[str, Entity | None] = {}
    last: dict[str, Entity | None] = {}
    touched: dict[str, set[Key]] = {}
    for outcome in outcomes:
        entity_id = outcome.change.entity_id
        first.setdefault(entity_id, outcome.before)
        last[entity_id] = outcome.after
        keys = touched.setdefault(entity_id, set())
        keys.update((effect.name, effect.dataset) for effect in outcome.effects)
    return [
        Turn(entity_id=key, before=first[key], after=last[key], touched=frozenset(touched[key]))
        for key in sorted(first)
        if first[key] is not None or last[key] is not None
    ]


def index_change(turn: Turn) -> IndexChange:
    """Of an entity that stays or is made; the rows of one that goes, go with it."""
    stale: list[tuple[Iri, DatasetId, int]] = []
    fresh: list[tuple[Iri, IndexRow]] = []
    for name, dataset in sorted(turn.touched):
        before = _find(turn.before, name, dataset)
        after = _find(turn.after, name, dataset)
        if _is_same(before, after):
            continue
        old = () if before is None else project(dataset, before)
        new = () if after is None else project(dataset, after)
        stale.extend((name, dataset, row.place) for row in old[len(new) :])
        fresh.extend(
            (name, row) for place, row in enumerate(new) if place >= len(old) or old[place] != row
        )
    return IndexChange(stale=tuple(stale), fresh=tuple(fresh))


def _find(entity: Entity | None, name: Iri, dataset: DatasetId) -> Instance | None:
    return None if entity is None else entity.attributes.get(name, {}).get(dataset)


def _is_same(before: Instance | None, after: Instance | None) -> bool:
    """The rows follow from kind and value; 1, 1.0 and true are equal and not the same."""
    if before is None or after is None:
        return before is after
    return before.kind is after.kind and (
        before.value is after.value or (type(before.value) is str and before.value == after.value)
    )
