"""審査と決定: a proposal is computed, a named officer of the lawful authority decides."""

import hashlib
from uuid import UUID

import msgspec

from mieone.blocks.procedures.model import (
    Act,
    ActorClass,
    CaseFile,
    Decision,
    Outcome,
)
from mieone.blocks.procedures.problems import (
    ActNotPossible,
    InputsMissing,
    ReasonsMissing,
    SomebodyWasFaster,
)
from mieone.blocks.procedures.rules import acts
from mieone.blocks.procedures.rules.answers import read_values
from mieone.blocks.procedures.rules.authorities import BodyKind
from mieone.blocks.procedures.rules.evaluation import Evaluation, evaluate
from mieone.blocks.procedures.store import outcomes
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.model import Actor

from .cases import append, get_answers, lock_for, record_work
from .office import Office, day_of
from .sealing import open_vault


class MayDecide(msgspec.Struct, frozen=True):
    allowed: bool
    delegation: str
    """Source of the 専決 row; empty for the head's own right."""


def may_decide(office: Office, case: CaseFile, actor: Actor) -> MayDecide:
    """Whether this actor's body is the 処分庁 of the case, by its own right or by 専決."""
    body = office.library.authorities.get_body(case.authority)
    actor_class = acts.class_of(actor)
    is_own_town = body.kind is BodyKind.TOWN and body.decides_here and case.town in actor.towns
    if not is_own_town:
        return MayDecide(False, "")
    if actor_class is ActorClass.AUTHORITY_HEAD:
        return MayDecide(True, "")
    if actor_class is not ActorClass.TOWN_OFFICER:
        return MayDecide(False, "")
    row = office.library.authorities.find_delegation(case.procedure, case.town, office.today())
    return MayDecide(row is not None, row.source if row else "")


async def evaluate_case(conn: Conn, office: Office, case: CaseFile) -> Evaluation:
    """The proposal for the answers as they stand; nothing is stored and nothing decided."""
    file = await office.definition_of(conn, case)
    _, raw = await get_answers(conn, office, case)
    values = read_values(file.definition, raw)
    dates = {"arrival": day_of(case.arrived_at)}
    return evaluate(office.library.rule_set(file), values, dates)


async def conclude(
    conn: Conn, office: Office, actor: Actor, case_id: UUID, checked: tuple[str, ...] = ()
) -> tuple[CaseFile, UUID]:
    """実体審査を終える: the evaluation is stored whole and goes up for the decision."""
    case = await lock_for(conn, actor, case_id)
    evaluation = await evaluate_case(conn, office, case)
    if evaluation.outcome is None:
        raise InputsMissing(fields=", ".join(evaluation.missing))
    version, _ = await get_answers(conn, office, case)
    vault = await open_vault(conn, office.keyring, case)
    after = await append(conn, office, vault, case, actor, Act.CONCLUDE)
    body = evaluation.encode()
    evaluation_id = uuid7()
    await outcomes.record_evaluation(
        conn,
        case,
        evaluation_id,
        version,
        evaluation.ruleset_hash,
        hashlib.sha256(body).digest(),
        vault.seal(body, f"evaluation/{evaluation_id}"),
        office.now(),
    )
    await record_work(conn, office, case, actor, Act.CONCLUDE, checked)
    return after, evaluation_id


async def get_evaluation(
    conn: Conn, office: Office, case: CaseFile, evaluation_id: UUID
) -> tuple[int, Evaluation]:
    found = await outcomes.find_evaluation(conn, case.id, evaluation_id)
    if found is None:
        raise SomebodyWasFaster
    version, sealed = found
    vault = await open_vault(conn, office.keyring, case)
    plain = vault.open(sealed, f"evaluation/{evaluation_id}")
    return version, msgspec.json.decode(plain, type=Evaluation)


async def decide(
    conn: Conn,
    office: Office,
    actor: Actor,
    case_id: UUID,
    evaluation_id: UUID,
    outcome: Outcome,
    reasons: tuple[str, ...],
) -> Decision:
    """決定. A named officer takes the proposal over, or departs from it with reasons."""
    case = await lock_for(conn, actor, case_id)
    right = may_decide(office, case, actor)
    acts.check_may(acts.class_of(actor), Act.DECIDE, decides_here=right.allowed)
    version, evaluation = await get_evaluation(conn, office, case, evaluation_id)
    if version != (await get_answers(conn, office, case))[0]:
        raise SomebodyWasFaster
    if evaluation.outcome is None:
        raise InputsMissing(fields=", ".join(evaluation.missing))
    file = await office.definition_of(conn, case)
    rule = next((row for row in file.definition.outcomes if row.id is outcome), None)
    if rule is None:
        raise ActNotPossible(act=outcome, state=case.state)
    departs = outcome.value != evaluation.outcome
    if (rule.reasons_required or departs) and not any(text.strip() for text in reasons):
        raise ReasonsMissing
    vault = await open_vault(conn, office.keyring, case)
    await append(conn, office, vault, case, actor, Act.DECIDE, decides_here=right.allowed)
    decision = Decision(
        id=uuid7(),
        evaluation_id=evaluation_id,
        outcome=outcome,
        authority=case.authority,
        delegation=right.delegation,
        actor_class=acts.class_of(actor),
        decided_by=actor.id,
        law_refs=_law_refs(evaluation, file.definition.law_refs),
        reasons=tuple(text.strip() for text in reasons if text.strip()),
        decided_at=office.now(),
    )
    sealed = vault.seal(msgspec.json.encode(decision.reasons), f"reasons/{decision.id}")
    await outcomes.record_decision(conn, case, decision, sealed)
    if outcome is not Outcome.REFUSED:
        body = vault.seal(msgspec.json.encode(evaluation.outputs), "entitlement")
        await outcomes.record_entitlement(conn, case, decision.id, body, office.now())
    await record_work(conn, office, case, actor, Act.DECIDE, ())
    return decision


def _law_refs(evaluation: Evaluation, own: tuple[str, ...]) -> tuple[str, ...]:
    found = [*own, *(ref for step in evaluation.steps for ref in step.law_refs)]
    return tuple(dict.fromkeys(ref for ref in found if ref))


async def get_decision(conn: Conn, office: Office, case: CaseFile) -> Decision | None:
    found = await outcomes.find_decision(conn, case.id)
    if found is None:
        return None
    decision, sealed = found
    vault = await open_vault(conn, office.keyring, case)
    plain = vault.open(sealed, f"reasons/{decision.id}")
    reasons = msgspec.json.decode(plain, type=tuple[str, ...])
    return msgspec.structs.replace(decision, reasons=reasons)
