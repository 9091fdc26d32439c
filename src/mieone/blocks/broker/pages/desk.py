"""For the association: what each tenant holds, what waits to be told, what was given up, what came in."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from mieone.blocks.broker.actions.operating import read_overview, revive_dead
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import TenantName
from mieone.core.database import Database
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import NotPermitted
from mieone.web import Page

from .open_data import OPEN_DATA

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/desk/broker")
async def show_broker(
    page: NamedDependency[Page], actor: NamedDependency[Actor], broker: NamedDependency[Broker]
) -> Response[str]:
    _check_operator(actor)
    overview = await read_overview(broker)
    return page.render("broker/operations.html", overview=overview)


@post("/desk/broker/revive", status_code=303)
async def revive(
    data: Form,
    actor: NamedDependency[Actor],
    broker: NamedDependency[Broker],
    database: NamedDependency[Database],
) -> Redirect:
    """What was given up is sent again, marked as a repeat; asked twice, it is sent once."""
    _check_operator(actor)
    async with database.transaction() as conn:
        await revive_dead(
            broker.house, conn, TenantName(data.get("tenant", "")), data.get("subscription", "")
        )
    return Redirect("/desk/broker", status_code=303)


def _check_operator(actor: Actor) -> None:
    if actor.kind is not ActorKind.ASSOCIATION:
        raise NotPermitted


DESK = (show_broker, revive, *OPEN_DATA)
