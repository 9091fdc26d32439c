"""Context sources: other brokers, what they are said to hold, and what may be asked of them."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from .entity import Iri, JsonValue

DEFAULT_OPERATIONS: Final = ("federationOps",)


class SourceMode(StrEnum):
    INCLUSIVE = "inclusive"
    """Held here too: everybody is asked, the newest counts."""
    EXCLUSIVE = "exclusive"
    """These attributes are held there only."""
    REDIRECT = "redirect"
    """Nothing is held here; all sources that fit get everything."""
    AUXILIARY = "auxiliary"
    """Only read, and only where nobody else has anything."""


class SourceProtocol(StrEnum):
    NGSI_LD = "ngsi-ld"
    NGSI_V2 = "ngsi-v2"


class EntityInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Without id and id_pattern: every entity of these types. Without types: of any (v2 only)."""

    types: tuple[Iri, ...] = ()
    id: str | None = None
    id_pattern: str | None = None


class RegistrationInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Without entities: any entity. Without names: any attribute."""

    entities: tuple[EntityInfo, ...] = ()
    properties: tuple[Iri, ...] = ()
    relationships: tuple[Iri, ...] = ()

    @property
    def names(self) -> tuple[Iri, ...]:
        return (*self.properties, *self.relationships)


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    start_at: datetime
    end_at: datetime | None = None
    """None: it goes on."""


class SourceManagement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    is_local_only: bool = False
    """Requests go there with local=true."""
    timeout_ms: int | None = None
    cooldown_ms: int | None = None
    """How long a source that failed is left alone."""
    cache_duration: str | None = None


class SourceHeader(msgspec.Struct, frozen=True, kw_only=True):
    """An element of contextSourceInfo: sent as a header, a few keys excepted."""

    key: str
    value: str


class Registration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    information: tuple[RegistrationInfo, ...]
    endpoint: str
    name: str | None = None
    description: str | None = None
    mode: SourceMode = SourceMode.INCLUSIVE
    operations: tuple[str, ...] = DEFAULT_OPERATIONS
    """As sent: operations and groups of them."""
    protocol: SourceProtocol = SourceProtocol.NGSI_LD
    tenant: str | None = None
    alias: str | None = None
    """contextSourceAlias: its name in Via headers."""
    headers: tuple[SourceHeader, ...] = ()
    geometries: dict[Iri, JsonValue] = {}
    """location, observationSpace and operationSpace, as GeoJSON by expanded name."""
    observed: Interval | None = None
    managed: Interval | None = None
    scopes: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    expires_at: datetime | None = None
    management: SourceManagement | None = None
    refresh_rate: str | None = None
    properties: dict[Iri, JsonValue] = {}
    """Context source properties: members of the provider's own, by expanded name."""
    created_at: datetime | None = None
    modified_at: datetime | None = None


class SourceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A registration and how it went with its source."""

    registration: Registration
    times_sent: int = 0
    times_failed: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None


class TriggerReason(StrEnum):
    NEWLY_MATCHING = "newlyMatching"
    UPDATED = "updated"
    NO_LONGER_MATCHING = "noLongerMatching"
