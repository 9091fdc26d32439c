"""Usual access rows for tests."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from mieone.blocks.access import AccessRow, Kind
from mieone.core.model import Actor, ActorKind

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
NURSERY = Actor(kind=ActorKind.SERVICE, id="nursery", organisation="org-nursery")


def permit(subject_id: UUID, **changes: object) -> AccessRow:
    usual: dict[str, object] = {
        "subject_id": subject_id,
        "kind": Kind.PERMIT,
        "request_id": uuid4(),
        "at": NOON,
        "actor": NURSERY,
        "service": "nursery",
        "purpose": "nursery-place",
        "decision": "permit",
        "basis": "opt_in",
        "dataset": "household@1",
        "items": ("name", "address"),
    }
    return AccessRow(**{**usual, **changes})  # type: ignore[arg-type]


def outcome(row: AccessRow, permit_id: UUID, ended: str = "released") -> AccessRow:
    return permit(
        row.subject_id,
        kind=Kind.OUTCOME,
        request_id=row.request_id,
        permit_id=permit_id,
        outcome=ended,
        payload_sha256=b"\x01" * 32 if ended == "released" else None,
    )
