"""Letters at the desk: the sheet as it would read, and the one that was made. Each look is recorded."""

from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.procedures import actions
from mieone.blocks.procedures.actions import Office, office_of
from mieone.blocks.procedures.actions.entrustments import reach_of
from mieone.blocks.procedures.actions.letters import preview
from mieone.blocks.procedures.actions.register import ground_for
from mieone.blocks.procedures.actions.sights import record_look
from mieone.blocks.procedures.model import Decision, Outcome
from mieone.blocks.procedures.rules import acts
from mieone.blocks.procedures.store import cases
from mieone.core.database import Conn, Database
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor

from .cases import pdf_response


async def _look_at_letter(conn: Conn, office: Office, actor: Actor, case_id: UUID) -> None:
    case = await cases.get_case(conn, case_id)
    file = await office.definition_of(conn, case)
    reach = await reach_of(conn, office, actor)
    reach.check_sees(case)
    ground = ground_for(actor, file.definition, reach.row_for(case))
    await record_look(conn, office, actor, case, ground, ("letter",))


@get("/desk/cases/{case_id:uuid}/preview.pdf")
async def preview_letter(
    case_id: FromPath[UUID],
    evaluation: UUID,
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
    outcome: Outcome = Outcome.GRANTED,
) -> Response[bytes]:
    """The sheet as it would read, before anything is decided."""
    office = office_of(house)
    await run(database, actor.towns, lambda conn: _look_at_letter(conn, office, actor, case_id))
    draft = Decision(
        id=uuid7(),
        evaluation_id=evaluation,
        outcome=outcome,
        authority="",
        delegation="",
        actor_class=acts.class_of(actor),
        decided_by=actor.id,
        law_refs=(),
        reasons=(),
        decided_at=office.now(),
    )
    pdf = await preview(database, office, actor, case_id, draft)
    return pdf_response(pdf, "preview.pdf")


@get("/desk/cases/{case_id:uuid}/letter.pdf")
async def get_desk_letter(
    case_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[bytes]:
    office = office_of(house)

    async def read(conn: Conn) -> bytes:
        await _look_at_letter(conn, office, actor, case_id)
        return await actions.open_letter(conn, office, actor, case_id)

    pdf = await run(database, actor.towns, read)
    return pdf_response(pdf, f"notice-{str(case_id)[-8:]}.pdf")


LETTERS = (preview_letter, get_desk_letter)
