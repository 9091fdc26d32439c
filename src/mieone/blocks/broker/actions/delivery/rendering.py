"""Notifications as they are sent: body, media type, headers, in the form each subscriber asked for."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import msgspec

from mieone.blocks.broker.actions.joining import find_linked
from mieone.blocks.broker.actions.sources import Journey
from mieone.blocks.broker.model import (
    Entity,
    Happening,
    JsonValue,
    Outcome,
    Subscription,
    SubscriptionApi,
    Tenant,
    TenantName,
    Terms,
    Trigger,
)
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.rules.forms import (
    NOBODY,
    Form,
    Format,
    Joining,
    entity_document,
    geo_collection,
    notification_document,
    read_languages,
    read_picked,
    render_time,
)
from mieone.blocks.broker.rules.matching import list_watched_effects
from mieone.blocks.broker.rules.v2.names import Names
from mieone.blocks.broker.rules.v2.notifying import write_message

from .lines import Parcel

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker

ATTEMPT_HEADER = "Mieone-Attempt"
"""From the second on: whoever got this id before may leave it."""
_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_CACHED = 512
_HAPPENING = msgspec.json.Decoder(Happening)
_ENCODER = msgspec.json.Encoder()
_OF_THE_LINE = frozenset({"mqtt", "mqtts"})
Signature: TypeAlias = "tuple[object, ...]"


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


class Happenings:
    """Decoded once for all subscriptions they are told to."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, Happening] = OrderedDict()

    def missing(self, sequences: Sequence[int]) -> list[int]:
        return [one for one in dict.fromkeys(sequences) if one not in self._held]

    def put(self, documents: Mapping[int, str]) -> None:
        for sequence, document in documents.items():
            self._held[sequence] = _HAPPENING.decode(document)

    def list(self, parcel: Parcel) -> "list[Happening]":
        """What it tells of, in the order of its deliveries; nothing where it is written already."""
        return [
            self._held[one.event]
            for one in parcel.deliveries
            if one.event is not None and one.event in self._held
        ]

    def trim(self) -> None:
        while len(self._held) > 4 * _CACHED:
            self._held.popitem(last=False)


class Renderer:
    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._forms: dict[tuple[TenantName, str], tuple[Subscription, Form, Signature]] = {}
        self._documents: OrderedDict[Signature, bytes] = OrderedDict()

    async def write(
        self,
        tenant: Tenant,
        subscription: Subscription,
        parcel: Parcel,
        happenings: Sequence[Happening],
        now: datetime,
    ) -> Parcelled | None:
        """None where nothing is left to tell."""
        if subscription.api is SubscriptionApi.NGSI_V2:
            return await self._write_v2(tenant, subscription, parcel, happenings)
        terms = await self._terms(subscription.context_url)
        body = parcel.deliveries[0].body
        if body is not None:
            parts = {"id": _id(parcel), **msgspec.json.decode(body, type=dict[str, object])}
            if subscription.endpoint.accept == "application/ld+json":
                parts["@context"] = terms.inline
            sent = _ENCODER.encode({**parts, "notifiedAt": render_time(now)})
        else:
            data = await self._data(tenant, subscription, parcel, happenings, terms)
            if data is None:
                return None
            sent = _envelope(subscription, parcel, terms, now, data)
        return Parcelled(
            url=subscription.endpoint.uri,
            body=sent,
            headers=_headers(tenant, subscription, terms, parcel.attempts),
            mqtt=_manner(subscription),
        )

    async def terms_of(self, subscription: Subscription) -> Terms:
        return await self._terms(subscription.context_url)

    async def write_entities(
        self, tenant: Tenant, subscription: Subscription, entities: Sequence[Entity], terms: Terms
    ) -> JsonValue:
        """The value of `data` for entities as they are; empty when there is nothing to tell."""
        form, _ = self._form(tenant.name, subscription)
        if subscription.endpoint.accept == "application/geo+json":
            return geo_collection(entities, form, terms) if entities else None
        journey = Journey(terms=terms, is_local=True)
        linked = await find_linked(self._broker.sources, tenant, entities, form, journey)
        inlined = linked if form.joining is Joining.INLINE else NOBODY
        told = [entity_document(one, form, terms, inlined) for one in entities]
        if form.joining is Joining.FLAT:
            told += [entity_document(one, _whole(form), terms) for one in linked.values()]
        documents: list[JsonValue] = [one for one in told if one is not None]
        if subscription.endpoint.accept == "application/ld+json":
            return [{**one, "@context": terms.inline} for one in told if one is not None]
        return documents

    async def _data(
        self,
        tenant: Tenant,
        subscription: Subscription,
        parcel: Parcel,
        happenings: Sequence[Happening],
        terms: Terms,
    ) -> bytes | None:
        """The value of `data`."""
        form, signature = self._form(tenant.name, subscription)
        if subscription.endpoint.accept == "application/geo+json":
            entities = [one.after for one in happenings if one.after is not None]
            return _ENCODER.encode(geo_collection(entities, form, terms)) if entities else None
        parts: list[bytes] = []
        for delivery, happening in zip(parcel.deliveries, happenings, strict=True):
            key = (delivery.event, *signature)
            is_shared = _is_shared(happening, form)
            found = self._documents.get(key) if is_shared else None
            if found is None:
                found = await self._document(tenant, subscription, happening, form, terms)
                if is_shared:
                    self._remember(key, found)
            if found:
                parts.append(found)
        return b"[" + b",".join(parts) + b"]" if parts else None

    def _remember(self, key: Signature, document: bytes) -> None:
        self._documents[key] = document
        while len(self._documents) > _CACHED:
            self._documents.popitem(last=False)

    async def _document(
        self,
        tenant: Tenant,
        subscription: Subscription,
        happening: Happening,
        form: Form,
        terms: Terms,
    ) -> bytes:
        """One entity, or it and those joined to it, without the brackets of a list."""
        outcome = happening.outcome()
        linked = await self._linked(tenant, happening.after, form, terms)
        document = notification_document(
            outcome,
            form,
            terms,
            shows_changes=bool(subscription.show_changes),
            deleted=_told_deleted(subscription, outcome),
            at=happening.at,
            linked=linked if form.joining is Joining.INLINE else NOBODY,
        )
        documents = [] if document is None else [document]
        if form.joining is Joining.FLAT:
            flat = [entity_document(one, _whole(form), terms) for one in linked.values()]
            documents += [one for one in flat if one is not None]
        if subscription.endpoint.accept == "application/ld+json":
            documents = [{**one, "@context": terms.inline} for one in documents]
        return _ENCODER.encode(documents)[1:-1]

    async def _linked(
        self, tenant: Tenant, entity: Entity | None, form: Form, terms: Terms
    ) -> Mapping[str, Entity]:
        if entity is None or form.joining is None:
            return NOBODY
        journey = Journey(terms=terms, is_local=True)
        return await find_linked(self._broker.sources, tenant, [entity], form, journey)

    async def _write_v2(
        self,
        tenant: Tenant,
        subscription: Subscription,
        parcel: Parcel,
        happenings: Sequence[Happening],
    ) -> Parcelled | None:
        if not happenings:
            return None
        message = write_message(
            subscription,
            happenings[-1],
            Names(await self._terms(tenant.context_url)),
            service=None if tenant.is_default else tenant.name,
            correlator=str(parcel.notification_id),
        )
        return Parcelled(
            url=message.url,
            body=message.body,
            method=message.method,
            headers={**message.headers, **_attempt(parcel.attempts)},
            wraps_metadata=False,
            mqtt=_manner_v2(subscription),
        )

    async def _terms(self, url: str | None) -> Terms:
        """The core's where the subscriber's own cannot be had: long names rather than silence."""
        if url is None:
            return self._broker.contexts.core
        try:
            return await self._broker.contexts.terms(url)
        except BrokerProblem:
            return self._broker.contexts.core

    def _form(self, tenant: TenantName, subscription: Subscription) -> tuple[Form, Signature]:
        held = self._forms.get((tenant, subscription.id))
        if held is None or held[0] is not subscription:
            form = self._make_form(subscription)
            signature = (
                _ENCODER.encode(msgspec.to_builtins(_of_form(subscription))),
                subscription.context_url,
                subscription.endpoint.accept,
            )
            held = self._forms[(tenant, subscription.id)] = (subscription, form, signature)
        return held[1], held[2]

    def _make_form(self, one: Subscription) -> Form:
        core = self._broker.contexts.core
        return Form(
            format=Format(one.format),
            sys_attrs=bool(one.sys_attrs),
            languages=() if one.language is None else read_languages(one.language),
            attributes=frozenset(one.attributes),
            pick=None if one.pick is None else read_picked(one.pick, core),
            omit=None if one.omit is None else read_picked(one.omit, core),
            datasets=one.datasets,
            joining=Joining(one.join) if one.join in ("inline", "flat") else None,
            join_level=one.join_level or 1,
            contained_by=frozenset(one.contained_by),
        )

    def forget(self, known: Mapping[tuple[TenantName, str], Subscription]) -> None:
        """Forms of subscriptions that are gone."""
        self._forms = {key: held for key, held in self._forms.items() if key in known}


def _whole(form: Form) -> Form:
    """For what is joined: attributes were chosen of the entity that leads there."""
    return msgspec.structs.replace(form, joining=None, attributes=frozenset(), pick=None, omit=None)


def _of_form(one: Subscription) -> list[object]:
    """Subscriptions that agree in this are told the same of an event."""
    return [
        one.format,
        one.sys_attrs,
        one.show_changes,
        one.language,
        sorted(one.attributes),
        one.pick,
        one.omit,
        one.datasets,
    ]


def _is_shared(happening: Happening, form: Form) -> bool:
    """What is told of a deletion depends on what is watched; what is joined may have changed."""
    return happening.after is not None and form.joining is None


def _told_deleted(subscription: Subscription, outcome: Outcome) -> set[str]:
    if not outcome.was_deleted or Trigger.ATTRIBUTE_DELETED not in subscription.effective_triggers:
        return set()
    return {effect.name for effect in list_watched_effects(subscription, outcome)}


def _id(parcel: Parcel) -> str:
    return f"urn:ngsi-ld:Notification:{parcel.notification_id}"


def _envelope(
    subscription: Subscription, parcel: Parcel, terms: Terms, now: datetime, data: bytes
) -> bytes:
    head: dict[str, JsonValue] = {
        "id": _id(parcel),
        "type": "Notification",
        "subscriptionId": subscription.id,
        "notifiedAt": render_time(now),
    }
    if subscription.endpoint.accept == "application/ld+json":
        head["@context"] = terms.inline
    return _ENCODER.encode(head)[:-1] + b',"data":' + data + b"}"


def _headers(
    tenant: Tenant, subscription: Subscription, terms: Terms, attempts: int
) -> dict[str, str]:
    endpoint = subscription.endpoint
    headers = {"Content-Type": endpoint.accept}
    if endpoint.accept != "application/ld+json":
        headers["Link"] = _LINK.format(subscription.context_url or terms.link)
    if subscription.tenant_header is not None or not tenant.is_default:
        headers["NGSILD-Tenant"] = subscription.tenant_header or tenant.name
    headers |= {pair.key: pair.value for pair in endpoint.receiver_info}
    return {**headers, **_attempt(attempts)}


def _attempt(attempts: int) -> dict[str, str]:
    return {ATTEMPT_HEADER: str(attempts)} if attempts > 1 else {}


def _manner(subscription: Subscription) -> MqttManner:
    told = {pair.key: pair.value for pair in subscription.endpoint.notifier_info}
    return MqttManner(
        version=told.get("MQTT-Version", "mqtt5.0"), qos=int(told.get("MQTT-QoS", "0"))
    )


def _manner_v2(subscription: Subscription) -> MqttManner:
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
