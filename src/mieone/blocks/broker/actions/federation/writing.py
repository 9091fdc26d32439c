"""Changes at our store and at the sources, side by side."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from mieone.blocks.broker.actions import reading
from mieone.blocks.broker.model import (
    Change,
    Entity,
    EntitySelector,
    Iri,
    JsonValue,
    Outcome,
    Query,
    SourceProtocol,
    SourceResult,
    Tenant,
)
from mieone.blocks.broker.problems import (
    BrokerProblem,
    Conflict,
    PersonalAttribute,
)
from mieone.blocks.broker.rules.registrations.commands import batch_request, write_request
from mieone.blocks.broker.rules.registrations.operations import BATCH
from mieone.blocks.broker.rules.registrations.splitting import (
    Share,
    Source,
    Split,
    split_change,
)
from mieone.blocks.broker.rules.registrations.v2_bodies import update_request
from mieone.blocks.broker.rules.v2.names import read_made_id

from .asking import Answer, SourceClient, SourceFailedError
from .judging import combine, judge, judge_each, result_of, unanswered
from .v2 import query_v2

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker
    from mieone.blocks.broker.actions.sources import Journey

AT_ONCE: Final = 8
"""Single requests to one source side by side, where it takes no batches."""


class SourceWriter:
    def __init__(self, broker: "Broker", client: SourceClient) -> None:
        self._broker = broker
        self._client = client

    async def write(
        self,
        tenant: Tenant,
        sources: Sequence[Source],
        changes: Sequence[Change],
        journey: "Journey",
        *,
        is_batch: bool,
    ) -> list[Outcome]:
        """What is personal goes nowhere: neither into our store nor to another broker."""
        known = await self._types(tenant, changes)
        refused = self._find_personal(changes, known)
        open_ones = [change for at, change in enumerate(changes) if at not in refused]
        written = await self._write(tenant, sources, open_ones, known, journey, is_batch=is_batch)
        done = iter(written)
        return [refused[at] if at in refused else next(done) for at, _ in enumerate(changes)]

    def _find_personal(
        self, changes: Sequence[Change], known: Mapping[str, tuple[Iri, ...]]
    ) -> dict[int, Outcome]:
        refused: dict[int, Outcome] = {}
        for at, change in enumerate(changes):
            try:
                types = known.get(change.entity_id, ())
                self._broker.personal.check_open(change.entity_id, change.fragment, types)
            except PersonalAttribute as problem:
                refused[at] = Outcome(change=change, problem=problem)
        return refused

    async def _write(
        self,
        tenant: Tenant,
        sources: Sequence[Source],
        changes: Sequence[Change],
        known: Mapping[str, tuple[Iri, ...]],
        journey: "Journey",
        *,
        is_batch: bool,
    ) -> list[Outcome]:
        splits = [
            split_change(
                change,
                sources,
                change.fragment.types or known.get(change.entity_id, ()),
                is_batch=is_batch,
            )
            for change in changes
        ]
        here = [split.local for split in splits if split.local is not None]
        written, told = await asyncio.gather(
            self._broker.writer.write(tenant, here),
            self._tell(tenant, splits, known, journey, is_batch=is_batch),
        )
        outcomes = iter(written)
        return [
            combine(
                change,
                next(outcomes) if split.local is not None else None,
                results,
                is_known=change.entity_id in known,
            )
            for change, split, results in zip(changes, splits, told, strict=True)
        ]

    async def _types(self, tenant: Tenant, changes: Sequence[Change]) -> dict[str, tuple[Iri, ...]]:
        """Of entities that are here and whose change does not say what they are."""
        ids = [one.entity_id for one in changes if not one.fragment.types]
        if not ids:
            return {}
        async with self._broker.house.database.transaction() as conn:
            found: list[Entity] = []
            for start in range(0, len(ids), 1000):
                found += await reading.list_entities(conn, tenant, ids[start : start + 1000])
        return {entity.id: entity.types for entity in found}

    async def _tell(
        self,
        tenant: Tenant,
        splits: Sequence[Split],
        known: Mapping[str, tuple[Iri, ...]],
        journey: "Journey",
        *,
        is_batch: bool,
    ) -> list[list[SourceResult]]:
        """For every change, what its sources made of it."""
        results: list[list[SourceResult]] = [[] for _ in splits]
        groups: dict[str, list[tuple[int, Share]]] = {}
        for place, split in enumerate(splits):
            for share in split.shares:
                if share.is_refused:
                    problem = Conflict("this is held by a source that does not take the operation")
                    results[place].append(result_of(share, problem))
                else:
                    groups.setdefault(share.source.registration.id, []).append((place, share))

        async def tell(group: list[tuple[int, Share]]) -> None:
            shares = [share for _, share in group]
            for (place, _), result in zip(
                group,
                await self._tell_source(tenant, shares, known, journey, is_batch=is_batch),
                strict=True,
            ):
                results[place].append(result)

        await asyncio.gather(*(tell(group) for group in groups.values()))
        return results

    async def _tell_source(
        self,
        tenant: Tenant,
        shares: Sequence[Share],
        known: Mapping[str, tuple[Iri, ...]],
        journey: "Journey",
        *,
        is_batch: bool,
    ) -> list[SourceResult]:
        source = shares[0].source
        batch = BATCH.get(shares[0].change.operation)
        takes_batches = is_batch and batch is not None and batch in source.operations
        if takes_batches and source.registration.protocol is SourceProtocol.NGSI_LD:
            return await self._tell_batch(tenant, shares, journey)
        gate = asyncio.Semaphore(AT_ONCE)

        async def tell(share: Share) -> SourceResult:
            async with gate:
                return await self._tell_one(tenant, share, known, journey)

        return list(await asyncio.gather(*(tell(share) for share in shares)))

    async def _tell_one(
        self,
        tenant: Tenant,
        share: Share,
        known: Mapping[str, tuple[Iri, ...]],
        journey: "Journey",
    ) -> SourceResult:
        registration = share.source.registration
        try:
            terms = await self._client.terms_for(registration, journey)
            if registration.protocol is SourceProtocol.NGSI_V2:
                types = known.get(share.change.entity_id, ())
                answer = await self._update_v2(tenant, share, types, journey)
            else:
                request = write_request(share, terms)
                answer = await self._client.send(tenant.name, registration, request, journey)
        except SourceFailedError as failure:
            return result_of(share, unanswered(failure))
        except BrokerProblem as problem:
            return result_of(share, problem)
        return judge(share, answer)

    async def _update_v2(
        self, tenant: Tenant, share: Share, types: Sequence[Iri], journey: "Journey"
    ) -> Answer:
        registration = share.source.registration
        terms = await self._client.terms_for(registration, journey)
        request = update_request(
            registration,
            share.change,
            types,
            terms,
            reads_made_id=await self._is_made_id(tenant, share, journey),
        )
        return await self._client.send(tenant.name, registration, request, journey)

    async def _is_made_id(self, tenant: Tenant, share: Share, journey: "Journey") -> bool:
        """Whether the source knows the entity by the type and id that our id could be made of."""
        entity_id = share.change.entity_id
        if read_made_id(entity_id) is None:
            return False
        selectors = (EntitySelector(ids=(entity_id,)),)
        found = await query_v2(self._client, tenant, share.source, selectors, Query(), journey)
        return bool(found) and all(one.identity is not None for one in found)

    async def _tell_batch(
        self, tenant: Tenant, shares: Sequence[Share], journey: "Journey"
    ) -> list[SourceResult]:
        registration = shares[0].source.registration
        try:
            terms = await self._client.terms_for(registration, journey)
            request = batch_request(shares, terms)
            answer = await self._client.send(tenant.name, registration, request, journey)
            if answer.status == 207:
                return judge_each(shares, answer.read())
            made: JsonValue = []
            if answer.status == 201:
                # Who does not name what it made has made all of it.
                made = answer.read() if answer.body else [one.change.entity_id for one in shares]
        except SourceFailedError as failure:
            return [result_of(share, unanswered(failure)) for share in shares]
        created = set(map(str, made)) if isinstance(made, list) else set()
        return [
            msgspec.structs.replace(
                judge(share, answer), has_created=share.change.entity_id in created
            )
            for share in shares
        ]
