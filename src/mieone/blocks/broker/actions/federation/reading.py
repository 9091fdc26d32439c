"""Entities out of our store and out of the sources, put together."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from mieone.blocks.broker.actions import reading
from mieone.blocks.broker.model import (
    Entity,
    Found,
    Iri,
    Query,
    RegistrationInfo,
    SourceMode,
    SourceProtocol,
    Tenant,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery
from mieone.blocks.broker.rules.conditions import fits_query
from mieone.blocks.broker.rules.ordering import sort_entities
from mieone.blocks.broker.rules.registrations import holds_entity, list_matching, tells_the_present
from mieone.blocks.broker.rules.registrations.bounds import (
    is_split,
    needed_names,
    shares_datasets,
)
from mieone.blocks.broker.rules.registrations.joining import (
    Part,
    cut_proxied,
    is_undecided,
    join_parts,
)
from mieone.blocks.broker.rules.registrations.requests import (
    FARTHEST,
    MOST,
    SourceRequest,
    query_requests,
    retrieve_request,
)
from mieone.blocks.broker.rules.registrations.splitting import Source

from .asking import (
    SourceClient,
)
from .questioning import Questioner, Told

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker
    from mieone.blocks.broker.actions.sources import Journey

PROXIED: Final = frozenset({SourceMode.EXCLUSIVE, SourceMode.REDIRECT})
EXCLUSIVE: Final = frozenset({SourceMode.EXCLUSIVE})
_READING: Final = frozenset({"retrieveEntity", "queryEntity", "queryBatch"})
_QUERYING: Final = frozenset({"queryEntity", "queryBatch"})


class SourceReader:
    def __init__(self, broker: "Broker", client: SourceClient) -> None:
        self._broker = broker
        self._questioner = Questioner(broker, client)

    async def retrieve(
        self,
        tenant: Tenant,
        sources: Sequence[Source],
        entity_id: str,
        asked: Query,
        journey: "Journey",
    ) -> tuple[Entity | None, tuple[str, ...]]:
        async with self._broker.house.database.transaction() as conn:
            local = await reading.find_entity(conn, tenant, entity_id)
        if journey.is_local:
            return (None if local is None else cut_proxied(local, sources, EXCLUSIVE)), ()
        types = () if local is None else local.types
        asking = [
            self._questioner.ask(
                tenant,
                source,
                partial(_retrieve_requests, source, entity_id, self._wanted(infos, asked)),
                asked,
                journey,
                entity_id,
            )
            for source in sources
            if (infos := self._holding(source, entity_id, types, asked))
        ]
        told = list(await asyncio.gather(*asking))
        parts = self._parts(local, sources, told)
        if is_undecided(parts):
            told = await self._questioner.ask_again(tenant, told, asked, journey, entity_id)
            parts = self._parts(local, sources, told)
        return join_parts(parts, self._broker.house.clock.now()), _warnings(told)

    def _holding(
        self, source: Source, entity_id: str, types: Sequence[str], asked: Query
    ) -> list[RegistrationInfo]:
        if not tells_the_present(source.registration) or not source.operations & _READING:
            return []
        wanted = frozenset(asked.attributes)
        return [
            info
            for info in source.registration.information
            if holds_entity(info, entity_id, types)
            and (not wanted or not info.names or not wanted.isdisjoint(info.names))
            and (info.names or source.mode is not SourceMode.EXCLUSIVE)
        ]

    def _wanted(self, infos: Sequence[RegistrationInfo], asked: Query) -> list[str]:
        if any(not info.names for info in infos):
            return list(asked.attributes)
        names = dict.fromkeys(name for info in infos for name in info.names)
        return [name for name in names if not asked.attributes or name in asked.attributes]

    def _parts(
        self, local: Entity | None, sources: Sequence[Source], told: Iterable[Told]
    ) -> list[Part]:
        """Of one entity: what the store and every source have, without what is held elsewhere."""
        parts: list[Part] = []
        kept = None if local is None else cut_proxied(local, sources, PROXIED)
        if kept is not None:
            parts.append(Part(entity=kept))
        for one in told:
            for entity in one.entities:
                rest: Entity | None = entity
                if one.source.mode not in PROXIED:
                    rest = cut_proxied(entity, sources, EXCLUSIVE)
                if rest is not None:
                    parts.append(Part(entity=rest, source=one.source))
        return parts

    async def query(
        self,
        tenant: Tenant,
        sources: Sequence[Source],
        asked: Query,
        journey: "Journey",
        *,
        is_batch: bool,
    ) -> tuple[Found, tuple[str, ...]]:
        if journey.is_local:
            return await self._query_here(tenant, sources, asked, EXCLUSIVE), ()
        fitting = [
            (source, infos)
            for source in sources
            if tells_the_present(source.registration)
            and source.operations & _QUERYING
            and (infos := self._matching(source, asked))
        ]
        if not fitting:
            return await self._query_here(tenant, sources, asked, PROXIED), ()
        if asked.order and asked.orders_here_only:
            raise BadRequestData("orderBy goes with local=true only where others are asked")
        if asked.offset + asked.limit > FARTHEST:
            raise TooComplexQuery(f"where others are asked, pages end with entity {FARTHEST}")
        # Nor can NGSI v2 judge a condition of NGSI-LD.
        splits = asked.splits or any(
            is_split(infos, asked) or source.registration.protocol is SourceProtocol.NGSI_V2
            for source, infos in fitting
        )
        asking = [
            self._questioner.ask(
                tenant,
                source,
                partial(query_requests, source, infos, asked, is_batch=is_batch, splits=splits),
                asked,
                journey,
            )
            for source, infos in fitting
        ]
        told = list(await asyncio.gather(*asking))
        foreign = dict.fromkeys(entity.id for one in told for entity in one.entities)
        local = await self._candidates(tenant, asked, len(foreign))
        entities = await self._join(tenant, sources, local, told, asked, journey)
        if splits:
            entities = [one for one in entities if fits_query(one, asked)]
        if asked.order:
            numbered = sort_entities(list(enumerate(entities)), asked.order, asked.geo)
            entities = [entity for _, entity in numbered]
        return _page(entities, local, told, asked), _warnings(told)

    def _matching(self, source: Source, asked: Query) -> tuple[RegistrationInfo, ...]:
        if not shares_datasets(asked, source.registration.datasets):
            return ()
        # Without attributes asked for, all of them are.
        names = needed_names(asked) if asked.attributes else ()
        infos = list_matching(source.registration, asked.entities, names)
        if source.mode is SourceMode.EXCLUSIVE:
            return tuple(info for info in infos if info.names)
        return infos

    async def _query_here(
        self,
        tenant: Tenant,
        sources: Sequence[Source],
        asked: Query,
        modes: frozenset[SourceMode],
    ) -> Found:
        async with self._broker.house.database.transaction() as conn:
            found = await reading.query(conn, tenant, asked)
        kept = (cut_proxied(entity, sources, modes) for entity in found.entities)
        return msgspec.structs.replace(
            found, entities=tuple(entity for entity in kept if entity is not None)
        )

    async def _candidates(self, tenant: Tenant, asked: Query, foreign: int) -> Found:
        """From our store: as much as the page may need, though others take away so many.

        What nobody else has we judge alone; what others have as well `_join` looks up.
        """
        wanted = msgspec.structs.replace(
            asked, offset=0, limit=asked.offset + asked.limit + foreign, after=None
        )
        async with self._broker.house.database.transaction() as conn:
            return await reading.query(conn, tenant, wanted)

    async def _join(
        self,
        tenant: Tenant,
        sources: Sequence[Source],
        local: Found,
        told: list[Told],
        asked: Query,
        journey: "Journey",
    ) -> list[Entity]:
        ours = {entity.id: entity for entity in local.entities}
        foreign = dict.fromkeys(entity.id for one in told for entity in one.entities)
        missing = [one for one in foreign if one not in ours]
        async with self._broker.house.database.transaction() as conn:
            for start in range(0, len(missing), MOST):
                known = await reading.list_entities(conn, tenant, missing[start : start + MOST])
                ours |= {entity.id: entity for entity in known}
        ids = list(dict.fromkeys([*(entity.id for entity in local.entities), *foreign]))
        by_id = _sorted_by_id(told)
        groups = {one: self._parts(ours.get(one), sources, by_id.get(one, ())) for one in ids}
        if any(is_undecided(parts) for parts in groups.values()):
            again = await self._questioner.ask_again(tenant, told, asked, journey)
            by_id = _sorted_by_id(again)
            groups = {one: self._parts(ours.get(one), sources, by_id.get(one, ())) for one in ids}
        at = self._broker.house.clock.now()
        joined = (join_parts(parts, at) for parts in groups.values())
        return [entity for entity in joined if entity is not None]


def _retrieve_requests(
    source: Source, entity_id: str, names: Sequence[Iri], terms: Terms
) -> list[SourceRequest]:
    return [retrieve_request(source, entity_id, names, terms)]


def _sorted_by_id(told: Iterable[Told]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for one in told:
        for entity in one.entities:
            about = msgspec.structs.replace(one, entities=(entity,))
            found.setdefault(entity.id, []).append(about)
    return found


def _warnings(told: Iterable[Told]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(warning for one in told for warning in one.warnings))


def _page(entities: list[Entity], local: Found, told: Sequence[Told], asked: Query) -> Found:
    """Ours in their order, then what only others have. Numbers beyond a page are estimates."""
    chosen = entities[asked.offset : asked.offset + asked.limit]
    beyond = sum(max(0, (one.count or 0) - len(one.entities)) for one in told)
    count = None
    if asked.wants_count:
        count = len(entities) + max(0, (local.count or 0) - len(local.entities)) + beyond
    return Found(
        entities=tuple(chosen),
        # No cursor: what others have stands in no sequence of ours.
        sequences=(),
        count=count,
        has_more=len(entities) > asked.offset + asked.limit or local.has_more or beyond > 0,
    )
