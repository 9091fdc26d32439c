"""Entities deleted by a question, at the sources."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mieone.blocks.broker.model import Change, Entity, Operation, SourceResult, Tenant
from mieone.blocks.broker.problems import BrokerProblem, Conflict, TooManyResults
from mieone.blocks.broker.rules.registrations.purging import (
    Aim,
    Purge,
    can_tell_ids,
    direct_requests,
    everything_meant,
    find_aims,
    id_requests,
    wants_ids,
)
from mieone.blocks.broker.rules.registrations.requests import FARTHEST
from mieone.blocks.broker.rules.registrations.splitting import Share, Source

from .asking import SourceClient, SourceFailedError
from .judging import judge, result_of, unanswered
from .reading import SourceReader

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.sources import Journey

_NOTHING: Final = Change(operation=Operation.DELETE, entity_id="urn:ngsi-ld:purge")


class SourcePurger:
    def __init__(self, client: SourceClient, reader: SourceReader) -> None:
        self._client = client
        self._reader = reader

    async def purge(
        self, tenant: Tenant, sources: Sequence[Source], purge: Purge, journey: "Journey"
    ) -> tuple[SourceResult, ...]:
        """Raises TooManyResults, before anything is deleted."""
        aims = find_aims(sources, purge)
        found: Sequence[Entity] = ()
        if any(wants_ids(aim, purge.asked) and not aim.is_refused for aim in aims):
            found = await self._find(tenant, sources, purge, journey)
        return tuple(
            await asyncio.gather(*(self._tell(tenant, aim, found, purge, journey) for aim in aims))
        )

    async def _find(
        self, tenant: Tenant, sources: Sequence[Source], purge: Purge, journey: "Journey"
    ) -> Sequence[Entity]:
        asked = everything_meant(purge.asked, FARTHEST)
        found, _ = await self._reader.query(tenant, sources, asked, journey, is_batch=False)
        if found.has_more:
            raise TooManyResults(f"a purge reaches at most {FARTHEST} entities of other brokers")
        return found.entities

    async def _tell(
        self,
        tenant: Tenant,
        aim: Aim,
        found: Sequence[Entity],
        purge: Purge,
        journey: "Journey",
    ) -> SourceResult:
        share = Share(source=aim.source, change=_NOTHING, names=aim.drop)
        by_id = wants_ids(aim, purge.asked)
        if aim.is_refused:
            return result_of(share, Conflict("this is held by a source that purges nothing"))
        if by_id and not can_tell_ids(aim):
            return result_of(share, Conflict("the source cannot be asked which entities fit"))
        registration = aim.source.registration
        try:
            terms = await self._client.terms_for(registration, journey)
            if by_id:
                requests = list(id_requests(aim, found, purge, terms))
            else:
                requests = direct_requests(aim, purge, terms)
            for request in requests:
                answer = await self._client.send(tenant.name, registration, request, journey)
                result = judge(share, answer)
                if result.problem is not None:
                    return result
        except SourceFailedError as failure:
            return result_of(share, unanswered(failure))
        except BrokerProblem as problem:
            return result_of(share, problem)
        return result_of(share, None)
