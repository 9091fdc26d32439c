"""Where a v2 notification goes, and how: http, httpCustom, mqtt, mqttCustom."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from mieone.blocks.broker.model import Endpoint, JsonValue
from mieone.blocks.broker.problems import BadRequestData

from .syntax import check_value

CHANNELS: Final = ("http", "httpCustom", "mqtt", "mqttCustom")
METHODS: Final = frozenset(
    {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT"}
)
_CHANNEL: Final[Mapping[str, frozenset[str]]] = {
    "http": frozenset({"url", "timeout"}),
    "httpCustom": frozenset(
        {"url", "timeout", "headers", "qs", "method", "payload", "json", "ngsi"}
    ),
    "mqtt": frozenset({"url", "topic", "qos", "retain", "user", "passwd"}),
    "mqttCustom": frozenset(
        {"url", "topic", "qos", "retain", "user", "passwd", "payload", "json", "ngsi"}
    ),
}
LONGEST_TIMEOUT_MS: Final = 1_800_000
_URL_UNSAFE: Final = re.compile(r"[<>\"'\s\x00-\x1f]")


def read_channel(name: str, value: JsonValue) -> Endpoint:
    if not isinstance(value, dict):
        raise BadRequestData(f"{name} is no object")
    members = value
    unknown = members.keys() - _CHANNEL[name]
    if unknown:
        raise BadRequestData(f"unknown member of {name}: {min(unknown)}")
    url = _read_url(members.get("url"), is_mqtt=name.startswith("mqtt"))
    if name.endswith("Custom"):
        _check_custom(members)
    if name.startswith("mqtt"):
        return _mqtt_endpoint(url, members)
    timeout = members.get("timeout", 0)
    if isinstance(timeout, bool) or not isinstance(timeout, int):
        raise BadRequestData("timeout is a whole number of milliseconds")
    if not 0 <= timeout <= LONGEST_TIMEOUT_MS:
        raise BadRequestData(f"timeout is at most {LONGEST_TIMEOUT_MS} milliseconds")
    return Endpoint(uri=url, timeout_ms=timeout or None)


def _read_url(value: JsonValue, *, is_mqtt: bool) -> str:
    if not isinstance(value, str) or not value or _URL_UNSAFE.search(value):
        raise BadRequestData("url is missing, or no URL")
    try:
        parts = urlsplit(value)
        # Reading it is what checks it.
        _ = parts.port
    except ValueError:
        raise BadRequestData("url is no URL") from None
    if is_mqtt:
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/"):
            raise BadRequestData("url of MQTT is mqtt://host:port without a path")
    elif parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadRequestData("url begins with http:// or https:// and names a host")
    return value


def _mqtt_endpoint(url: str, members: dict[str, JsonValue]) -> Endpoint:
    topic = members.get("topic")
    if not isinstance(topic, str) or not topic or set(topic) & {"+", "#", "\x00"}:
        raise BadRequestData("topic is missing, or no topic to publish under")
    if members.get("qos", 0) not in (0, 1, 2) or isinstance(members.get("qos"), bool):
        raise BadRequestData("qos is 0, 1 or 2")
    if not isinstance(members.get("retain", False), bool):
        raise BadRequestData("retain is true or false")
    user, password = members.get("user"), members.get("passwd")
    if (user is None) != (password is None) or not isinstance(user, str | None):
        raise BadRequestData("user and passwd are texts and go together")
    return Endpoint(uri=f"{url.rstrip('/')}/{topic}")


def _check_custom(members: dict[str, JsonValue]) -> None:
    for name in ("headers", "qs"):
        pairs = members.get(name)
        if name in members and (
            not isinstance(pairs, dict)
            or not pairs
            or not all(isinstance(text, str) for text in pairs.values())
        ):
            raise BadRequestData(f"{name} is no object of texts, or is empty")
    if members.get("method", "POST") not in METHODS:
        raise BadRequestData("method is no HTTP method")
    if sum(name in members for name in ("payload", "json", "ngsi")) > 1:
        raise BadRequestData("payload, json and ngsi exclude each other")
    if not isinstance(members.get("payload"), str | None):
        raise BadRequestData("payload is a text or null")
    if "payload" in members:
        check_value(members["payload"], "payload")
    if not isinstance(members.get("json", {}), dict | list):
        raise BadRequestData("json is an object or an array")
    patch = members.get("ngsi", {})
    if not isinstance(patch, dict):
        raise BadRequestData("ngsi is an object")
    for name, attribute in patch.items():
        if name not in ("id", "type") and (
            not isinstance(attribute, dict) or "metadata" in attribute
        ):
            raise BadRequestData("an attribute of ngsi is an object without metadata")
