"""The town's register, asked through the door and never otherwise; its silence stops nothing."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import msgspec

from mieone.blocks.procedures.model import ActorClass, Draft
from mieone.blocks.procedures.rules import acts
from mieone.blocks.procedures.rules.definition import Definition
from mieone.blocks.procedures.rules.prefill import Known, RegisterRow, list_items, read_known
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor
from mieone.core.ports import Basis, ConsentDetail, Disclosure, DisclosureRequest, PersonSubject
from mieone.core.problems import Problem

from .drafts import read_draft, save_draft
from .office import Office
from .sealing import Answers

SERVICE = "procedures"
FILL = "procedure"
EXAMINE = "case-examination"
DEADLINE_S = 2.0


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """On what the question at the door rests."""

    purpose: str
    basis: Basis
    ref: str | None = None


def consent_details(definition: Definition) -> list[ConsentDetail]:
    """What the applicant is asked to agree to, once."""
    return [
        ConsentDetail(dataset=dataset, items=items, purpose=FILL)
        for dataset, items in list_items(definition).items()
    ]


def ground_for(actor: Actor, definition: Definition, entrustment: str | None) -> Ground | None:
    """Staff read under the law of the procedure, the association under its live entrustment."""
    match acts.class_of(actor):
        case ActorClass.APPLICANT:
            return Ground(purpose=FILL, basis=Basis.OPT_IN)
        case ActorClass.ASSOCIATION:
            if entrustment is None:
                return None
            return Ground(purpose=EXAMINE, basis=Basis.ENTRUSTMENT, ref=entrustment)
        case _:
            return Ground(purpose=EXAMINE, basis=Basis.LAW, ref=definition.legal_basis)


async def ask_register(
    house: House,
    definition: Definition,
    actor: Actor,
    person_id: UUID,
    ground: Ground | None,
    only: frozenset[str] = frozenset(),
) -> Known | None:
    """What the register says, or None: refused, too slow and unknown look the same.

    `only` narrows the question to these items, for whoever needs less than the whole form.
    """
    known: Known | None = None
    for dataset, items in list_items(definition).items():
        if ground is None:
            return None
        request = DisclosureRequest(
            request_id=uuid7(),
            service=SERVICE,
            actor=actor,
            subject=PersonSubject(person_id),
            dataset=dataset,
            items=tuple(name for name in items if not only or name in only),
            purpose=ground.purpose,
            basis=ground.basis,
            basis_ref=ground.ref,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await house.disclose(request)
        except (Problem, TimeoutError):
            continue
        known = _joined(known, read_known(definition, dataset, _rows(answer), house.clock.today()))
    return known


def _rows(answer: Disclosure) -> list[RegisterRow]:
    return [RegisterRow(is_holder=row.holder, items=row.items) for row in answer.records]


def _joined(known: Known | None, more: Known) -> Known:
    if known is None:
        return more
    return Known(answers={**known.answers, **more.answers}, paths={**known.paths, **more.paths})


async def fill_draft(house: House, office: Office, actor: Actor, draft: Draft) -> bool:
    """Copy what the register knows into empty answers; whatever was typed stays."""
    file = office.library.definition_on(draft.procedure, office.today())
    definition = file.definition
    ground = ground_for(actor, definition, None)
    known = await ask_register(house, definition, actor, draft.person_id, ground)
    if known is None:
        return False
    content = read_draft(office, draft)
    merged = _merge(content.answers, known.answers)

    async def keep(conn: Conn) -> None:
        await save_draft(conn, office, draft, merged, known=dict(known.paths))

    await run(house.database, house.region.town_codes, keep)
    return True


def _merge(typed: Answers, known: Mapping[str, str | tuple[Mapping[str, str], ...]]) -> Answers:
    merged: Answers = dict(typed)
    for key, value in known.items():
        if not merged.get(key):
            merged[key] = value if isinstance(value, str) else [dict(row) for row in value]
    return merged
