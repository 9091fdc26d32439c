"""A v2 notification: what is told of an entity, and the request or message that carries it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    EffectKind,
    Entity,
    Happening,
    Instance,
    Iri,
    JsonValue,
    Outcome,
    Subscription,
)

from .alterations import has_changed, tell_alteration
from .metadata import EVERYTHING
from .names import Names, id_of, path_of
from .showing import Shape, Shown, Told, V2Form, list_shown, type_of
from .templates import fill_json, fill_text
from .values import Typed, default_type, show

_ALWAYS_TOLD: Final = frozenset({"alterationType", "dateCreated", "dateModified"})
_KEPT_HEADERS: Final = frozenset({"fiware-correlator", "ngsiv2-attrsformat"})
_OF_THE_CONNECTION: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "trailer", "te"}
)
"""A subscriber who wrote them could end our request early, or knock at another door of its host."""
_SAFE_IN_URL: Final = "%/:=&?~#+!$,;'@()*[]"
_CONTENT: Final = {"Content-Type": "application/json; charset=utf-8"}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """For MQTT `url` ends with the topic, and method and headers are nothing."""

    url: str
    body: bytes | None
    method: str = "POST"
    headers: dict[str, str] = {}


def write_message(
    subscription: Subscription,
    happening: Happening,
    names: Names,
    *,
    service: str | None,
    correlator: str,
) -> Message:
    """`service`: the tenant as Fiware-Service, None for the default one."""
    entity = happening.entity
    notification = _notification(subscription)
    kind, channel = _channel(notification)
    values = _values(entity, names, service)
    form = str(notification.get("attrsFormat", "normalized"))
    attributes = _list_told(notification, happening.outcome(), names, channel.get("ngsi"), values)
    body: bytes | None = msgspec.json.encode(
        _write_body(subscription.id, form, entity, names, attributes, channel.get("ngsi"), values)
    )
    headers = {
        **_CONTENT,
        "Fiware-ServicePath": path_of(entity),
        **({"Fiware-Service": service} if service else {}),
    }
    if "json" in channel:
        form, body = "custom", msgspec.json.encode(fill_json(channel["json"], values))
    elif "payload" in channel and channel["payload"] is None:
        form, body = "custom", None
    elif channel.get("payload"):
        form, body = "custom", fill_text(unquote(str(channel["payload"])), values).encode()
        headers["Content-Type"] = "text/plain"
    elif "ngsi" in channel:
        form = "normalized"
    if kind.startswith("mqtt"):
        topic = str(channel["topic"])
        topic = fill_text(topic, values) if kind == "mqttCustom" else topic
        return Message(url=f"{str(channel['url']).rstrip('/')}/{topic}", body=body)
    if kind == "httpCustom":
        headers = _customize(headers, channel, values)
    fixed = {"Fiware-Correlator": correlator, "Ngsiv2-AttrsFormat": form}
    return Message(
        url=_write_url(kind, channel, values),
        method=str(channel.get("method", "POST")),
        headers={**headers, **fixed},
        body=body,
    )


def _notification(subscription: Subscription) -> dict[str, JsonValue]:
    notification = subscription.v2.get("notification")
    return notification if isinstance(notification, dict) else {}


def _channel(notification: dict[str, JsonValue]) -> tuple[str, dict[str, JsonValue]]:
    for kind in ("http", "httpCustom", "mqtt", "mqttCustom"):
        channel = notification.get(kind)
        if isinstance(channel, dict):
            return kind, channel
    raise LookupError("a v2 subscription without a channel was stored")


def _values(entity: Entity, names: Names, service: str | None) -> dict[str, JsonValue]:
    """What macros may name; attributes stand over the service's own words."""
    shown = list_shown(entity, names, Shape())
    return {
        "service": service or "",
        "servicePath": path_of(entity),
        **{name: one.typed.value for name, one in shown.items()},
        "id": id_of(entity),
        "type": type_of(entity, names),
    }


def _list_told(
    notification: dict[str, JsonValue],
    outcome: Outcome,
    names: Names,
    patch: JsonValue,
    values: Mapping[str, JsonValue],
) -> dict[str, Shown]:
    entity = outcome.after or outcome.before
    assert entity is not None
    wanted = _texts(notification.get("attrs"))
    metadata = _texts(notification.get("metadata"))
    told = Told(alteration=tell_alteration(outcome).value, metadata=_tell_changes(outcome, names))
    asked = (*wanted, EVERYTHING) if isinstance(patch, dict) and wanted else wanted
    shown = list_shown(entity, names, Shape(attributes=asked, metadata=metadata), told)
    if isinstance(patch, dict):
        shown |= _patched(patch, values)
        if wanted and EVERYTHING not in wanted:
            shown = {name: shown[name] for name in wanted if name in shown}
    excluded = _texts(notification.get("exceptAttrs"))
    shown = {name: one for name, one in shown.items() if name not in excluded}
    if notification.get("onlyChangedAttrs"):
        changed = {
            names.attribute_name(effect.name)
            for effect in outcome.effects
            if outcome.change.is_forced or outcome.was_created or has_changed(effect)
        }
        shown = {
            name: one for name, one in shown.items() if name in changed or name in _ALWAYS_TOLD
        }
    if notification.get("covered"):
        nothing = Shown(typed=Typed("None", None))
        shown = {name: shown.get(name, nothing) for name in wanted} | shown
    return shown


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _patched(patch: dict[str, JsonValue], values: Mapping[str, JsonValue]) -> dict[str, Shown]:
    shown: dict[str, Shown] = {}
    for name, attribute in patch.items():
        if name in ("id", "type") or not isinstance(attribute, dict):
            continue
        value = fill_json(attribute.get("value"), values)
        kind = str(attribute["type"]) if "type" in attribute else default_type(value)
        shown[name] = Shown(typed=Typed(kind, value))
    return shown


def _tell_changes(outcome: Outcome, names: Names) -> dict[Iri, dict[str, Typed]]:
    told: dict[Iri, dict[str, Typed]] = {}
    for effect in outcome.effects:
        if effect.dataset != DEFAULT_INSTANCE:
            continue
        action = "append" if effect.kind is EffectKind.CREATED else "update"
        action = "delete" if effect.kind is EffectKind.DELETED else action
        told[effect.name] = {"actionType": Typed("Text", action)}
        before: Instance | None = effect.before
        if before is not None:
            told[effect.name]["previousValue"] = show(before, names)
    return told


def _write_body(
    subscription_id: str,
    form: str,
    entity: Entity,
    names: Names,
    attributes: Mapping[str, Shown],
    patch: JsonValue,
    values: Mapping[str, JsonValue],
) -> JsonValue:
    if form == V2Form.VALUES and not isinstance(patch, dict):
        told: JsonValue = [one.typed.value for one in attributes.values()]
        return {"subscriptionId": subscription_id, "data": [told]}
    head: dict[str, JsonValue] = {"id": id_of(entity), "type": type_of(entity, names)}
    if isinstance(patch, dict):
        head |= {
            name: fill_text(str(patch[name]), values) for name in ("id", "type") if name in patch
        }
        form = "normalized"
    is_plain = form in ("keyValues", "simplifiedKeyValues")
    told = {
        **head,
        **{name: one.typed.value if is_plain else one.document for name, one in attributes.items()},
    }
    if form.startswith("simplified"):
        return told
    return {"subscriptionId": subscription_id, "data": [told]}


def _customize(
    headers: dict[str, str], channel: dict[str, JsonValue], values: Mapping[str, JsonValue]
) -> dict[str, str]:
    """An empty text takes a header away; texts are percent-decoded, then filled."""
    own = channel.get("headers")
    if not isinstance(own, dict):
        return headers
    kept = dict(headers)
    for written, template in own.items():
        name = fill_text(unquote(written), values)
        if name.lower() in _KEPT_HEADERS | _OF_THE_CONNECTION:
            continue
        kept = {one: text for one, text in kept.items() if one.lower() != name.lower()}
        text = fill_text(unquote(str(template)), values)
        if text and text.isprintable() and name.isprintable():
            kept[name] = text
    return kept


def _write_url(kind: str, channel: dict[str, JsonValue], values: Mapping[str, JsonValue]) -> str:
    url = str(channel["url"])
    if kind != "httpCustom":
        return url
    filled = {name: quote(_plain(value), safe="") for name, value in values.items()}
    parts = urlsplit(fill_text(url, filled))
    own = channel.get("qs")
    if not isinstance(own, dict):
        return urlunsplit(parts)
    added = urlencode(
        {fill_text(name, values): fill_text(str(text), values) for name, text in own.items()}
    )
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
