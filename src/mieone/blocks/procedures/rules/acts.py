"""Who may do what on a case. The association prepares; it never decides."""

from collections.abc import Mapping
from types import MappingProxyType

from mieone.blocks.procedures.model import Act, ActorClass
from mieone.blocks.procedures.problems import NotYoursToDo
from mieone.core.model import Actor, ActorKind

C = ActorClass

COUNTER = frozenset({Act.SUBMIT, Act.CORRECT, Act.WITHDRAW})
"""Entered at a counter on the applicant's word."""
SUPPORTING = frozenset(
    {
        Act.RECEIVE, Act.START_CHECK, Act.ASK_CORRECTION, Act.HAND_OVER, Act.ASK_INQUIRY,
        Act.ANSWER_INQUIRY, Act.PREPARE_NOTICE, Act.DISPATCH, Act.DELIVER, Act.CLOSE,
    }
)  # fmt: skip
"""事実上の行為・補助的業務: what a private body may take on under an entrustment."""
DECIDING = frozenset({Act.DECIDE, Act.EXTEND, Act.REVOKE})
"""処分とその変更: the public authority alone."""
EXAMINING = frozenset({Act.CONCLUDE, Act.RETURN})

ENTRUSTED_AS: Mapping[Act, str] = MappingProxyType(
    {
        Act.SUBMIT: "receive",
        Act.CORRECT: "receive",
        Act.WITHDRAW: "receive",
        Act.RECEIVE: "receive",
        Act.START_CHECK: "check",
        Act.HAND_OVER: "check",
        Act.ASK_CORRECTION: "ask",
        Act.ASK_INQUIRY: "ask",
        Act.ANSWER_INQUIRY: "ask",
        Act.PREPARE_NOTICE: "prepare",
        Act.DISPATCH: "prepare",
        Act.DELIVER: "prepare",
        Act.CLOSE: "prepare",
    }
)
"""What an entrustment must name for the association to do an act. Deciding is in none."""

MAY: Mapping[ActorClass, frozenset[Act]] = MappingProxyType(
    {
        C.APPLICANT: COUNTER,
        C.ASSOCIATION: COUNTER | SUPPORTING,
        C.TOWN_OFFICER: COUNTER
        | SUPPORTING
        | EXAMINING
        | DECIDING
        | {Act.UPDATE_LEDGER, Act.TRANSFER},
        C.AUTHORITY_HEAD: EXAMINING | DECIDING | {Act.TRANSFER},
        C.BOARD: frozenset({Act.ANSWER_INQUIRY}) | DECIDING,
        C.EXTERNAL: frozenset({Act.ANSWER_INQUIRY}),
        C.SYSTEM: frozenset({Act.RECEIVE, Act.PREPARE_NOTICE, Act.DELIVER, Act.CLOSE}),
    }
)
CLASS_OF_KIND: Mapping[ActorKind, ActorClass] = MappingProxyType(
    {
        ActorKind.PERSON: C.APPLICANT,
        ActorKind.ASSOCIATION: C.ASSOCIATION,
        ActorKind.TOWN_OFFICER: C.TOWN_OFFICER,
        ActorKind.AUTHORITY_HEAD: C.AUTHORITY_HEAD,
        ActorKind.SYSTEM: C.SYSTEM,
    }
)


def class_of(actor: Actor) -> ActorClass:
    """Shops, services and operators have no part in a case."""
    found = CLASS_OF_KIND.get(actor.kind)
    if found is None:
        raise NotYoursToDo(act="", who_can="")
    return found


def who_may(act: Act) -> tuple[ActorClass, ...]:
    return tuple(actor_class for actor_class in C if act in MAY[actor_class])


def may(actor_class: ActorClass, act: Act, *, decides_here: bool = False) -> bool:
    """`decides_here`: the actor's body is the 処分庁 of the case, by its own right or by 専決."""
    if act not in MAY[actor_class]:
        return False
    return act not in DECIDING or decides_here


def check_may(actor_class: ActorClass, act: Act, *, decides_here: bool = False) -> None:
    if not may(actor_class, act, decides_here=decides_here):
        raise NotYoursToDo(act=act, who_can=" ".join(who_may(act)))
