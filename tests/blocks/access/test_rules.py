"""How uses are told: neighbours that read alike share one line."""

from datetime import timedelta
from uuid import uuid4

import msgspec

from mieone.blocks.access.model import Kind, Visit
from mieone.blocks.access.rules import runs_of
from tests.blocks.access.given import NOON


def visit(minutes_ago: int = 0, **changes: object) -> Visit:
    """An officer's look at a case."""
    usual: dict[str, object] = dict.fromkeys(Visit.__struct_fields__)
    usual |= {
        "entry_id": uuid4(),
        "subject_id": uuid4(),
        "kind": Kind.ACT,
        "request_id": uuid4(),
        "at": NOON - timedelta(minutes=minutes_ago),
        "actor_kind": "town_officer",
        "actor_id": "officer",
        "organisation": "town",
        "service": "desk",
        "purpose": "examination",
        "decision": "act",
        "items": ("application",),
    }
    return Visit(**{**usual, **changes})  # type: ignore[arg-type]


def test_looks_that_read_alike_within_an_hour_are_one_run_with_every_entry_in_it() -> None:
    looks = [visit(0), visit(1), visit(59)]

    assert runs_of(looks) == [tuple(looks)]


def test_a_run_ends_with_the_hour() -> None:
    assert [len(run) for run in runs_of([visit(0), visit(60)])] == [1, 1]


def test_another_look_between_keeps_its_place() -> None:
    looks = [visit(0), visit(1, purpose="delivery"), visit(2)]

    assert [len(run) for run in runs_of(looks)] == [1, 1, 1]


def test_refusals_and_open_ends_stand_alone() -> None:
    refused = visit(0, kind=Kind.REFUSAL)
    open_end = visit(0, kind=Kind.PERMIT, outcome=None)
    again = [msgspec.structs.replace(one, entry_id=uuid4()) for one in (refused, open_end)]

    assert [len(run) for run in runs_of([refused, again[0], open_end, again[1]])] == [1, 1, 1, 1]
