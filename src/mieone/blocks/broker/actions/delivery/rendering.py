"""Notifications as they are sent: body, media type, headers, in the form each subscriber asked for."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

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
    Joining,
    entity_document,
    geo_collection,
    notification_document,
    render_time,
)
from mieone.blocks.broker.rules.matching import list_watched_effects
from mieone.blocks.broker.rules.v2.names import Names
from mieone.blocks.broker.rules.v2.notifying import write_message

from .forms import Forms, Signature, whole
from .lines import Parcel
from .messages import (
    Parcelled,
    id_of,
    manner_of,
    manner_of_v2,
    tell_attempt,
    write_envelope,
    write_headers,
)

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker

_CACHED = 512
_ENCODER = msgspec.json.Encoder()


class Renderer:
    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._forms = Forms(broker.contexts.core)
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
            parts = {"id": id_of(parcel), **msgspec.json.decode(body, type=dict[str, object])}
            if subscription.endpoint.accept == "application/ld+json":
                parts["@context"] = terms.inline
            sent = _ENCODER.encode({**parts, "notifiedAt": render_time(now)})
        else:
            data = await self._data(tenant, subscription, parcel, happenings, terms)
            if data is None:
                return None
            sent = write_envelope(subscription, parcel, terms, now, data)
        return Parcelled(
            url=subscription.endpoint.uri,
            body=sent,
            headers=write_headers(tenant, subscription, terms, parcel.attempts),
            mqtt=manner_of(subscription),
        )

    async def terms_of(self, subscription: Subscription) -> Terms:
        return await self._terms(subscription.context_url)

    async def write_entities(
        self, tenant: Tenant, subscription: Subscription, entities: Sequence[Entity], terms: Terms
    ) -> JsonValue:
        """The value of `data` for entities as they are; empty when there is nothing to tell."""
        form, _ = self._forms.of(tenant.name, subscription)
        if subscription.endpoint.accept == "application/geo+json":
            return geo_collection(entities, form, terms) if entities else None
        journey = Journey(terms=terms, is_local=True)
        linked = await find_linked(self._broker.sources, tenant, entities, form, journey)
        inlined = linked if form.joining is Joining.INLINE else NOBODY
        told = [entity_document(one, form, terms, inlined) for one in entities]
        if form.joining is Joining.FLAT:
            told += [entity_document(one, whole(form), terms) for one in linked.values()]
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
        form, signature = self._forms.of(tenant.name, subscription)
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
            flat = [entity_document(one, whole(form), terms) for one in linked.values()]
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
            headers={**message.headers, **tell_attempt(parcel.attempts)},
            wraps_metadata=False,
            mqtt=manner_of_v2(subscription),
        )

    async def _terms(self, url: str | None) -> Terms:
        """The core's where the subscriber's own cannot be had: long names rather than silence."""
        if url is None:
            return self._broker.contexts.core
        try:
            return await self._broker.contexts.terms(url)
        except BrokerProblem:
            return self._broker.contexts.core

    def forget(self, known: Mapping[tuple[TenantName, str], Subscription]) -> None:
        """What was made ready for subscriptions that are gone."""
        self._forms.forget(known)


def _is_shared(happening: Happening, form: Form) -> bool:
    """What is told of a deletion depends on what is watched; what is joined may have changed."""
    return happening.after is not None and form.joining is None


def _told_deleted(subscription: Subscription, outcome: Outcome) -> set[str]:
    if not outcome.was_deleted or Trigger.ATTRIBUTE_DELETED not in subscription.effective_triggers:
        return set()
    return {effect.name for effect in list_watched_effects(subscription, outcome)}
