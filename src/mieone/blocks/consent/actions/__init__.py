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
from .notices import ensure_notice, find_dataset, get_asker, get_purpose

__all__ = [
    "INVITATION_LASTS",
    "RECEIPT_KEY",
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
    "lock_consents",
    "lock_given",
    "refuse",
    "request_reconsent",
    "withdraw",
    "withdraw_all",
]
