"""Subscriptions as readers get them, with how it went."""

from datetime import datetime

from mieone.blocks.broker.model import (
    AnyType,
    DeliveryRecord,
    Endpoint,
    EntitySelector,
    JsonValue,
    KeyValue,
    Subscription,
    SubscriptionRecord,
    Terms,
)
from mieone.blocks.broker.rules.forms import render_time
from mieone.blocks.broker.rules.q import print_types

from .endpoints import compact_picked
from .reading import TYPE

Document = dict[str, JsonValue]


def render_record(
    record: SubscriptionRecord, terms: Terms, now: datetime, *, shows_times: bool = False
) -> Document:
    """Without @context."""
    one = record.subscription
    document: Document = {"id": one.id, "type": TYPE}
    _put(document, "subscriptionName", one.name)
    _put(document, "description", one.description)
    if one.selectors:
        document["entities"] = [_selector(selector, terms) for selector in one.selectors]
    if one.watched:
        document["watchedAttributes"] = [terms.compact_name(name) for name in one.watched]
    document["notificationTrigger"] = [trigger.value for trigger in one.effective_triggers]
    document.update(one.written)
    _put(document, "lang", one.language)
    _put(document, "datasetId", None if one.datasets is None else list(one.datasets))
    _put(document, "timeInterval", _number(one.interval_s))
    _put(document, "throttling", _number(one.throttling_s))
    if one.expires_at is not None:
        document["expiresAt"] = render_time(one.expires_at)
    _put(document, "isActive", one.is_active)
    if one.shows_context:
        _put(document, "jsonldContext", one.context_url)
    document["notification"] = _notification(one, record.deliveries, terms)
    document["status"] = one.status_at(now).value
    if shows_times and one.created_at is not None and one.modified_at is not None:
        document["createdAt"] = render_time(one.created_at)
        document["modifiedAt"] = render_time(one.modified_at)
    return document


def _selector(selector: EntitySelector, terms: Terms) -> Document:
    document: Document = {}
    if selector.ids is not None:
        document["id"] = selector.ids[0] if len(selector.ids) == 1 else list(selector.ids)
    _put(document, "idPattern", selector.id_pattern)
    types = selector.types
    if types is None:
        document["type"] = "*"
    elif isinstance(types, AnyType):
        # `|` and `,` are the same; the first is what a list could not be taken for.
        document["type"] = "|".join(_grouped(print_types(part, terms)) for part in types.parts)
    else:
        document["type"] = print_types(types, terms)
    return document


def _grouped(text: str) -> str:
    return f"({text})" if "," in text else text


def _notification(one: Subscription, deliveries: DeliveryRecord, terms: Terms) -> Document:
    document: Document = {}
    if one.attributes:
        document["attributes"] = [terms.compact_name(name) for name in one.attributes]
    for name, text in (("pick", one.pick), ("omit", one.omit)):
        if text is not None:
            document[name] = list(_top_level(compact_picked(text, terms)))
    _put(document, "format", one.format_written)
    _put(document, "sysAttrs", one.sys_attrs)
    _put(document, "showChanges", one.show_changes)
    _put(document, "join", one.join)
    _put(document, "joinLevel", one.join_level)
    if one.contained_by:
        document["containedBy"] = list(one.contained_by)
    document["endpoint"] = _endpoint(one.endpoint)
    if deliveries.is_failing is not None:
        document["status"] = "failed" if deliveries.is_failing else "ok"
        document["timesSent"] = deliveries.notified
        if deliveries.notified_failed:
            document["timesFailed"] = deliveries.notified_failed
    for name, at in (
        ("lastNotification", deliveries.last_notification),
        ("lastSuccess", deliveries.last_success),
        ("lastFailure", deliveries.last_failure),
    ):
        if at is not None:
            document[name] = render_time(at)
    return document


def _top_level(text: str) -> list[str]:
    """Split at the commas that stand outside of braces."""
    parts, depth = [""], 0
    for mark in text:
        depth += (mark == "{") - (mark == "}")
        if mark == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += mark
    return parts


def _endpoint(endpoint: Endpoint) -> Document:
    document: Document = {"uri": endpoint.uri}
    if endpoint.is_accept_written:
        document["accept"] = endpoint.accept
    for name, pairs in (
        ("receiverInfo", endpoint.receiver_info),
        ("notifierInfo", endpoint.notifier_info),
    ):
        if pairs:
            document[name] = [_pair(pair) for pair in pairs]
    _put(document, "timeout", endpoint.timeout_ms)
    _put(document, "cooldown", endpoint.cooldown_ms)
    return document


def _pair(pair: KeyValue) -> Document:
    return {"key": pair.key, "value": pair.value}


def _number(value: float | None) -> JsonValue:
    return int(value) if value is not None and value == int(value) else value


def _put(document: Document, name: str, value: JsonValue) -> None:
    if value is not None:
        document[name] = value
