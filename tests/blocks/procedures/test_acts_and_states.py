"""Who may do what, and in which order. The association prepares; it never decides."""

from itertools import product

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.procedures.model import Act, ActorClass, CaseState
from mieone.blocks.procedures.problems import ActNotPossible, NotYoursToDo
from mieone.blocks.procedures.rules import acts, case_states
from mieone.core.model import Actor, ActorKind

from . import given


@pytest.mark.parametrize(
    ("act", "file", "own_body"), list(product(acts.DECIDING, given.library().files, [True, False]))
)
def test_the_association_never_decides_anything(act: Act, file: object, own_body: bool) -> None:
    with pytest.raises(NotYoursToDo):
        acts.check_may(ActorClass.ASSOCIATION, act, decides_here=own_body)


@pytest.mark.parametrize(
    "actor_class", [ActorClass.SYSTEM, ActorClass.APPLICANT, ActorClass.EXTERNAL]
)
def test_neither_a_computer_nor_the_applicant_decides(actor_class: ActorClass) -> None:
    assert not any(acts.may(actor_class, act, decides_here=True) for act in acts.DECIDING)


def test_an_officer_decides_only_for_the_own_authority() -> None:
    assert acts.may(ActorClass.TOWN_OFFICER, Act.DECIDE, decides_here=True)
    assert not acts.may(ActorClass.TOWN_OFFICER, Act.DECIDE, decides_here=False)


def test_the_association_does_not_conclude_an_examination() -> None:
    assert not acts.may(ActorClass.ASSOCIATION, Act.CONCLUDE)
    assert acts.may(ActorClass.ASSOCIATION, Act.HAND_OVER)


@pytest.mark.parametrize("kind", [ActorKind.SHOP, ActorKind.SERVICE, ActorKind.OPERATOR])
def test_others_have_no_part_in_a_case(kind: ActorKind) -> None:
    with pytest.raises(NotYoursToDo):
        acts.class_of(Actor(kind=kind, id="x"))


APPLICATION = case_states.APPLICATION
STRAIGHT = [
    Act.SUBMIT, Act.RECEIVE, Act.START_CHECK, Act.HAND_OVER, Act.CONCLUDE, Act.DECIDE,
    Act.PREPARE_NOTICE, Act.DISPATCH, Act.DELIVER, Act.CLOSE,
]  # fmt: skip


def test_the_straight_road_ends_closed() -> None:
    assert case_states.fold(APPLICATION, STRAIGHT) is CaseState.CLOSED


def test_a_correction_leads_back_to_the_form_check() -> None:
    road = [Act.SUBMIT, Act.RECEIVE, Act.START_CHECK, Act.ASK_CORRECTION, Act.CORRECT]
    assert case_states.fold(APPLICATION, road) is CaseState.FORM_CHECK


def test_a_filing_has_no_decision_at_all() -> None:
    assert Act.DECIDE not in {row.act for row in case_states.FILING}


def test_nobody_decides_before_the_examination_is_concluded() -> None:
    for until in range(1, STRAIGHT.index(Act.CONCLUDE) + 1):
        with pytest.raises(ActNotPossible):
            case_states.fold(APPLICATION, [*STRAIGHT[:until], Act.DECIDE])


@for_all(st.lists(st.sampled_from(list(Act)), max_size=12))
def test_every_possible_history_is_replayed_to_the_same_state(history: list[Act]) -> None:
    state: CaseState | None = None
    done: list[Act] = []
    for act in history:
        try:
            state = case_states.next_state(APPLICATION, state, act)
        except ActNotPossible:
            continue
        done.append(act)
    assert case_states.fold(APPLICATION, done) is state
    decided = [n for n, act in enumerate(done) if act is Act.DECIDE]
    assert len(decided) <= 1
    if decided:
        assert Act.CONCLUDE in done[: decided[0]]


def test_no_case_is_stuck_and_final_means_final() -> None:
    for state in CaseState:
        possible = case_states.possible_acts(APPLICATION, state)
        if state in case_states.FINAL - {CaseState.CLOSED}:
            assert not possible
