"""One source asked for entities: what it says, cut to what it may say."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from mieone.blocks.broker.model import (
    Entity,
    EntitySelector,
    Query,
    SourceProtocol,
    Tenant,
    Terms,
)
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.rules.conditions import fits_selector
from mieone.blocks.broker.rules.reading import read_foreign_entity
from mieone.blocks.broker.rules.registrations.joining import (
    cut_to_source,
)
from mieone.blocks.broker.rules.registrations.requests import (
    FARTHEST,
    MOST,
    SourceRequest,
    in_newer_words,
    turn_page,
)
from mieone.blocks.broker.rules.registrations.splitting import Source

from .asking import (
    LARGEST_ANSWER,
    LONGEST_TIMEOUT_S,
    Answer,
    Fault,
    SourceClient,
    SourceFailedError,
    warning_of,
)
from .v2 import query_v2

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker
    from mieone.blocks.broker.actions.sources import Journey

_log = structlog.get_logger(__name__)
_REFUSALS: Final = frozenset({400, 422, 501})
_NOT_ALL: Final = SourceFailedError(
    Fault.MISCELLANEOUS, "it has more than is looked at for one question"
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one source has said."""

    source: Source
    requests: tuple[SourceRequest, ...]
    entities: tuple[Entity, ...] = ()
    warnings: tuple[str, ...] = ()
    count: int | None = None
    """How many it has, where it said so."""


class _Pages:
    def __init__(self) -> None:
        self.entities: list[Entity] = []
        self.told = 0
        """Of the pages before."""
        self.count: int | None = None


class Questioner:
    def __init__(self, broker: "Broker", client: SourceClient) -> None:
        self._broker = broker
        self._client = client

    async def ask_again(
        self,
        tenant: Tenant,
        told: Sequence[Told],
        asked: Query,
        journey: "Journey",
        entity_id: str | None = None,
    ) -> list[Told]:
        """With the times of writing, which nobody pays for while they decide nothing."""

        async def ask_one(one: Told) -> Told:
            if not one.entities or one.source.registration.protocol is SourceProtocol.NGSI_V2:
                return one
            requests = [
                msgspec.structs.replace(request, params=(*request.params, ("options", "sysAttrs")))
                for request in one.requests
            ]
            newer = await self.ask(
                tenant, one.source, lambda _: requests, asked, journey, entity_id
            )
            # A source that does not tell times has nothing to add to what it said.
            return newer if any(map(_tells_times, newer.entities)) else one

        return list(await asyncio.gather(*(ask_one(one) for one in told)))

    async def ask(
        self,
        tenant: Tenant,
        source: Source,
        make: Callable[[Terms], Sequence[SourceRequest]],
        asked: Query,
        journey: "Journey",
        entity_id: str | None = None,
    ) -> Told:
        """Never raises for what a source does: that is a warning.

        `make` says what to ask, with the names of the context that the source is spoken to with.
        """
        requests: tuple[SourceRequest, ...] = ()
        selectors = asked.entities
        if entity_id is not None:
            selectors = (EntitySelector(ids=(entity_id,)),)
        entities: list[Entity] = []
        warnings: list[str] = []
        count: int | None = None
        try:
            if source.registration.protocol is SourceProtocol.NGSI_V2:
                entities = await query_v2(self._client, tenant, source, selectors, asked, journey)
                if len(entities) >= MOST:
                    warnings.append(warning_of(source.registration, _NOT_ALL))
            else:
                requests = tuple(make(await self._client.terms_for(source.registration, journey)))
                for request in requests:
                    found = await self._ask_pages(tenant, source, request, journey, warnings)
                    entities += found.entities
                    count = count if found.count is None else (count or 0) + found.count
        except SourceFailedError as failure:
            warnings.append(warning_of(source.registration, failure))
        return Told(
            source=source,
            requests=requests,
            entities=tuple(self._admitted(source, entities, selectors, warnings)),
            warnings=tuple(warnings),
            count=count,
        )

    async def _ask_pages(
        self,
        tenant: Tenant,
        source: Source,
        request: SourceRequest,
        journey: "Journey",
        warnings: list[str],
    ) -> "_Pages":
        """Raises SourceFailedError where nothing at all was had; later it is a warning."""
        pages = _Pages()
        size, end_s = 0, time.monotonic() + LONGEST_TIMEOUT_S
        while True:
            try:
                answer = await self._client.send(
                    tenant.name, source.registration, turn_page(request, pages.told), journey
                )
                told, entities = await self._read(source, answer, journey, warnings)
            except SourceFailedError as failure:
                newer = in_newer_words(request) if failure.is_refusal else None
                if newer is not None:
                    request = newer
                    continue
                if not pages.told:
                    raise
                warnings.append(warning_of(source.registration, failure))
                return pages
            pages.entities += entities
            pages.count = _counted(answer) if pages.count is None else pages.count
            size += len(answer.body)
            if told < MOST or pages.told + told >= request.wanted:
                if told >= MOST and request.wanted == FARTHEST:
                    warnings.append(warning_of(source.registration, _NOT_ALL))
                return pages
            if size > LARGEST_ANSWER or time.monotonic() > end_s:
                warnings.append(warning_of(source.registration, _NOT_ALL))
                return pages
            pages.told += told

    async def _read(
        self, source: Source, answer: Answer, journey: "Journey", warnings: list[str]
    ) -> tuple[int, list[Entity]]:
        """How many it has told, and those that can be read. Raises SourceFailedError."""
        if answer.status in (404, 508):
            # Nothing is there; or the way leads back to us, who have been asked already.
            return 0, []
        if not answer.is_well:
            raise SourceFailedError(
                Fault.LASTING, f"status {answer.status}", is_refusal=answer.status in _REFUSALS
            )
        if not answer.body:
            raise SourceFailedError(Fault.UNREADABLE, "an empty answer")
        document = answer.read()
        documents = document if isinstance(document, list) else [document]
        asked_with = await self._client.terms_for(source.registration, journey)
        entities: list[Entity] = []
        malformed = 0
        for one in documents[:MOST]:
            terms = await self._client.terms_of(answer, one, asked_with)
            if isinstance(one, dict):
                one = {name: value for name, value in one.items() if name != "@context"}
            try:
                entities.append(read_foreign_entity(one, terms))
            except BrokerProblem:
                malformed += 1
        if malformed:
            failure = SourceFailedError(Fault.UNREADABLE, f"{malformed} entities cannot be read")
            warnings.append(warning_of(source.registration, failure))
        return len(documents), entities

    def _admitted(
        self,
        source: Source,
        entities: Iterable[Entity],
        selectors: Sequence[EntitySelector],
        warnings: list[str],
    ) -> list[Entity]:
        """What was asked for, what the source is registered for, and nothing personal."""
        admitted: list[Entity] = []
        personal = 0
        for entity in entities:
            if selectors and not any(fits_selector(entity, one) for one in selectors):
                continue
            own = cut_to_source(entity, source)
            if own is None:
                continue
            open_part, cut = self._broker.personal.cut_personal(own)
            personal += len(cut)
            if open_part is not None:
                admitted.append(open_part)
        if personal:
            _log.warning(
                "source_told_personal", registration=source.registration.id, attributes=personal
            )
            failure = SourceFailedError(Fault.LASTING, f"{personal} personal attributes were cut")
            warnings.append(warning_of(source.registration, failure))
        return admitted


def _tells_times(entity: Entity) -> bool:
    return any(
        instance.modified_at is not None
        for instances in entity.attributes.values()
        for instance in instances.values()
    )


def _counted(answer: Answer) -> int | None:
    text = answer.headers.get("Ngsild-Results-Count", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
