"""Types and attributes that are known here (clauses 5.7.5 to 5.7.10)."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.discovering import list_attributes, list_types
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import AttributeKind, Iri, JsonValue
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.web import AnyRequest

from .ld_distributed import warn
from .ld_http import Call, answer, open_call


@get("/types", summary="List the types of entities")
async def get_types(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(request, broker, ("details",))
    details = call.params.flag("details")
    if not details and not await broker.sources.are_there(call.tenant):
        async with broker.house.database.transaction() as conn:
            known = await list_types(conn, call.tenant)
        return _answer_list(call, "EntityTypeList", "typeList", _types(call, known))
    found, warnings = await broker.sources.survey.list_types(call.tenant, call.journey)
    if not details:
        kinds = _types(call, list(found))
        return _answer_list(call, "EntityTypeList", "typeList", kinds, warnings)
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
        headers=warn(warnings),
    )


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
    details = call.params.flag("details")
    if not details and not await broker.sources.are_there(call.tenant):
        async with broker.house.database.transaction() as conn:
            known = await list_attributes(conn, call.tenant)
        return _answer_list(call, "AttributeList", "attributeList", _names(call, known))
    found, warnings = await broker.sources.survey.list_attributes(call.tenant, call.journey)
    if not details:
        names = _names(call, list(found))
        return _answer_list(call, "AttributeList", "attributeList", names, warnings)
    return answer(
        call,
        [
            {**_attribute(call, name), "typeNames": _types(call, kinds)}
            for name, kinds in found.items()
        ],
        headers=warn(warnings),
    )


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


HANDLERS = (get_types, get_type, get_attributes, get_attribute)
