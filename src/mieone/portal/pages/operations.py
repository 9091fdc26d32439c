"""What is waiting, what was given up on, what runs: for the association, at the desk."""

from litestar import Response, get
from litestar.di import NamedDependency

from mieone.core.database import Database
from mieone.core.dead_letters import list_dead
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import NotPermitted
from mieone.core.watch import read_state
from mieone.web import Page


@get("/desk/operations")
async def show_operations(
    page: NamedDependency[Page], actor: NamedDependency[Actor], database: NamedDependency[Database]
) -> Response[str]:
    """Names of events and jobs, counts and ages; nobody's data stands here."""
    if actor.kind is not ActorKind.ASSOCIATION:
        raise NotPermitted
    async with database.transaction() as conn:
        state, dead = await read_state(conn), await list_dead(conn)
    return page.render("portal/operations.html", state=state, dead=dead)
