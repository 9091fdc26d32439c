"""Types and attributes that are known here (clauses 5.7.5 to 5.7.10)."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.discovering import (
    find_attribute,
    find_type,
    list_attributes,
    list_attributes_with_types,
    list_types,
    list_types_with_attributes,
)
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import AttributeKind, Iri, JsonValue
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.web import AnyRequest

from .ld_http import Call, answer, open_call


@get("/types", summary="List the types of entities")
async def get_types(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(request, broker, ("details",))
    async with broker.house.database.transaction() as conn:
        if not call.params.flag("details"):
            return _answer_list(
                call,
                "EntityTypeList",
                "typeList",
                _types(call, await list_types(conn, call.tenant)),
            )
        found = await list_types_with_attributes(conn, call.tenant)
    return answer(
        call,
        [
            {
                "id": kind,
                "type": "EntityType",
                "typeName": call.terms.compact_type(kind),
                "attributeNames": _names(call, names),
            }
            for kind, names in found.items()
        ],
    )


@get("/types/{name:str}", summary="Describe a type of entities")
async def get_type(
    request: AnyRequest, broker: NamedDependency[Broker], name: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, ())
    kind = call.terms.expand_type(name)
    async with broker.house.database.transaction() as conn:
        found = await find_type(conn, call.tenant, kind)
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
    )


@get("/attributes", summary="List the attributes of entities")
async def get_attributes(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(request, broker, ("details",))
    async with broker.house.database.transaction() as conn:
        if not call.params.flag("details"):
            names = _names(call, await list_attributes(conn, call.tenant))
            return _answer_list(call, "AttributeList", "attributeList", names)
        found = await list_attributes_with_types(conn, call.tenant)
    return answer(
        call,
        [
            {**_attribute(call, name), "typeNames": _types(call, kinds)}
            for name, kinds in found.items()
        ],
    )


@get("/attributes/{name:str}", summary="Describe an attribute")
async def get_attribute(
    request: AnyRequest, broker: NamedDependency[Broker], name: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, ())
    attribute = call.terms.expand_name(name)
    async with broker.house.database.transaction() as conn:
        found = await find_attribute(conn, call.tenant, attribute)
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
    )


def _answer_list(call: Call, kind: str, member: str, names: Sequence[JsonValue]) -> Response[bytes]:
    return answer(call, {"id": f"urn:ngsi-ld:{kind}:{uuid4()}", "type": kind, member: [*names]})


def _attribute(call: Call, name: Iri) -> Mapping[str, JsonValue]:
    return {"id": name, "type": "Attribute", "attributeName": call.terms.compact_name(name)}


def _names(call: Call, names: Sequence[Iri]) -> list[JsonValue]:
    return [call.terms.compact_name(name) for name in names]


def _types(call: Call, kinds: Sequence[Iri]) -> list[JsonValue]:
    return [call.terms.compact_type(kind) for kind in kinds]


def _kinds(kinds: Sequence[AttributeKind]) -> list[JsonValue]:
    return [kind.value for kind in kinds]


HANDLERS = (get_types, get_type, get_attributes, get_attribute)
