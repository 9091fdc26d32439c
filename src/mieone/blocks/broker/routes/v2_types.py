"""/v2/types, and the entry points /v2 and /version."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import AttributeKind, Iri, JsonValue
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.blocks.broker.rules.v2.syntax import check_name
from mieone.blocks.broker.rules.v2.values import default_type
from mieone.blocks.broker.store.v2 import (
    AttributeLook,
    PathFilter,
    list_attribute_looks,
    list_types,
)
from mieone.web import AnyRequest

from .v2_http import V2Call, answer, answer_list, open_v2

_EXAMPLES: Final[dict[str, JsonValue]] = {
    "null": None,
    "boolean": True,
    "number": 0,
    "string": "",
    "array": [],
    "object": {},
}


@get("/v2/types")
async def list_entity_types(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    call = await open_v2(request, broker, options=("count", "values", "noAttrDetail"))
    counts = await _count_types(call)
    by_name = {call.names.type_name(iri): iri for iri in counts}
    params = call.params
    page = sorted(by_name)[params.offset : params.offset + params.limit]
    if "values" in params.options:
        return answer_list(call, [*page], len(by_name))
    looks = await _list_looks(call, [by_name[name] for name in page])
    documents: list[JsonValue] = []
    for name in page:
        iri = by_name[name]
        attributes = _describe(call, [look for look in looks if look.type == iri])
        documents.append({"type": name, "attrs": attributes, "count": counts[iri]})
    return answer_list(call, documents, len(by_name))


@get("/v2/types/{entity_type:str}")
async def get_entity_type(
    request: AnyRequest, broker: NamedDependency[Broker], entity_type: FromPath[str]
) -> Response[bytes]:
    call = await open_v2(request, broker, options=("noAttrDetail",))
    iri = call.names.type_iri(check_name(entity_type, "entity type"))
    counts = await _count_types(call)
    if iri not in counts:
        raise ResourceNotFound("no entity of this type is here")
    attributes = _describe(call, await _list_looks(call, [iri]))
    return answer(call, {"attrs": attributes, "count": counts[iri]})


async def _count_types(call: V2Call) -> dict[Iri, int]:
    house = call.broker.house
    async with house.database.transaction() as conn:
        return await list_types(conn, call.tenant.name, _paths(call), house.clock.now())


async def _list_looks(call: V2Call, types: Sequence[Iri]) -> list[AttributeLook]:
    house = call.broker.house
    async with house.database.transaction() as conn:
        return await list_attribute_looks(
            conn, call.tenant.name, types, _paths(call), house.clock.now()
        )


def _paths(call: V2Call) -> PathFilter:
    if not call.paths:
        return PathFilter()
    bases = [path.removesuffix("/#") for path in call.paths]
    # The underscore, which a level may hold, is a wildcard of LIKE.
    below = [
        path.removesuffix("#").replace("_", r"\\_") + "%" for path in call.paths if path[-1] == "#"
    ]
    return PathFilter(exact=bases, below=below)


def _describe(call: V2Call, looks: Sequence[AttributeLook]) -> dict[str, JsonValue]:
    types: dict[str, set[str]] = {}
    has_detail = "noAttrDetail" not in call.params.options
    for look in looks:
        found = types.setdefault(call.names.attribute_name(look.name), set())
        if has_detail:
            found.add(_type_of(look))
    return {name: {"types": [*sorted(found)]} for name, found in sorted(types.items())}


def _type_of(look: AttributeLook) -> str:
    if look.remembered is not None:
        return look.remembered
    if look.kind is AttributeKind.GEO_PROPERTY:
        return "geo:json"
    if look.kind is not AttributeKind.PROPERTY and look.shape != "null":
        return look.kind.value
    if look.value_type is not None:
        return look.value_type.rsplit("/", 1)[-1]
    return default_type(_EXAMPLES[look.shape])


@get("/v2")
async def get_entry_points(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_v2(request, broker)
    rooms = ("entities", "types", "subscriptions", "registrations")
    return answer(call, {f"{room}_url": f"/v2/{room}" for room in rooms})


@get("/version")
async def get_version(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    """Where clients of other brokers look who they talk to."""
    call = await open_v2(request, broker)
    lasted = broker.house.clock.now() - broker.opened_at
    own: dict[str, JsonValue] = {
        "version": version("mieone"),
        "uptime": _uptime(lasted.total_seconds()),
        "apis": ["NGSI-LD 1.8", "NGSI v2"],
    }
    return answer(call, {"mieone": own})


def _uptime(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days} d, {hour} h, {minute} m, {second} s"


HANDLERS = (list_entity_types, get_entity_type, get_entry_points, get_version)
