"""What the door may have from procedures: a person's own cases, and nobody else's."""

from collections.abc import Mapping
from uuid import UUID

from mieone.blocks import identity
from mieone.blocks.procedures.model import CaseFile
from mieone.blocks.procedures.store import cases, outcomes
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import SubjectId
from mieone.core.ports import (
    Concerned,
    Dataset,
    DatasetItem,
    Json,
    ProvidedRow,
    ProvideRequest,
    ResidentSubject,
)

from .cases import get_answers, list_events
from .decisions import get_decision
from .office import Office, office_of

SECTOR = "procedures"
CASES = "procedures-case"
VERSION = 1
ITEMS = ("case_number", "name", "application", "case_history", "evaluation", "letter")


class CaseProvider:
    """The case files as a provider. It belongs to one house from the moment that house opens."""

    def __init__(self) -> None:
        self._house: House | None = None

    def open(self, house: House) -> None:
        self._house = house

    def datasets(self) -> tuple[Dataset, ...]:
        items = tuple(
            DatasetItem(name=name, label=f"procedures.items.{name}", category="procedures")
            for name in ITEMS
        )
        return (
            Dataset(
                name=CASES,
                version=VERSION,
                provider=SECTOR,
                label="procedures.datasets.case",
                items=items,
                concerned=self.list_holder,
                provide=self.provide,
            ),
        )

    async def list_holder(self, conn: Conn, holder: str | ResidentSubject) -> list[Concerned]:
        """Cases belong to whoever sent them; a row of a register has none here."""
        person_id = await _person(conn, holder)
        if person_id is None:
            return []
        return [
            Concerned(
                subject_id=SubjectId(person_id),
                person_id=person_id,
                key=str(person_id),
                holder=True,
                needs_own_basis=False,
            )
        ]

    async def provide(self, request: ProvideRequest) -> list[ProvidedRow]:
        assert self._house is not None
        office = office_of(self._house)
        async with self._house.database.transaction(request.towns) as conn:
            person_id = await _person(conn, request.holder)
            if person_id is None or str(person_id) not in request.keys:
                return []
            found = await cases.list_cases_of(conn, person_id)
            rows = [await _row(conn, office, case) for case in found]
        items: dict[str, Json] = {
            name: [row[name] for row in rows] for name in request.items if name in ITEMS
        }
        return [ProvidedRow(key=str(person_id), items=items)]


async def _person(conn: Conn, holder: str | ResidentSubject) -> UUID | None:
    if isinstance(holder, ResidentSubject):
        return None
    return await identity.person_of(conn, SECTOR, holder)


async def _row(conn: Conn, office: Office, case: CaseFile) -> Mapping[str, Json]:
    _, raw = await get_answers(conn, office, case)
    events = await list_events(conn, office, case)
    decision = await get_decision(conn, office, case)
    letter = await outcomes.find_letter(conn, case.id)
    answers: dict[str, Json] = {
        key: value if isinstance(value, str) else [dict(row) for row in value]
        for key, value in raw.items()
    }
    return {
        "case_number": case.number,
        "name": answers.get("applicant_name"),
        "application": answers,
        "case_history": [f"{event.at.isoformat()} {event.act}" for event in events],
        "evaluation": decision.outcome.value if decision else None,
        "letter": letter.document_number if letter else None,
    }
