"""What an entity has been: no type that comes later may make any of it personal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Change,
    Entity,
    Fragment,
    Instance,
    Iri,
    Operation,
    Tenant,
)
from mieone.blocks.broker.problems import PersonalAttribute
from mieone.blocks.broker.rules.personal import PersonalTerms
from mieone.blocks.broker.store import history
from mieone.core.database import Conn

Types: TypeAlias = tuple[Iri, ...]
Retyping: TypeAlias = tuple[str, Types]


class Pasts:
    """Of those entities of one transaction that get a type on which more is personal."""

    def __init__(
        self,
        personal: PersonalTerms,
        there: Mapping[str, Entity],
        retypings: Sequence[Retyping],
        refused: Mapping[Retyping, PersonalAttribute],
    ) -> None:
        self._personal = personal
        self._there = there
        self._refused = refused
        self._since: dict[str, list[Entity]] = {entity_id: [] for entity_id, _ in retypings}

    def check(self, change: Change, entity: Entity | None) -> None:
        """Raises PersonalAttribute. Sees every state of the transaction that is no history yet."""
        since = self._since.get(change.entity_id)
        if since is None:
            return
        if entity is not None and entity is not self._there.get(entity.id):
            since.append(entity)
        types = change.fragment.types
        if not types:
            return
        if (problem := self._refused.get((change.entity_id, types))) is not None:
            raise problem
        for state in since:
            self._personal.check_retyped(state, types)


async def read_pasts(
    conn: Conn,
    tenant: Tenant,
    personal: PersonalTerms,
    there: Mapping[str, Entity],
    changes: Sequence[Change],
) -> Pasts:
    """`there` are locked already. Costs nothing where no type comes that makes more personal."""
    retypings = list(dict.fromkeys(_list_retypings(personal, there, changes)))
    refused = await find_refused(conn, tenant, personal, retypings) if retypings else {}
    return Pasts(personal, there, retypings, refused)


def _list_retypings(
    personal: PersonalTerms, there: Mapping[str, Entity], changes: Sequence[Change]
) -> Iterator[Retyping]:
    lasting = {name: frozenset(entity.types) for name, entity in there.items()}
    for change in changes:
        if change.operation is Operation.DELETE:
            lasting.pop(change.entity_id, None)
        elif change.operation is Operation.REPLACE and change.entity_id in lasting:
            types = change.fragment.types
            lasting[change.entity_id] &= lasting[change.entity_id] if not types else {*types}
    for change in changes:
        types = change.fragment.types
        if types and personal.narrows(types, lasting.get(change.entity_id, ())):
            yield change.entity_id, types


async def find_refused(
    conn: Conn, tenant: Tenant, personal: PersonalTerms, retypings: Sequence[Retyping]
) -> dict[Retyping, PersonalAttribute]:
    """Which entities cannot be of these types for what stands in their histories."""
    wanted: dict[str, list[Types]] = {}
    for entity_id, types in retypings:
        wanted.setdefault(entity_id, []).append(types)
    await history.lock_pasts(conn, tenant.name, list(wanted))
    refused: dict[Retyping, PersonalAttribute] = {}
    async for entity_id, name, instance in history.list_past(conn, tenant.name, list(wanted)):
        for types in wanted[entity_id]:
            if (entity_id, types) in refused:
                continue
            try:
                _check(personal, entity_id, types, name, instance)
            except PersonalAttribute:
                refused[entity_id, types] = PersonalAttribute(
                    f"the history of this entity holds {name}, personal on such a type: "
                    "delete the history first"
                )
    return refused


def _check(
    personal: PersonalTerms, entity_id: str, types: Types, name: Iri, instance: Instance | None
) -> None:
    held = instance or Instance(kind=AttributeKind.PROPERTY, value=None)
    fragment = Fragment(types=types, attributes={name: {DEFAULT_INSTANCE: held}})
    personal.check_open(entity_id, fragment)
