"""Histories at the sources, joined with ours. Their documents are asked for as the client asked us."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Fragment,
    Instance,
    JsonValue,
    Query,
    SourceMode,
    SourceProtocol,
    Tenant,
    Terms,
)
from mieone.blocks.broker.problems import BrokerProblem, PersonalAttribute
from mieone.blocks.broker.rules.registrations import holds_entity, list_matching
from mieone.blocks.broker.rules.registrations.histories import (
    Document,
    cut_history,
    join_histories,
    names_in,
)
from mieone.blocks.broker.rules.registrations.requests import (
    MOST,
    SourceRequest,
    narrow_request,
)
from mieone.blocks.broker.rules.registrations.splitting import Source
from mieone.blocks.broker.rules.registrations.watching import fits_source

from .asking import (
    Fault,
    SourceClient,
    SourceFailedError,
    warning_of,
)
from .register import SourceRegister

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker
    from mieone.blocks.broker.actions.sources import Journey

PATH: Final = "/ngsi-ld/v1/temporal/entities"
QUERY_PATH: Final = "/ngsi-ld/v1/temporal/entityOperations/query"


class SourceHistories:
    def __init__(self, broker: "Broker", register: SourceRegister, client: SourceClient) -> None:
        self._broker = broker
        self._register = register
        self._client = client

    async def are_asked(self, tenant: Tenant, journey: "Journey") -> bool:
        """Whether anybody else has histories at all."""
        return bool(await self._sources(tenant, journey))

    async def retrieve(
        self,
        tenant: Tenant,
        entity_id: str,
        query: str,
        local: Document | None,
        journey: "Journey",
    ) -> tuple[Document | None, tuple[str, ...]]:
        """`query`: the parameters as they came."""
        request = SourceRequest(
            method="GET",
            path=f"{PATH}/{quote(entity_id, safe=':')}",
            params=_params(query),
            context=journey.terms.link,
        )
        sources = [
            source
            for source in await self._sources(tenant, journey)
            if "retrieveTemporal" in source.operations
            and any(holds_entity(info, entity_id) for info in source.registration.information)
        ]
        told, warnings = await self._ask(tenant, [(one, request) for one in sources], journey)
        own = [] if local is None else [self._ours(local, sources, journey.terms)]
        parts = [*own, *(one for one in told if one.get("id") == entity_id)]
        return (join_histories(parts) if parts else None), warnings

    async def query(
        self,
        tenant: Tenant,
        asked: Query,
        query: str,
        body: JsonValue,
        local: Sequence[Document],
        journey: "Journey",
    ) -> tuple[list[Document], tuple[str, ...]]:
        """A page of ours, and what others have of theirs: pages are each broker's own."""
        request = SourceRequest(
            method="GET" if body is None else "POST",
            path=PATH if body is None else QUERY_PATH,
            params=_params(query),
            body=body,
            context=journey.terms.link,
        )
        fitting = [
            (source, narrow_request(request, asked.entities, infos, journey.terms))
            for source in await self._sources(tenant, journey)
            if "queryTemporal" in source.operations
            and (infos := list_matching(source.registration, asked.entities))
            and fits_source(source.registration, asked.source_condition)
        ]
        sources = [source for source, _ in fitting]
        told, warnings = await self._ask(tenant, fitting, journey)
        groups: dict[str, list[Document]] = {}
        for one in (*(self._ours(each, sources, journey.terms) for each in local), *told):
            groups.setdefault(str(one.get("id")), []).append(one)
        return [join_histories(parts) for parts in groups.values()], warnings

    async def _sources(self, tenant: Tenant, journey: "Journey") -> tuple[Source, ...]:
        if journey.is_local:
            return ()
        return tuple(
            source
            for source in await self._register.of(tenant, journey.via)
            if source.registration.protocol is SourceProtocol.NGSI_LD
            and source.operations & {"retrieveTemporal", "queryTemporal"}
        )

    def _ours(self, document: Document, sources: Iterable[Source], terms: Terms) -> Document:
        """Without what is held elsewhere only."""
        gone = {
            name
            for source in sources
            if source.mode is SourceMode.EXCLUSIVE
            for info in source.registration.information
            if holds_entity(info, str(document.get("id")))
            for name in info.names
        }
        hidden = {key for key, name in names_in(document, terms).items() if name in gone}
        return {key: value for key, value in document.items() if key not in hidden}

    async def _ask(
        self,
        tenant: Tenant,
        asking: Sequence[tuple[Source, SourceRequest]],
        journey: "Journey",
    ) -> tuple[list[Document], tuple[str, ...]]:
        answers = await asyncio.gather(
            *(self._ask_one(tenant, source, request, journey) for source, request in asking)
        )
        return (
            [one for found, _ in answers for one in found],
            tuple(dict.fromkeys(text for _, warnings in answers for text in warnings)),
        )

    async def _ask_one(
        self, tenant: Tenant, source: Source, request: SourceRequest, journey: "Journey"
    ) -> tuple[list[Document], tuple[str, ...]]:
        registration = source.registration
        try:
            answer = await self._client.send(tenant.name, registration, request, journey)
            if answer.status in (404, 508):
                return [], ()
            if not answer.is_well:
                raise SourceFailedError(Fault.LASTING, f"status {answer.status}")
            document = answer.read()
            return self._admit(source, document, journey.terms)
        except SourceFailedError as failure:
            return [], (warning_of(registration, failure),)
        except BrokerProblem as problem:
            unread = SourceFailedError(Fault.UNREADABLE, problem.reason)
            return [], (warning_of(registration, unread),)

    def _admit(
        self, source: Source, document: JsonValue, terms: Terms
    ) -> tuple[list[Document], tuple[str, ...]]:
        """What it is registered for, and nothing personal."""
        found: list[Document] = []
        personal = 0
        for one in (document if isinstance(document, list) else [document])[:MOST]:
            cut = cut_history(one, source, terms) if isinstance(one, dict) else None
            if cut is None:
                continue
            hidden = {key for key in names_in(cut, terms) if self._is_personal(cut, key, terms)}
            personal += len(hidden)
            found.append({key: value for key, value in cut.items() if key not in hidden})
        if not personal:
            return found, ()
        failure = SourceFailedError(Fault.LASTING, f"{personal} personal attributes were cut")
        return found, (warning_of(source.registration, failure),)

    def _is_personal(self, document: Document, key: str, terms: Terms) -> bool:
        written = document.get("type")
        types = [one for one in (written if isinstance(written, list) else [written]) if one]
        whole = Instance(kind=AttributeKind.JSON_PROPERTY, value=document[key])
        fragment = Fragment(
            types=tuple(terms.expand_type(str(one)) for one in types),
            attributes={terms.expand_name(key): {DEFAULT_INSTANCE: whole}},
        )
        try:
            self._broker.personal.check_open(str(document["id"]), fragment)
        except PersonalAttribute:
            return True
        return False


def _params(query: str) -> tuple[tuple[str, str], ...]:
    pairs = parse_qsl(query, keep_blank_values=True)
    # csf means sources of ours, not of theirs.
    return tuple((name, text) for name, text in pairs if name not in ("local", "csf"))
