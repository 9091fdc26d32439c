"""Entity maps over NGSI-LD (clause 6.32): read, prolonged, ended."""

from litestar import Response, delete, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.mapping import (
    LONGEST_LIFETIME,
    delete_map,
    get_map,
    prolong_map,
)
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.forms import render_time
from mieone.blocks.broker.rules.reading import read_instant
from mieone.web import AnyRequest

from .ld_http import answer, answer_empty, open_call, open_call_with_body


@get("/entityMaps/{map_id:str}", summary="Retrieve an entity map")
async def get_entity_map(
    request: AnyRequest, broker: NamedDependency[Broker], map_id: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, ())
    async with broker.house.database.transaction() as conn:
        found = await get_map(conn, call.tenant, map_id)
    return answer(
        call,
        {
            "id": found.id,
            "type": "EntityMap",
            "expiresAt": render_time(found.expires_at),
            "entityMap": {entity: list(sources) for entity, sources in found.entries},
            "linkedMaps": {},
        },
    )


@patch("/entityMaps/{map_id:str}", summary="Change when an entity map ends")
async def patch_entity_map(
    request: AnyRequest, broker: NamedDependency[Broker], map_id: FromPath[str]
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, (), takes_merge_patch=True)
    if not isinstance(body, dict) or body.keys() - {"id", "type"} != {"expiresAt"}:
        raise BadRequestData("of an entity map only expiresAt can be changed")
    until = read_instant(body["expiresAt"], "expiresAt")
    now = broker.house.clock.now()
    if not now < until <= now + LONGEST_LIFETIME:
        raise BadRequestData("an entity map ends within a day")
    async with broker.house.database.transaction() as conn:
        await prolong_map(conn, call.tenant, map_id, until)
    return answer_empty(call)


@delete("/entityMaps/{map_id:str}", summary="End an entity map")
async def delete_entity_map(
    request: AnyRequest, broker: NamedDependency[Broker], map_id: FromPath[str]
) -> Response[None]:
    call = await open_call(request, broker, ())
    async with broker.house.database.transaction() as conn:
        await delete_map(conn, call.tenant, map_id)
    return answer_empty(call)


HANDLERS = (get_entity_map, patch_entity_map, delete_entity_map)
