"""Who a person is to us: opt-in by card, passkeys, pairwise identifiers, leaving. Only these names."""

from .actions.keys import attributes_of, destroy_person_key, person_key
from .actions.leaving import close_person, read_destructions, replay_destructions
from .actions.optin import CardPath
from .actions.persons import (
    check_active,
    end_mandate,
    grant_mandate,
    is_protected,
    list_mandates,
    mandate_scope,
    pairwise_id,
    person_of,
    set_protection,
)
from .model import (
    CardReader,
    Mandate,
    MandateKind,
    PersonId,
    PersonState,
    PlatformAnswer,
    PlatformOperator,
    RawAttributes,
    Usage,
)
from .problems import KeyDestroyed, PersonNotActive, RevocationUnavailable
from .rules.profile import Realm, RealmRefused, open_realm, read_profile
from .store.persons import find_state

__all__ = [
    "CardPath",
    "CardReader",
    "KeyDestroyed",
    "Mandate",
    "MandateKind",
    "PersonId",
    "PersonNotActive",
    "PersonState",
    "PlatformAnswer",
    "PlatformOperator",
    "RawAttributes",
    "Realm",
    "RealmRefused",
    "RevocationUnavailable",
    "Usage",
    "attributes_of",
    "check_active",
    "close_person",
    "destroy_person_key",
    "end_mandate",
    "find_state",
    "grant_mandate",
    "is_protected",
    "list_mandates",
    "mandate_scope",
    "open_realm",
    "pairwise_id",
    "person_key",
    "person_of",
    "read_destructions",
    "read_profile",
    "replay_destructions",
    "set_protection",
]
