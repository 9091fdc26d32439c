"""What people see: their messages, one message, the wish for paper."""

from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from mieone.core.database import Database
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import NotPermitted
from mieone.web import Page

from . import actions, store
from .model import Channel

PAGE_SIZE = 20


@get("/inbox")
async def list_inbox(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
    before: UUID | None = None,
) -> Response[str]:
    person_id = UUID(actor.id)
    messages = await run(
        database,
        (),
        lambda conn: store.list_messages(conn, house.keyring, person_id, before, PAGE_SIZE),
    )
    more = f"/inbox?before={messages[-1].id}" if len(messages) == PAGE_SIZE else ""
    return page.render("inbox/list.html", messages=messages, more=more, first=before is None)


@get("/inbox/{message_id:uuid}")
async def show_message(
    message_id: FromPath[UUID],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str]:
    person_id = UUID(actor.id)
    message = await run(database, (), lambda conn: actions.read(conn, house, person_id, message_id))
    paper = await run(database, (), lambda conn: store.find_state(conn, message_id, Channel.PRINT))
    return page.render("inbox/message.html", message=message, paper=paper)


@post("/inbox/{message_id:uuid}/paper", status_code=303)
async def ask_for_paper(
    message_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Redirect:
    person_id = UUID(actor.id)
    await run(database, (), lambda conn: actions.ask_for_paper(conn, house, person_id, message_id))
    return Redirect(f"/inbox/{message_id}", status_code=303)


@get("/desk/print")
async def print_queue(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
) -> Response[str]:
    _check_dispatcher(actor)
    waiting = await run(database, actor.towns, store.list_print_queue)
    return page.render("inbox/print.html", waiting=waiting)


@post("/desk/print/{message_id:uuid}", status_code=303)
async def mark_printed(
    message_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Redirect:
    _check_dispatcher(actor)
    await run(
        database, actor.towns, lambda conn: actions.mark_printed(conn, house, actor.id, message_id)
    )
    return Redirect("/desk/print", status_code=303)


def _check_dispatcher(actor: Actor) -> None:
    """Paper is sent for all towns from one place; a town's officer must not tick off another's."""
    if actor.kind is not ActorKind.ASSOCIATION:
        raise NotPermitted
