"""NGSI v2's operations on entities: its names resolved to ours, then the one write path."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from mieone.blocks.broker.model import (
    Change,
    Entity,
    Identity,
    Iri,
    Operation,
    Outcome,
    Query,
    Tenant,
)
from mieone.blocks.broker.problems import (
    AlreadyExists,
    AmbiguousEntity,
    OperationNotSupported,
    ResourceNotFound,
)
from mieone.blocks.broker.rules.v2.bodies import DEFAULT_TYPE, EntityBody
from mieone.blocks.broker.rules.v2.names import (
    ROOT,
    Names,
    fits_paths,
    id_of,
    is_uri,
    list_candidate_ids,
    path_of,
)
from mieone.blocks.broker.rules.v2.showing import type_of
from mieone.blocks.broker.store.v2 import list_named
from mieone.core.problems import Problem

from .sources import Journey

if TYPE_CHECKING:
    from .parts import Broker

NO_ENTITY: Final = "no entity of this id and type is here"
NO_ATTRIBUTE: Final = "the entity has no such attribute"
ROUNDS: Final = 3
_TELLING: Final = frozenset({Operation.APPEND_STRICT, Operation.UPDATE_EXISTING})
"""What they cannot do they tell of, after the rest is done."""
"""How often a place for a new entity is looked for, when others make entities at the same time."""


class V2Name(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of which entity it means."""

    id: str
    type: str | None = None


class V2Entities:
    """The entities of one tenant under one request's names and service paths."""

    def __init__(
        self,
        broker: "Broker",
        tenant: Tenant,
        names: Names,
        paths: tuple[str, ...],
        journey: Journey,
    ) -> None:
        self._broker = broker
        self._tenant = tenant
        self._names = names
        self._paths = paths
        self._journey = journey

    @property
    def _path(self) -> str:
        return self._paths[0] if self._paths else ROOT

    async def get(self, name: V2Name, wanted: tuple[Iri, ...] = ()) -> Entity:
        """From here and from other sources. Raises ResourceNotFound, AmbiguousEntity."""
        here = await self.find(name)
        if here is not None and not await self._broker.sources.are_there(self._tenant):
            return here
        entity_id = here.id if here else self._guess_id(name)
        found, _ = await self._broker.sources.retrieve(
            self._tenant, entity_id, Query(attributes=wanted), self._journey
        )
        if found is None or not (name.type is None or self._has_type(found, name.type)):
            raise ResourceNotFound(NO_ENTITY)
        return found

    async def find(self, name: V2Name) -> Entity | None:
        """In our own store. Raises AmbiguousEntity."""
        fitting = self._list_fitting(name, await self._list_named([name]))
        if len(fitting) > 1:
            raise AmbiguousEntity("several entities have this id: name the type or service path")
        return fitting[0] if fitting else None

    async def _list_named(self, wanted: Sequence[V2Name]) -> list[Entity]:
        """Whatever may be meant, and whatever stands where a new one would be put."""
        ids = {name.id for name in wanted}
        for name in wanted:
            ids.update(list_candidate_ids(self._identity(name)))
        at = self._broker.house.clock.now()
        async with self._broker.house.database.reading() as conn:
            return await list_named(
                conn, self._tenant.name, [name.id for name in wanted], sorted(ids), at
            )

    def _list_fitting(self, name: V2Name, entities: Sequence[Entity]) -> list[Entity]:
        return [
            entity
            for entity in entities
            if id_of(entity) == name.id
            and fits_paths(self._paths, entity)
            and (name.type is None or self._has_type(entity, name.type))
        ]

    def _has_type(self, entity: Entity, wanted: str) -> bool:
        if type_of(entity, self._names) == wanted:
            return True
        return entity.identity is None and self._names.type_iri(wanted) in entity.types

    def _identity(self, name: V2Name) -> Identity:
        return Identity(id=name.id, type=name.type or DEFAULT_TYPE, path=self._path)

    def _guess_id(self, name: V2Name) -> str:
        return name.id if is_uri(name.id) else list_candidate_ids(self._identity(name))[0]

    async def change(self, name: V2Name, change: Change) -> Outcome:
        """`change` without its entity id. Raises what came of it."""
        here = await self.find(name)
        aimed = msgspec.structs.replace(change, entity_id=here.id if here else self._guess_id(name))
        if here is not None and change.operation is Operation.REPLACE:
            fragment = msgspec.structs.replace(change.fragment, scopes=here.scopes)
            aimed = msgspec.structs.replace(aimed, fragment=fragment)
        [outcome] = await self._broker.sources.write(self._tenant, [aimed], self._journey)
        problem = find_problem(outcome)
        if isinstance(problem, ResourceNotFound):
            raise ResourceNotFound(NO_ENTITY if here is None else NO_ATTRIBUTE)
        if problem is not None:
            raise self.in_v2_words(problem)
        return outcome

    def in_v2_words(self, problem: Problem) -> Problem:
        """Attributes under the names this client knows."""
        named = problem.detail.get("names")
        if not isinstance(problem, OperationNotSupported) or not isinstance(named, list):
            return problem
        reason = problem.reason
        for iri in named:
            reason = reason.replace(iri, self._names.attribute_name(iri))
        return OperationNotSupported(reason)

    async def change_all(self, wanted: Sequence[tuple[V2Name, Change]]) -> list[Outcome]:
        """Each change of an entity that is there; the others have ResourceNotFound as outcome."""
        known = await self._list_named([name for name, _ in wanted])
        aimed = [self._aim(name, change, known) for name, change in wanted]
        return await self._broker.sources.write(self._tenant, aimed, self._journey, is_batch=True)

    def _aim(self, name: V2Name, change: Change, known: Sequence[Entity]) -> Change:
        fitting = self._list_fitting(name, known)
        if len(fitting) > 1:
            raise AmbiguousEntity(f"several entities have the id {name.id}: name the type")
        entity_id = fitting[0].id if fitting else self._guess_id(name)
        if fitting and change.operation is Operation.REPLACE:
            fragment = msgspec.structs.replace(change.fragment, scopes=fitting[0].scopes)
            return msgspec.structs.replace(change, entity_id=entity_id, fragment=fragment)
        return msgspec.structs.replace(change, entity_id=entity_id)

    async def append_all(
        self, bodies: Sequence[EntityBody], template: Change, *, must_be_new: bool = False
    ) -> list[Outcome]:
        """Made where they are not there, changed like `template` where they are.

        With `must_be_new` an entity that is there is AlreadyExists.
        """
        outcomes: dict[int, Outcome] = {}
        waiting = dict(enumerate(bodies))
        for _ in range(ROUNDS):
            names = [V2Name(id=body.id, type=body.type) for body in waiting.values()]
            known = await self._list_named(names)
            changes = {
                place: self._append_change(body, template, known, must_be_new=must_be_new)
                for place, body in waiting.items()
            }
            written = await self._broker.sources.write(
                self._tenant, list(changes.values()), self._journey, is_batch=len(bodies) > 1
            )
            outcomes.update(zip(changes, written, strict=True))
            waiting = {
                place: body
                for place, body in waiting.items()
                if isinstance(outcomes[place].problem, AlreadyExists)
                and not (must_be_new and self._is_known(body, known))
            }
            if not waiting:
                break
        return [outcomes[place] for place in range(len(bodies))]

    def _is_known(self, body: EntityBody, known: Sequence[Entity]) -> bool:
        return bool(self._list_same(body, known))

    def _list_same(self, body: EntityBody, known: Sequence[Entity]) -> list[Entity]:
        fitting = self._list_fitting(V2Name(id=body.id, type=body.type), known)
        return [entity for entity in fitting if path_of(entity) == self._path] or fitting

    def _append_change(
        self,
        body: EntityBody,
        template: Change,
        known: Sequence[Entity],
        *,
        must_be_new: bool,
    ) -> Change:
        same = self._list_same(body, known)
        if len(same) > 1:
            raise AmbiguousEntity(f"several entities have the id {body.id}: name the type")
        if same and not must_be_new:
            return msgspec.structs.replace(
                template,
                entity_id=same[0].id,
                fragment=body.content.fragment(),
                revision=body.content.revision(overrides_metadata=template.revision is None),
            )
        identity = self._identity(V2Name(id=body.id, type=body.type))
        occupied = {entity.id for entity in known}
        candidates = list_candidate_ids(identity)
        free = [entity_id for entity_id in candidates if entity_id not in occupied]
        entity_id = same[0].id if same else (free or candidates[-1:])[0]
        type_iri = self._names.type_iri(identity.type)
        differs = entity_id != identity.id or self._names.type_name(type_iri) != identity.type
        return Change(
            operation=Operation.CREATE,
            entity_id=entity_id,
            fragment=body.content.fragment(types=(type_iri,), path=self._path),
            revision=body.content.revision(overrides_metadata=True),
            identity=identity if differs else None,
            is_forced=template.is_forced,
        )


def find_problem(outcome: Outcome) -> Problem | None:
    """What went wrong here or, where sources took part, there."""
    failed = [result.problem for result in outcome.sources if result.problem is not None]
    if failed:
        return failed[0]
    if outcome.sources and isinstance(outcome.problem, ResourceNotFound | OperationNotSupported):
        # Somebody else holds it.
        return None
    if outcome.problem is None and outcome.not_updated and outcome.change.operation in _TELLING:
        names = [kept.name for kept in outcome.not_updated]
        reason = outcome.not_updated[0].reason
        return OperationNotSupported(f"{reason}: {', '.join(names)}", names=names)
    return outcome.problem


def check_outcome(outcome: Outcome) -> None:
    problem = find_problem(outcome)
    if problem is not None:
        raise problem
