"""Every look of staff at somebody's case stands in that person's access record."""

from collections.abc import Sequence
from uuid import UUID

from mieone.blocks import access
from mieone.blocks.access import AccessRow, Kind
from mieone.blocks.procedures.model import CaseFile
from mieone.blocks.procedures.store import cases
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.model import Actor
from mieone.core.ports import Basis

from .datasets import CASES, VERSION
from .office import Office
from .register import EXAMINE, SERVICE, Ground

NUMBER = ("case_number", "name")
WHOLE = ("application", "case_history", "evaluation")


async def record_look(
    conn: Conn,
    office: Office,
    actor: Actor,
    case: CaseFile,
    ground: Ground | None,
    items: tuple[str, ...] = WHOLE,
) -> None:
    """A case was opened, or its letter."""
    row = _row(office, actor, case, ground, items)
    await access.record_many(conn, office.keyring, [row])


async def record_queue(
    conn: Conn,
    office: Office,
    actor: Actor,
    shown: Sequence[CaseFile],
    grounds: dict[UUID, Ground | None],
) -> None:
    """Names in a queue, told once a day for each officer and case."""
    ids = [case.id for case in shown]
    first = await cases.record_sights(conn, actor.id, ids, office.today())
    rows = [
        _row(office, actor, case, grounds.get(case.id), NUMBER)
        for case in shown
        if case.id in first
    ]
    if rows:
        await access.record_many(conn, office.keyring, rows)


def _row(
    office: Office, actor: Actor, case: CaseFile, ground: Ground | None, items: tuple[str, ...]
) -> AccessRow:
    return AccessRow(
        subject_id=case.person_id,
        kind=Kind.ACT,
        request_id=uuid7(),
        at=office.now(),
        actor=actor,
        service=SERVICE,
        purpose=EXAMINE,
        decision="permit",
        town=case.town,
        provider=SERVICE,
        dataset=f"{CASES}@{VERSION}",
        items=items,
        basis=(ground.basis if ground else Basis.LAW).value,
        basis_ref=ground.ref if ground else None,
    )
