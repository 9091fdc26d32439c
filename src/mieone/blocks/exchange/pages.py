"""The integrators' entrance: what can be asked for, by whom, and how to begin."""

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response import Response

from mieone.blocks import access
from mieone.blocks.access import Caption, CaptionKind
from mieone.core.house import House
from mieone.core.ports import Dataset
from mieone.web import Page

from . import actions, store
from .model import Right, Service

REGISTER = (
    "mieone client add my-service --title 'My service' \\\n"
    "  --redirect http://localhost:8100/callback --dataset household@1 > my-service.json"
)
TRY = "python samples/nursery/app.py --credentials my-service.json"
ASK = (
    "POST /api/exchange/v1/disclosures\n"
    "Authorization: DPoP <access token>\n"
    "DPoP: <proof>\n"
    "Request-Id: 0199f0a4-7b1c-7000-8000-000000000001\n"
    "Content-Type: application/json\n\n"
    '{"dataset": "household@1", "items": ["name", "address"], "purpose": "nursery-booking"}'
)
ANSWER = (
    '{"request_id": "0199f0a4-7b1c-7000-8000-000000000001", "dataset": "household@1",\n'
    ' "as_of": "2026-11-22T03:00:00.000000+00:00",\n'
    ' "records": [{"ref": "<your sub>", "holder": true,\n'
    '              "items": {"name": "見本 花子", "address": "見本町大字見本1"}}]}'
)


class ServiceLine(msgspec.Struct, frozen=True, kw_only=True):
    service: Service
    caption: Caption | None
    rights: tuple[Right, ...]


@get("/developers")
async def show_developers(
    page: NamedDependency[Page], house: NamedDependency[House]
) -> Response[str]:
    async with house.database.transaction() as conn:
        services = await store.list_services(conn)
        ids = [service.service_id for service in services]
        rights = await store.list_rights(conn, ids)
        captions = await access.list_captions(conn, CaptionKind.SERVICE, ids)
    today = house.clock.today()
    lines = [
        ServiceLine(
            service=service,
            caption=captions.get(service.service_id),
            rights=tuple(
                one for one in rights if one.service == service.service_id and one.is_live(today)
            ),
        )
        for service in services
    ]
    datasets: list[Dataset] = [one for block in house.blocks for one in block.datasets]
    return page.render(
        "exchange/developers.html",
        lines=lines,
        datasets=datasets,
        purposes=actions.purposes_for_services(house),
        issuer=house.settings.machines_origin,
        origin=house.settings.people_origin,
        tenant=house.region.towns[0].code,
        samples={"register": REGISTER, "try": TRY, "ask": ASK, "answer": ANSWER},
    )


DEVELOPERS = (show_developers,)
