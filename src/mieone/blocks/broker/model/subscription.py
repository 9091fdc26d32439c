"""Subscriptions, one struct for both APIs: what is watched, when, whom to tell, and how it went."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from zlib import crc32

import msgspec

from .entity import DatasetId, Iri, JsonValue
from .filter import Filter
from .query import EntitySelector, GeoQuery, ScopeQuery

SubscriptionId = NewType("SubscriptionId", str)
BUCKETS: Final = 64
"""Into so many parts the subscriptions are divided among the workers that deliver."""


def bucket_of(tenant: str, subscription: str) -> int:
    return crc32(f"{tenant}\n{subscription}".encode()) % BUCKETS


class Trigger(StrEnum):
    ENTITY_CREATED = "entityCreated"
    ENTITY_UPDATED = "entityUpdated"
    """Any of the three of attributes, on an entity that was there."""
    ENTITY_DELETED = "entityDeleted"
    ATTRIBUTE_CREATED = "attributeCreated"
    ATTRIBUTE_UPDATED = "attributeUpdated"
    ATTRIBUTE_DELETED = "attributeDeleted"


DEFAULT_TRIGGERS: Final = (Trigger.ATTRIBUTE_CREATED, Trigger.ATTRIBUTE_UPDATED)


class SubscriptionKind(StrEnum):
    ENTITIES = "entities"
    SOURCES = "sources"
    """To registrations of context sources: nothing an entity does concerns it."""


class SubscriptionApi(StrEnum):
    """Whose names and forms the notifications have."""

    NGSI_LD = "ngsi-ld"
    NGSI_V2 = "ngsi-v2"


class SubscriptionStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    EXPIRED = "expired"


class KeyValue(msgspec.Struct, frozen=True):
    key: str
    value: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    uri: str
    accept: str = "application/json"
    """application/json, application/ld+json or application/geo+json."""
    is_accept_written: bool = False
    """Whether the subscriber said so; else it is not shown."""
    receiver_info: tuple[KeyValue, ...] = ()
    """Sent along: as headers, or in the metadata of an MQTT message."""
    notifier_info: tuple[KeyValue, ...] = ()
    """For us: MQTT-Version, MQTT-QoS."""
    timeout_ms: int | None = None
    cooldown_ms: int | None = None


class Subscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Names are expanded. `written` keeps members that are only shown again: q, geoQ, scopeQ, csf …"""

    id: SubscriptionId
    endpoint: Endpoint
    api: SubscriptionApi = SubscriptionApi.NGSI_LD
    kind: SubscriptionKind = SubscriptionKind.ENTITIES
    name: str | None = None
    description: str | None = None

    selectors: tuple[EntitySelector, ...] = ()
    """Any of these; empty means every entity."""
    watched: tuple[Iri, ...] = ()
    """Empty means every attribute."""
    triggers: tuple[Trigger, ...] = ()
    """Empty means DEFAULT_TRIGGERS."""
    filter: Filter | None = None
    """q, and NGSI v2's mq."""
    geo: GeoQuery | None = None
    scope: ScopeQuery | None = None
    paths: tuple[str, ...] = ()
    """NGSI v2 service paths, as in Query."""
    datasets: tuple[DatasetId, ...] | None = None
    only_real_changes: bool = False
    """NGSI v2: an update with the same value is none, unless the change is forced."""

    throttling_s: float | None = None
    interval_s: float | None = None
    expires_at: datetime | None = None
    is_active: bool | None = None
    """None: as by default, active."""

    format: str = "normalized"
    """normalized, concise, simplified; NGSI v2's own are in `v2`."""
    format_written: str | None = None
    """As the subscriber called it (keyValues), None when not at all."""
    attributes: tuple[Iri, ...] = ()
    """notification.attributes: empty means all."""
    pick: str | None = None
    """As in the parameter of that name, with expanded names."""
    omit: str | None = None
    sys_attrs: bool | None = None
    show_changes: bool | None = None
    join: str | None = None
    join_level: int | None = None
    contained_by: tuple[str, ...] = ()
    language: str | None = None
    """As Accept-Language."""

    context_url: str | None = None
    """Of the subscriber's own context, with which notifications are written; None is the core."""
    shows_context: bool = False
    """jsonldContext was given, or the context was made of several: it is shown."""
    written: dict[str, JsonValue] = {}
    v2: dict[str, JsonValue] = {}
    """What NGSI v2 alone has: httpCustom's template, attrsFormat, metadata, onlyChangedAttrs …"""
    tenant_header: str | None = None
    """The tenant as the subscriber named it; sent with every notification."""

    created_at: datetime | None = None
    modified_at: datetime | None = None

    @property
    def max_fails(self) -> int | None:
        """NGSI v2's maxFailsLimit: more notifications than these in a row do not fail."""
        notification = self.v2.get("notification")
        limit = notification.get("maxFailsLimit") if isinstance(notification, dict) else None
        return limit if isinstance(limit, int) else None

    @property
    def effective_triggers(self) -> tuple[Trigger, ...]:
        return self.triggers or DEFAULT_TRIGGERS

    def status_at(self, now: datetime) -> SubscriptionStatus:
        if self.expires_at is not None and self.expires_at <= now:
            return SubscriptionStatus.EXPIRED
        return SubscriptionStatus.PAUSED if self.is_active is False else SubscriptionStatus.ACTIVE


class DeliveryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How it went with a subscription. `due` is always the sum of the next five."""

    due: int = 0
    delivered: int = 0
    waiting: int = 0
    """Not tried yet."""
    retrying: int = 0
    """Tried without success, to be tried again."""
    under_way: int = 0
    """Of those that are retrying: sent for the first time, and no answer yet."""
    dead: int = 0
    """Given up; kept, and can be sent again."""
    dropped: int = 0
    """Overtaken by a newer state under throttling, or their subscription ended or was deleted."""
    times_sent: int = 0
    """Requests made, repeats included."""
    times_failed: int = 0
    notified: int = 0
    """Notifications sent, however often each was repeated."""
    notified_failed: int = 0
    """Those of them that did not arrive at once."""
    fails_in_a_row: int = 0
    """Notifications that failed, or were held up by one that did, since one arrived."""
    last_notification: datetime | None = None
    last_success: datetime | None = None
    last_success_code: int | None = None
    last_failure: datetime | None = None
    last_error: str | None = None
    is_failing: bool | None = None
    """The last attempt; None before the first."""


class SubscriptionRecord(msgspec.Struct, frozen=True, kw_only=True):
    subscription: Subscription
    deliveries: DeliveryRecord = DeliveryRecord()
