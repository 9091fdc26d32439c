"""Who a person is to us: opt-in by card, passkeys, pairwise identifiers, leaving. Only these names."""

from .actions.keys import destroy_person_key, person_key
from .actions.leaving import (
    close_person,
    merge_destructions,
    read_destructions,
    replay_destructions,
)
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
from .oauth.actions.leaving import queue_logouts
from .oauth.actions.registering import (
    NewClient,
    change_state,
    end_grant,
    raise_epoch,
    register_client,
)
from .oauth.callers import caller_of, check_scope, check_step_up
from .oauth.model import Caller, Client, ClientState
from .oauth.store import find_client, list_clients
from .problems import KeyDestroyed, PersonNotActive, RevocationUnavailable
from .rules.profile import Realm, RealmRefused, open_realm, read_profile
from .staff.actions import (
    current_actor,
    find_live_entrustment,
    live_entrustments,
    staff_actor,
)
from .staff.model import Entrustment, Organisation, OrganisationKind, StaffRole
from .staff.store import get_organisation
from .store.persons import find_state

__all__ = [
    "Caller",
    "CardPath",
    "CardReader",
    "Client",
    "ClientState",
    "Entrustment",
    "KeyDestroyed",
    "Mandate",
    "MandateKind",
    "NewClient",
    "Organisation",
    "OrganisationKind",
    "PersonId",
    "PersonNotActive",
    "PersonState",
    "PlatformAnswer",
    "PlatformOperator",
    "RawAttributes",
    "Realm",
    "RealmRefused",
    "RevocationUnavailable",
    "StaffRole",
    "Usage",
    "caller_of",
    "change_state",
    "check_active",
    "check_scope",
    "check_step_up",
    "close_person",
    "current_actor",
    "destroy_person_key",
    "end_grant",
    "end_mandate",
    "find_client",
    "find_live_entrustment",
    "find_state",
    "get_organisation",
    "grant_mandate",
    "is_protected",
    "list_clients",
    "list_mandates",
    "live_entrustments",
    "mandate_scope",
    "merge_destructions",
    "open_realm",
    "pairwise_id",
    "person_key",
    "person_of",
    "queue_logouts",
    "raise_epoch",
    "read_destructions",
    "read_profile",
    "register_client",
    "replay_destructions",
    "set_protection",
    "staff_actor",
]
