"""Tenants: the towns and the region-wide one, declared by an operator, never made by a header."""

import msgspec

from .entity import TenantName


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """What one tenant may use, so that none can crowd out the others."""

    writes_per_s: float = 2000.0
    reads_per_s: float = 2000.0
    at_once: int = 64
    """Requests of this tenant under way in one process."""
    entities: int = 500_000
    instances: int = 50_000_000
    """In its history; when that is full, none are added by the temporal API."""
    subscriptions: int = 10_000
    registrations: int = 1_000
    contexts: int = 1_000


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    name: TenantName
    title: str
    """In the towns' own words; data, shown as it is."""
    is_default: bool = False
    """Answers requests that name no tenant."""
    quota: Quota = Quota()
    context_url: str | None = None
    """The context whose terms NGSI v2 names are read with; None is the core context."""
