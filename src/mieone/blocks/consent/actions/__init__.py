"""What can be done about consent: decide, withdraw, end, ask."""

from .asking import INVITATION_LASTS, answer, ask, invite_adults, list_concerned
from .deciding import (
    RECEIPT_KEY,
    end_due,
    give,
    lock_consents,
    lock_given,
    refuse,
    request_reconsent,
    withdraw,
    withdraw_all,
)
from .gate import Gate
from .notices import ensure_notice, find_dataset, get_asker, get_purpose
from .purposes import load_purposes
from .verifying import verify_states, verify_texts

__all__ = [
    "INVITATION_LASTS",
    "RECEIPT_KEY",
    "Gate",
    "answer",
    "ask",
    "end_due",
    "ensure_notice",
    "find_dataset",
    "get_asker",
    "get_purpose",
    "give",
    "invite_adults",
    "list_concerned",
    "load_purposes",
    "lock_consents",
    "lock_given",
    "refuse",
    "request_reconsent",
    "verify_states",
    "verify_texts",
    "withdraw",
    "withdraw_all",
]
