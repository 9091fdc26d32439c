"""Consent (同意): texts shown, decisions, receipts, withdrawal. Other blocks use only these names."""

from .actions import (
    Gate,
    ask,
    end_due,
    ensure_notice,
    give,
    list_concerned,
    load_purposes,
    lock_consents,
    lock_given,
    refuse,
    request_reconsent,
    withdraw,
    withdraw_all,
)
from .model import (
    Ask,
    ConsentEvent,
    ConsentEventKind,
    ConsentRevision,
    ConsentState,
    Decision,
    Notice,
    Purpose,
    Scope,
)
from .rules.states import permits
from .store import find_scope, list_events, list_of

__all__ = [
    "Ask",
    "ConsentEvent",
    "ConsentEventKind",
    "ConsentRevision",
    "ConsentState",
    "Decision",
    "Gate",
    "Notice",
    "Purpose",
    "Scope",
    "ask",
    "end_due",
    "ensure_notice",
    "find_scope",
    "give",
    "list_concerned",
    "list_events",
    "list_of",
    "load_purposes",
    "lock_consents",
    "lock_given",
    "permits",
    "refuse",
    "request_reconsent",
    "withdraw",
    "withdraw_all",
]
