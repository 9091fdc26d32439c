"""A notification as a request or a message: envelope, headers, and how MQTT carries it."""

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from mieone.blocks.broker.model import JsonValue, Subscription, Tenant, Terms
from mieone.blocks.broker.rules.forms import render_time

from .lines import Parcel

ATTEMPT_HEADER: Final = "Mieone-Attempt"
"""From the second on: whoever got this id before may leave it."""
_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_ENCODER = msgspec.json.Encoder()
_OF_THE_LINE = frozenset({"mqtt", "mqtts"})


class MqttManner(msgspec.Struct, frozen=True, kw_only=True):
    version: str = "mqtt5.0"
    qos: int = 0
    retain: bool = False
    user: str | None = None
    password: str | None = None
    """Both else from the address."""


class Parcelled(msgspec.Struct, frozen=True, kw_only=True):
    """A request or message, ready to go. For MQTT the headers are its metadata."""

    url: str
    body: bytes | None
    headers: dict[str, str]
    method: str = "POST"
    wraps_metadata: bool = True
    """MQTT of NGSI-LD: the body stands beside the metadata. NGSI v2's goes as it is."""
    mqtt: MqttManner = MqttManner()


def id_of(parcel: Parcel) -> str:
    return f"urn:ngsi-ld:Notification:{parcel.notification_id}"


def write_envelope(
    subscription: Subscription, parcel: Parcel, terms: Terms, now: datetime, data: bytes
) -> bytes:
    head: dict[str, JsonValue] = {
        "id": id_of(parcel),
        "type": "Notification",
        "subscriptionId": subscription.id,
        "notifiedAt": render_time(now),
    }
    if subscription.endpoint.accept == "application/ld+json":
        head["@context"] = terms.inline
    return _ENCODER.encode(head)[:-1] + b',"data":' + data + b"}"


def write_headers(
    tenant: Tenant, subscription: Subscription, terms: Terms, attempts: int
) -> dict[str, str]:
    endpoint = subscription.endpoint
    headers = {"Content-Type": endpoint.accept}
    if endpoint.accept != "application/ld+json":
        headers["Link"] = _LINK.format(subscription.context_url or terms.link)
    if subscription.tenant_header is not None or not tenant.is_default:
        headers["NGSILD-Tenant"] = subscription.tenant_header or tenant.name
    headers |= {pair.key: pair.value for pair in endpoint.receiver_info}
    return {**headers, **tell_attempt(attempts)}


def tell_attempt(attempts: int) -> dict[str, str]:
    return {ATTEMPT_HEADER: str(attempts)} if attempts > 1 else {}


def manner_of(subscription: Subscription) -> MqttManner:
    told = {pair.key: pair.value for pair in subscription.endpoint.notifier_info}
    return MqttManner(
        version=told.get("MQTT-Version", "mqtt5.0"), qos=int(told.get("MQTT-QoS", "0"))
    )


def manner_of_v2(subscription: Subscription) -> MqttManner:
    notification = subscription.v2.get("notification")
    assert isinstance(notification, dict)
    channel = notification.get("mqtt") or notification.get("mqttCustom")
    if not isinstance(channel, dict):
        return MqttManner()
    user, password = channel.get("user"), channel.get("passwd")
    return MqttManner(
        version="mqtt3.1.1",
        qos=msgspec.convert(channel.get("qos", 0), int),
        retain=bool(channel.get("retain", False)),
        user=None if user is None else str(user),
        password=None if password is None else str(password),
    )


def is_mqtt(url: str) -> bool:
    return urlsplit(url).scheme in _OF_THE_LINE
