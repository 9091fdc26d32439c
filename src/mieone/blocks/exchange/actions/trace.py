"""What the door writes into everybody's record."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks import access
from mieone.blocks.access import AccessRow, Kind
from mieone.blocks.exchange.model import Decision, DecisionCode, Facts, Outcome, Verdict
from mieone.core.database import Conn
from mieone.core.keys import KeyRing
from mieone.core.ports import Dataset, DisclosureRequest, PersonSubject, ResidentSubject


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows of one request have in common."""

    request: DisclosureRequest
    provider: str | None
    note: str | None
    """An emergency's reason, in the officer's words."""
    at: datetime


def start(request: DisclosureRequest, dataset: Dataset | None, facts: Facts, at: datetime) -> Trace:
    return Trace(
        request=request,
        provider=dataset.provider if dataset else None,
        note=facts.emergency.reason if facts.emergency else None,
        at=at,
    )


async def record_decision(
    conn: Conn, keyring: KeyRing, trace: Trace, decision: Decision
) -> Mapping[UUID, UUID]:
    """One row per subject, permit or refusal; returns the permits' entries by subject."""
    verdicts = decision.verdicts or (_nobody(trace.request, decision.code),)
    rows = [_decision_row(trace, one) for one in verdicts]
    ids = await access.record_many(conn, keyring, rows)
    return {
        one.subject_id: entry_id
        for one, entry_id in zip(verdicts, ids, strict=True)
        if one.code is DecisionCode.PERMIT
    }


def _nobody(request: DisclosureRequest, code: DecisionCode) -> Verdict:
    """Nobody was found under the name asked for; the question itself is still on record."""
    match request.subject:
        case PersonSubject(person_id=subject_id):
            return Verdict(subject_id=subject_id, code=code)
        case ResidentSubject(resident_id=subject_id):
            return Verdict(subject_id=subject_id, code=code)


def _decision_row(trace: Trace, verdict: Verdict) -> AccessRow:
    is_permit = verdict.code is DecisionCode.PERMIT
    return _row(
        trace,
        verdict,
        kind=Kind.PERMIT if is_permit else Kind.REFUSAL,
        items=verdict.items if is_permit else trace.request.items,
        at=trace.at,
    )


def outcome_rows(
    trace: Trace,
    decision: Decision,
    entry_ids: Mapping[UUID, UUID],
    ends: Mapping[UUID, tuple[Outcome, tuple[str, ...]]],
    digest: bytes | None,
    at: datetime,
) -> list[AccessRow]:
    """How each permit ended; the digest stands with what was released and with nothing else."""
    rows = []
    for verdict in decision.permitted:
        outcome, items = ends[verdict.subject_id]
        row = _row(trace, verdict, kind=Kind.OUTCOME, items=items, at=at)
        rows.append(
            msgspec.structs.replace(
                row,
                permit_id=entry_ids[verdict.subject_id],
                outcome=outcome.value,
                payload_sha256=digest if outcome is Outcome.RELEASED else None,
            )
        )
    return rows


def _row(
    trace: Trace, verdict: Verdict, *, kind: Kind, items: tuple[str, ...], at: datetime
) -> AccessRow:
    request = trace.request
    subject = request.subject
    return AccessRow(
        subject_id=verdict.subject_id,
        kind=kind,
        request_id=request.request_id,
        at=at,
        actor=request.actor,
        service=request.service,
        purpose=request.purpose,
        decision=verdict.code.value,
        town=subject.town if isinstance(subject, ResidentSubject) else None,
        provider=trace.provider,
        dataset=request.dataset,
        items=items,
        mandate_id=request.on_behalf_of,
        basis=request.basis.value,
        basis_ref=request.basis_ref,
        consent_id=verdict.consent.record_id if verdict.consent else None,
        consent_revision=verdict.consent.revision if verdict.consent else None,
        note=trace.note,
    )
