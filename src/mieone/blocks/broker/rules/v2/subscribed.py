"""v2 subscriptions as clients get them."""

from datetime import datetime
from typing import Final

from mieone.blocks.broker.model import (
    DeliveryRecord,
    JsonValue,
    Subscription,
    SubscriptionRecord,
    SubscriptionStatus,
)

from .subscribing import FORMATS, ONESHOT
from .times import write_time

_HIDDEN: Final = "*****"


def render_record(record: SubscriptionRecord, at: datetime) -> dict[str, JsonValue]:
    subscription, counted = record.subscription, record.deliveries
    document: dict[str, JsonValue] = {"id": subscription.id}
    if subscription.description is not None:
        document["description"] = subscription.description
    if subscription.expires_at is not None:
        document["expires"] = write_time(subscription.expires_at)
    document["status"] = status_of(subscription, at)
    document["subject"] = subscription.v2.get("subject")
    notification = subscription.v2.get("notification")
    assert isinstance(notification, dict)
    shown: dict[str, JsonValue] = {
        "attrs": [],
        "attrsFormat": FORMATS[0],
        "onlyChangedAttrs": False,
        "covered": False,
        **{name: _without_password(name, value) for name, value in notification.items()},
    }
    if "exceptAttrs" in notification:
        del shown["attrs"]
    document["notification"] = {**shown, **_counts(counted)}
    if subscription.throttling_s is not None:
        seconds = subscription.throttling_s
        document["throttling"] = int(seconds) if seconds == int(seconds) else seconds
    return document


def status_of(subscription: Subscription, at: datetime) -> str:
    match subscription.status_at(at):
        case SubscriptionStatus.EXPIRED:
            return "expired"
        case SubscriptionStatus.PAUSED:
            return "inactive"
        case SubscriptionStatus.ACTIVE:
            return ONESHOT if subscription.v2.get("status") == ONESHOT else "active"


def _without_password(name: str, value: JsonValue) -> JsonValue:
    if name.startswith("mqtt") and isinstance(value, dict) and "passwd" in value:
        return {**value, "passwd": _HIDDEN}
    return value


def _counts(counted: DeliveryRecord) -> dict[str, JsonValue]:
    """Of notifications: a repeat is none of its own."""
    shown: dict[str, JsonValue] = {}
    if counted.notified:
        shown["timesSent"] = counted.notified
    times = {
        "lastNotification": counted.last_notification,
        "lastSuccess": counted.last_success,
        "lastFailure": counted.last_failure,
    }
    shown |= {name: write_time(when) for name, when in times.items() if when is not None}
    if counted.fails_in_a_row:
        shown["failsCounter"] = counted.fails_in_a_row
    if counted.last_error is not None:
        shown["lastFailureReason"] = counted.last_error
    if counted.last_success_code is not None:
        shown["lastSuccessCode"] = counted.last_success_code
    return shown
