"""In which form each subscriber is told: made ready once, and held while the subscription stays."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from mieone.blocks.broker.model import Subscription, TenantName, Terms
from mieone.blocks.broker.rules.forms import (
    Form,
    Format,
    Joining,
    read_languages,
    read_picked,
)

Signature: TypeAlias = "tuple[object, ...]"
_ENCODER = msgspec.json.Encoder()


class Forms:
    def __init__(self, core: Terms) -> None:
        self._core = core
        self._held: dict[tuple[TenantName, str], tuple[Subscription, Form, Signature]] = {}

    def of(self, tenant: TenantName, subscription: Subscription) -> tuple[Form, Signature]:
        """The form, and what it comes to: the same of an event is told where that is the same."""
        held = self._held.get((tenant, subscription.id))
        if held is None or held[0] is not subscription:
            form = self._make(subscription)
            signature = (
                _ENCODER.encode(msgspec.to_builtins(_of_form(subscription))),
                subscription.context_url,
                subscription.endpoint.accept,
            )
            held = self._held[(tenant, subscription.id)] = (subscription, form, signature)
        return held[1], held[2]

    def _make(self, one: Subscription) -> Form:
        return Form(
            format=Format(one.format),
            sys_attrs=bool(one.sys_attrs),
            languages=() if one.language is None else read_languages(one.language),
            attributes=frozenset(one.attributes),
            pick=None if one.pick is None else read_picked(one.pick, self._core),
            omit=None if one.omit is None else read_picked(one.omit, self._core),
            datasets=one.datasets,
            joining=Joining(one.join) if one.join in ("inline", "flat") else None,
            join_level=one.join_level or 1,
            contained_by=frozenset(one.contained_by),
        )

    def forget(self, known: Mapping[tuple[TenantName, str], Subscription]) -> None:
        """Those of subscriptions that are gone."""
        self._held = {key: held for key, held in self._held.items() if key in known}


def whole(form: Form) -> Form:
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
