"""/v2/registrations."""

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.registering import end, get_record, list_records, register
from mieone.blocks.broker.actions.v2_subscribing import make_id
from mieone.blocks.broker.model import SourceProtocol
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.blocks.broker.rules.v2.registering import (
    ID_PREFIX,
    Where,
    path_of,
    read_registration,
    render_registration,
    short_id_of,
)
from mieone.web import AnyRequest

from .v2_http import answer, answer_empty, answer_list, open_v2, read_body


@get("/v2/registrations")
async def list_registrations(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    call = await open_v2(request, broker, options=("count",))
    shown = [
        record
        for record in await list_records(broker, call.tenant)
        if record.registration.protocol is SourceProtocol.NGSI_V2
        and call.path_header in (None, path_of(record.registration))
    ]
    page = shown[call.params.offset : call.params.offset + call.params.limit]
    documents = [render_registration(record, call.names) for record in page]
    return answer_list(call, [*documents], len(shown))


@post("/v2/registrations", status_code=201)
async def create_registration(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[None]:
    document = await read_body(request)
    call = await open_v2(request, broker, is_about_paths=False)
    where = Where(names=call.names, path_header=call.path_header, at=broker.house.clock.now())
    registration = read_registration(document, make_id(), where)
    await register(broker, call.tenant, registration)
    location = f"/v2/registrations/{short_id_of(registration)}"
    return answer_empty(call, 201, {"Location": location})


@get("/v2/registrations/{registration_id:str}")
async def get_registration(
    request: AnyRequest, broker: NamedDependency[Broker], registration_id: FromPath[str]
) -> Response[bytes]:
    call = await open_v2(request, broker)
    record = await get_record(broker, call.tenant, ID_PREFIX + registration_id)
    if record.registration.protocol is not SourceProtocol.NGSI_V2:
        raise ResourceNotFound("no registration of this id is here")
    return answer(call, render_registration(record, call.names))


@delete("/v2/registrations/{registration_id:str}", status_code=204)
async def delete_registration(
    request: AnyRequest, broker: NamedDependency[Broker], registration_id: FromPath[str]
) -> Response[None]:
    call = await open_v2(request, broker, is_about_paths=False)
    await end(broker, call.tenant, ID_PREFIX + registration_id)
    return answer_empty(call)


HANDLERS = (list_registrations, create_registration, get_registration, delete_registration)
