"""Types and attributes, of our store and of the sources."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from mieone.blocks.broker.actions import discovering
from mieone.blocks.broker.actions.discovering import AttributeDetails, TypeDetails
from mieone.blocks.broker.model import (
    AttributeKind,
    Iri,
    JsonValue,
    SourceProtocol,
    Tenant,
    Terms,
)
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.rules.registrations import tells_the_present
from mieone.blocks.broker.rules.registrations.requests import SourceRequest
from mieone.blocks.broker.rules.registrations.splitting import Source

from .asking import Fault, SourceClient, SourceFailedError, warning_of
from .register import SourceRegister

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker
    from mieone.blocks.broker.actions.sources import Journey

T = TypeVar("T")
_DETAILS: Final = (("details", "true"),)


class SourceSurvey:
    def __init__(self, broker: "Broker", register: SourceRegister, client: SourceClient) -> None:
        self._broker = broker
        self._register = register
        self._client = client

    async def list_types(
        self, tenant: Tenant, journey: "Journey"
    ) -> tuple[dict[Iri, list[Iri]], tuple[str, ...]]:
        """Types, with the names of their attributes."""
        async with self._broker.house.database.transaction() as conn:
            found = await discovering.list_types_with_attributes(conn, tenant)
        told, warnings = await self._ask(
            tenant, journey, "retrieveEntityTypeDetails", "/types", _DETAILS, _read_types
        )
        _unite(found, told)
        return found, warnings

    async def list_attributes(
        self, tenant: Tenant, journey: "Journey"
    ) -> tuple[dict[Iri, list[Iri]], tuple[str, ...]]:
        """Attributes, with the types that have them."""
        async with self._broker.house.database.transaction() as conn:
            found = await discovering.list_attributes_with_types(conn, tenant)
        told, warnings = await self._ask(
            tenant, journey, "retrieveAttrTypeDetails", "/attributes", _DETAILS, _read_attributes
        )
        _unite(found, told)
        return found, warnings

    async def find_type(
        self, tenant: Tenant, name: Iri, journey: "Journey"
    ) -> tuple[TypeDetails | None, tuple[str, ...]]:
        """Counts are added up: an entity that two brokers hold counts twice."""
        async with self._broker.house.database.transaction() as conn:
            own = await discovering.find_type(conn, tenant, name)
        path = f"/types/{quote(journey.terms.compact_type(name), safe='')}"
        told, warnings = await self._ask(
            tenant, journey, "retrieveEntityTypeInfo", path, (), _read_type
        )
        parts = [one for one in (own, *told) if one is not None and one.count]
        if not parts:
            return None, warnings
        attributes: dict[Iri, tuple[AttributeKind, ...]] = {}
        for part in parts:
            for attribute, kinds in part.attributes.items():
                before = attributes.get(attribute, ())
                attributes[attribute] = tuple(dict.fromkeys((*before, *kinds)))
        return TypeDetails(count=sum(one.count for one in parts), attributes=attributes), warnings

    async def find_attribute(
        self, tenant: Tenant, name: Iri, journey: "Journey"
    ) -> tuple[AttributeDetails | None, tuple[str, ...]]:
        async with self._broker.house.database.transaction() as conn:
            own = await discovering.find_attribute(conn, tenant, name)
        path = f"/attributes/{quote(journey.terms.compact_name(name), safe='')}"
        told, warnings = await self._ask(
            tenant, journey, "retrieveAttrTypeInfo", path, (), _read_attribute
        )
        parts = [one for one in (own, *told) if one is not None and one.count]
        if not parts:
            return None, warnings
        return (
            AttributeDetails(
                count=sum(one.count for one in parts),
                kinds=tuple(dict.fromkeys(kind for one in parts for kind in one.kinds)),
                types=tuple(dict.fromkeys(kind for one in parts for kind in one.types)),
            ),
            warnings,
        )

    async def _ask(
        self,
        tenant: Tenant,
        journey: "Journey",
        operation: str,
        path: str,
        params: tuple[tuple[str, str], ...],
        read: "Callable[[JsonValue, Terms, Source], list[T]]",
    ) -> tuple[list[T], tuple[str, ...]]:
        sources = () if journey.is_local else await self._register.of(tenant, journey.via)
        request = SourceRequest(
            method="GET",
            path=f"/ngsi-ld/v1{path}",
            params=params,
            context=journey.terms.link,
        )
        answers = await asyncio.gather(
            *(
                self._ask_one(tenant, source, request, journey, read)
                for source in sources
                if operation in source.operations
                and source.registration.protocol is SourceProtocol.NGSI_LD
                and tells_the_present(source.registration)
            )
        )
        return (
            [one for found, _ in answers for one in found],
            tuple(dict.fromkeys(warning for _, warnings in answers for warning in warnings)),
        )

    async def _ask_one(
        self,
        tenant: Tenant,
        source: Source,
        request: SourceRequest,
        journey: "Journey",
        read: "Callable[[JsonValue, Terms, Source], list[T]]",
    ) -> tuple[list[T], tuple[str, ...]]:
        registration = source.registration
        try:
            answer = await self._client.send(tenant.name, registration, request, journey)
            if answer.status in (404, 508):
                return [], ()
            if not answer.is_well:
                raise SourceFailedError(Fault.LASTING, f"status {answer.status}")
            document = answer.read()
            terms = await self._client.terms_of(answer, document, journey.terms)
            return read(document, terms, source), ()
        except SourceFailedError as failure:
            return [], (warning_of(registration, failure),)
        except BrokerProblem as problem:
            unread = SourceFailedError(Fault.UNREADABLE, problem.reason)
            return [], (warning_of(registration, unread),)


def _unite(found: dict[Iri, list[Iri]], told: Iterable[tuple[Iri, list[Iri]]]) -> None:
    for key, names in told:
        held = found.setdefault(key, [])
        held.extend(name for name in names if name not in held)


def _holds(source: Source, kind: Iri | None, name: Iri | None) -> bool:
    """Whether it is registered for this at all: a source names nothing else to our readers."""
    return any(
        (kind is None or not info.entities or any(kind in one.types for one in info.entities))
        and (name is None or not info.names or name in info.names)
        for info in source.registration.information
    )


def _objects(document: JsonValue) -> list[dict[str, JsonValue]]:
    listed = document if isinstance(document, list) else [document]
    return [one for one in listed if isinstance(one, dict)]


def _texts(value: JsonValue) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _read_types(document: JsonValue, terms: Terms, source: Source) -> list[tuple[Iri, list[Iri]]]:
    found: list[tuple[Iri, list[Iri]]] = []
    for one in _objects(document):
        written = one.get("typeName")
        if not isinstance(written, str):
            continue
        kind = terms.expand_type(written)
        names = [terms.expand_name(name) for name in _texts(one.get("attributeNames"))]
        if _holds(source, kind, None):
            found.append((kind, [name for name in names if _holds(source, kind, name)]))
    return found


def _read_attributes(
    document: JsonValue, terms: Terms, source: Source
) -> list[tuple[Iri, list[Iri]]]:
    found: list[tuple[Iri, list[Iri]]] = []
    for one in _objects(document):
        written = one.get("attributeName")
        if not isinstance(written, str):
            continue
        name = terms.expand_name(written)
        kinds = [terms.expand_type(kind) for kind in _texts(one.get("typeNames"))]
        held = [kind for kind in kinds if _holds(source, kind, name)]
        if held:
            found.append((name, held))
    return found


def _read_type(document: JsonValue, terms: Terms, source: Source) -> list[TypeDetails]:
    found: list[TypeDetails] = []
    for one in _objects(document):
        written = one.get("typeName")
        if not isinstance(written, str):
            continue
        kind = terms.expand_type(written)
        attributes = {
            terms.expand_name(str(part["attributeName"])): _kinds(part.get("attributeTypes"))
            for part in _objects(one.get("attributeDetails") or [])
            if isinstance(part.get("attributeName"), str)
        }
        if _holds(source, kind, None):
            found.append(
                TypeDetails(
                    count=_count(one.get("entityCount")),
                    attributes={
                        name: kinds
                        for name, kinds in attributes.items()
                        if _holds(source, kind, name)
                    },
                )
            )
    return found


def _read_attribute(document: JsonValue, terms: Terms, source: Source) -> list[AttributeDetails]:
    found: list[AttributeDetails] = []
    for one in _objects(document):
        written = one.get("attributeName")
        if not isinstance(written, str):
            continue
        name = terms.expand_name(written)
        types = [terms.expand_type(kind) for kind in _texts(one.get("typeNames"))]
        held = tuple(kind for kind in types if _holds(source, kind, name))
        if held:
            found.append(
                AttributeDetails(
                    count=_count(one.get("attributeCount")),
                    kinds=_kinds(one.get("attributeTypes")),
                    types=held,
                )
            )
    return found


def _count(value: JsonValue) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0


def _kinds(value: JsonValue) -> tuple[AttributeKind, ...]:
    known: Sequence[str] = tuple(AttributeKind)
    return tuple(AttributeKind(one) for one in _texts(value) if one in known)
