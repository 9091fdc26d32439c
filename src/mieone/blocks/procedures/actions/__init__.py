"""What procedures can do: one action is one sentence and one transaction."""

from .cases import (
    answer_correction,
    find_task,
    get_answers,
    list_events,
    record_act,
    withdraw,
)
from .decisions import conclude, decide, evaluate_case, get_decision, get_evaluation, may_decide
from .drafts import open_draft, read_draft, save_draft, submit
from .letters import dispatch, open_letter, prepare_notice
from .office import Office, day_of, office_of

__all__ = [
    "Office",
    "answer_correction",
    "day_of",
    "find_task",
    "conclude",
    "decide",
    "dispatch",
    "evaluate_case",
    "get_answers",
    "get_decision",
    "get_evaluation",
    "list_events",
    "may_decide",
    "office_of",
    "open_draft",
    "open_letter",
    "prepare_notice",
    "read_draft",
    "record_act",
    "save_draft",
    "submit",
    "withdraw",
]
