"""The seam between the two APIs and the store: registered context sources join in here."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from mieone.blocks.broker.model import (
    Change,
    Entity,
    Found,
    Iri,
    Outcome,
    Query,
    SourceResult,
    Tenant,
    Terms,
)
from mieone.blocks.broker.rules.registrations.purging import Purge
from mieone.blocks.broker.rules.registrations.watching import fits_source

from . import reading
from .federation.asking import SourceClient
from .federation.discovering import SourceSurvey
from .federation.histories import SourceHistories
from .federation.purging import SourcePurger
from .federation.reading import SourceReader
from .federation.register import SourceRegister
from .federation.writing import SourceWriter
from .keys import KEY_PREFIX

if TYPE_CHECKING:
    from .parts import Broker

_SECRETS: Final = frozenset({"cookie", "x-api-key"})


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """What a request carries along when it is passed on to another broker."""

    terms: Terms
    is_local: bool = False
    """local=true: nobody else is asked."""
    via: tuple[str, ...] = ()
    """The Via entries it came with."""
    headers: Mapping[str, str] = {}
    """Of the request, by lower-case name: a registration may want some of them passed on."""


def keep_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Without what opens our own doors."""
    kept = {name.lower(): text for name, text in headers.items() if name.lower() not in _SECRETS}
    if kept.get("authorization", "").removeprefix("Bearer ").startswith(KEY_PREFIX):
        del kept["authorization"]
    return kept


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    found: Found
    warnings: tuple[str, ...] = ()
    """Values for NGSILD-Warning headers."""


class Sources:
    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self.register = SourceRegister(broker.house)
        self.client = SourceClient(broker)
        self.survey = SourceSurvey(broker, self.register, self.client)
        self.histories = SourceHistories(broker, self.register, self.client)
        self._reader = SourceReader(broker, self.client)
        self._writer = SourceWriter(broker, self.client)
        self._purger = SourcePurger(self.client, self._reader)

    async def are_there(self, tenant: Tenant) -> bool:
        """Whether anybody else is registered at all."""
        return bool(await self.register.of(tenant))

    async def close(self) -> None:
        await self.client.close()

    async def retrieve(
        self, tenant: Tenant, entity_id: str, asked: Query, journey: Journey
    ) -> tuple[Entity | None, tuple[str, ...]]:
        """One entity from here and from the sources, and warnings. `asked` names attributes wanted."""
        sources = await self.register.of(tenant, journey.via)
        if sources:
            return await self._reader.retrieve(tenant, sources, entity_id, asked, journey)
        async with self._broker.house.database.reading() as conn:
            return await reading.find_entity(conn, tenant, entity_id), ()

    async def query(
        self, tenant: Tenant, asked: Query, journey: Journey, *, is_batch: bool = False
    ) -> Gathered:
        """`is_batch`: it came as POST entityOperations/query."""
        sources = tuple(
            source
            for source in await self.register.of(tenant, journey.via)
            if fits_source(source.registration, asked.source_condition)
        )
        if sources:
            found, warnings = await self._reader.query(
                tenant, sources, asked, journey, is_batch=is_batch
            )
            return Gathered(found=found, warnings=warnings)
        async with self._broker.house.database.reading() as conn:
            return Gathered(found=await reading.query(conn, tenant, asked))

    async def write(
        self,
        tenant: Tenant,
        changes: Sequence[Change],
        journey: Journey,
        *,
        is_batch: bool = False,
    ) -> list[Outcome]:
        """`is_batch`: it came through entityOperations, and goes on as such.

        An outcome with `sources` is shown by `routes.ld_distributed`: ask it before anything else.
        """
        sources = () if journey.is_local else await self.register.of(tenant, journey.via)
        if sources:
            return await self._writer.write(tenant, sources, changes, journey, is_batch=is_batch)
        return await self._broker.writer.write(tenant, changes)

    async def purge(
        self,
        tenant: Tenant,
        asked: Query,
        journey: Journey,
        *,
        keep: tuple[Iri, ...] = (),
        drop: tuple[Iri, ...] = (),
    ) -> tuple[SourceResult, ...]:
        """DELETE /entities at the sources; what is here the caller purges, afterwards."""
        sources = () if journey.is_local else await self.register.of(tenant, journey.via)
        purge = Purge(asked=asked, keep=keep, drop=drop)
        return await self._purger.purge(tenant, sources, purge, journey) if sources else ()
