"""Types and attributes that are known here (clauses 5.7.5 to 5.7.10)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import uuid4

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.discovering import list_attributes, list_types
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import AttributeKind, Iri, JsonValue, Tenant
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.core.database import Conn
from mieone.web import AnyRequest

from .ld_distributed import warn
from .ld_http import Call, answer, open_call


@get("/types", summary="List the types of entities")
async def get_types(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(request, broker, ("details",))
    return await _answer_names(call, TYPES)


@get("/types/{name:str}", summary="Describe a type of entities")
async def get_type(
    request: AnyRequest, broker: NamedDependency[Broker], name: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, ())
    kind = call.terms.expand_type(name)
    found, warnings = await broker.sources.survey.find_type(call.tenant, kind, call.journey)
    if found is None:
        raise ResourceNotFound(f"there is no entity of the type {name[:200]}")
    details: list[JsonValue] = [
        {**_attribute(call, attribute), "attributeTypes": _kinds(kinds)}
        for attribute, kinds in found.attributes.items()
    ]
    return answer(
        call,
        {
            "id": kind,
            "type": "EntityTypeInfo",
            "typeName": call.terms.compact_type(kind),
            "entityCount": found.count,
            "attributeDetails": details,
        },
        headers=warn(warnings),
    )


@get("/attributes", summary="List the attributes of entities")
async def get_attributes(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(request, broker, ("details",))
    return await _answer_names(call, ATTRIBUTES)


@get("/attributes/{name:str}", summary="Describe an attribute")
async def get_attribute(
    request: AnyRequest, broker: NamedDependency[Broker], name: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, ())
    attribute = call.terms.expand_name(name)
    found, warnings = await broker.sources.survey.find_attribute(
        call.tenant, attribute, call.journey
    )
    if found is None:
        raise ResourceNotFound(f"no entity has the attribute {name[:200]}")
    return answer(
        call,
        {
            **_attribute(call, attribute),
            "attributeCount": found.count,
            "attributeTypes": _kinds(found.kinds),
            "typeNames": _types(call, found.types),
        },
        headers=warn(warnings),
    )


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the list of types and the list of attributes."""

    kind: str
    member: str
    list_here: Callable[[Conn, Tenant], Awaitable[Sequence[Iri]]]
    list_everywhere: Callable[[Call], Awaitable[tuple[Mapping[Iri, Sequence[Iri]], Sequence[str]]]]
    """By name what goes with it, and warnings."""
    name_all: Callable[[Call, Sequence[Iri]], list[JsonValue]]
    describe: Callable[[Call, Iri, Sequence[Iri]], JsonValue]


async def _answer_names(call: Call, listing: Listing) -> Response[bytes]:
    details = call.params.flag("details")
    if not details and not await call.broker.sources.are_there(call.tenant):
        async with call.broker.house.database.transaction() as conn:
            known = await listing.list_here(conn, call.tenant)
        return _answer_list(call, listing.kind, listing.member, listing.name_all(call, known))
    found, warnings = await listing.list_everywhere(call)
    if not details:
        names = listing.name_all(call, list(found))
        return _answer_list(call, listing.kind, listing.member, names, warnings)
    described = [listing.describe(call, name, with_it) for name, with_it in found.items()]
    return answer(call, described, headers=warn(warnings))


def _answer_list(
    call: Call,
    kind: str,
    member: str,
    names: Sequence[JsonValue],
    warnings: Sequence[str] = (),
) -> Response[bytes]:
    document: dict[str, JsonValue] = {
        "id": f"urn:ngsi-ld:{kind}:{uuid4()}",
        "type": kind,
        member: [*names],
    }
    return answer(call, document, headers=warn(warnings))


def _attribute(call: Call, name: Iri) -> Mapping[str, JsonValue]:
    return {"id": name, "type": "Attribute", "attributeName": call.terms.compact_name(name)}


def _names(call: Call, names: Sequence[Iri]) -> list[JsonValue]:
    return [call.terms.compact_name(name) for name in names]


def _types(call: Call, kinds: Sequence[Iri]) -> list[JsonValue]:
    return [call.terms.compact_type(kind) for kind in kinds]


def _kinds(kinds: Sequence[AttributeKind]) -> list[JsonValue]:
    return [kind.value for kind in kinds]


def _describe_type(call: Call, kind: Iri, names: Sequence[Iri]) -> JsonValue:
    return {
        "id": kind,
        "type": "EntityType",
        "typeName": call.terms.compact_type(kind),
        "attributeNames": _names(call, names),
    }


def _describe_attribute(call: Call, name: Iri, kinds: Sequence[Iri]) -> JsonValue:
    return {**_attribute(call, name), "typeNames": _types(call, kinds)}


TYPES: Final = Listing(
    kind="EntityTypeList",
    member="typeList",
    list_here=list_types,
    list_everywhere=lambda call: call.broker.sources.survey.list_types(call.tenant, call.journey),
    name_all=_types,
    describe=_describe_type,
)
ATTRIBUTES: Final = Listing(
    kind="AttributeList",
    member="attributeList",
    list_here=list_attributes,
    list_everywhere=lambda call: call.broker.sources.survey.list_attributes(
        call.tenant, call.journey
    ),
    name_all=_names,
    describe=_describe_attribute,
)

HANDLERS = (get_types, get_type, get_attributes, get_attribute)
