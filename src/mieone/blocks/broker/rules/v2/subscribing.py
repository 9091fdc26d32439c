"""v2 subscriptions as clients send and get them, over the model's one struct."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_TRIGGERS,
    Endpoint,
    EntitySelector,
    Filter,
    GeoQuery,
    Iri,
    JsonValue,
    Subscription,
    SubscriptionApi,
    SubscriptionId,
    Trigger,
)
from mieone.blocks.broker.problems import BadRequestData

from .alterations import Alteration
from .asking import read_expression, read_geo, read_name_list, read_selector
from .channels import CHANNELS, read_channel
from .names import Names
from .querying import parse_q
from .syntax import check_value
from .times import find_time

FORMATS: Final = (
    "normalized",
    "simplifiedNormalized",
    "keyValues",
    "simplifiedKeyValues",
    "values",
)
_MEMBERS: Final = frozenset(
    {"description", "subject", "notification", "expires", "status", "throttling"}
)
_NOTIFICATION: Final = frozenset(
    {"attrs", "exceptAttrs", "attrsFormat", "metadata", "onlyChangedAttrs", "covered"}
    | {"maxFailsLimit", *CHANNELS}
)
_COUNTED: Final = frozenset(
    {"timesSent", "lastNotification", "lastFailure", "lastSuccess", "lastFailureReason"}
    | {"lastSuccessCode", "failsCounter"}
)
"""Shown and never taken: passed over, so that what was read can be sent back."""
LONGEST_DESCRIPTION: Final = 1024
ONESHOT: Final = "oneshot"


class Context(NamedTuple):
    names: Names
    path_header: str | None
    paths: tuple[str, ...]
    at: datetime


def read_subscription(document: JsonValue, subscription_id: str, context: Context) -> Subscription:
    members = _object(document, "the body")
    for name in ("subject", "notification"):
        if name not in members:
            raise BadRequestData(f"a subscription needs {name}")
    v2: dict[str, JsonValue] = {}
    if context.path_header is not None:
        v2["path"] = context.path_header
    bare = Subscription(
        id=SubscriptionId(subscription_id),
        api=SubscriptionApi.NGSI_V2,
        endpoint=Endpoint(uri=""),
        paths=context.paths,
        v2=v2,
        created_at=context.at,
        modified_at=context.at,
    )
    return _apply(bare, members, context)


def read_patch(existing: Subscription, document: JsonValue, context: Context) -> Subscription:
    members = _object(document, "the body")
    if not members:
        raise BadRequestData("the body says nothing to change")
    return msgspec.structs.replace(_apply(existing, members, context), modified_at=context.at)


def _apply(existing: Subscription, members: dict[str, JsonValue], context: Context) -> Subscription:
    unknown = members.keys() - _MEMBERS - {"id"}
    if unknown:
        raise BadRequestData(f"unknown member of a subscription: {min(unknown)}")
    fields: dict[str, object] = {}
    v2 = dict(existing.v2)
    for name, value in members.items():
        reader = _READERS.get(name)
        if reader is not None:
            fields |= reader(value, context)
        if name in ("subject", "notification", "status"):
            v2[name] = value
    if isinstance(v2.get("notification"), dict):
        v2["notification"] = {
            name: value
            for name, value in _object(v2["notification"], "notification").items()
            if name not in _COUNTED
        }
    return msgspec.structs.replace(existing, **fields, v2=v2)


def _object(value: JsonValue, what: str) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise BadRequestData(f"{what} is no object")
    return value


def _read_description(value: JsonValue, _: Context) -> dict[str, object]:
    if not isinstance(value, str) or len(value) > LONGEST_DESCRIPTION:
        raise BadRequestData(f"description is a text of up to {LONGEST_DESCRIPTION} characters")
    check_value(value, "description")
    return {"description": value}


def _read_expires(value: JsonValue, _: Context) -> dict[str, object]:
    """One that is over already is kept, and shown as expired."""
    if value == "":
        # As Orion has it: back to no end.
        return {"expires_at": None}
    at = find_time(value)
    if at is None:
        raise BadRequestData("expires is no date and time of ISO 8601")
    return {"expires_at": at}


def _read_status(value: JsonValue, _: Context) -> dict[str, object]:
    if value not in ("active", "inactive", ONESHOT):
        raise BadRequestData("status is active, inactive or oneshot")
    return {"is_active": value != "inactive"}


def _read_throttling(value: JsonValue, _: Context) -> dict[str, object]:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadRequestData("throttling is a number of seconds")
    return {"throttling_s": float(value) or None}


def _read_subject(value: JsonValue, context: Context) -> dict[str, object]:
    members = _object(value, "subject")
    unknown = members.keys() - {"entities", "condition"}
    if unknown:
        raise BadRequestData(f"unknown member of subject: {min(unknown)}")
    entities = members.get("entities")
    if not isinstance(entities, list) or not entities:
        raise BadRequestData("subject.entities is no array with elements")
    selectors: tuple[EntitySelector, ...] = tuple(
        read_selector(one, context.names) for one in entities
    )
    fields: dict[str, object] = {
        "selectors": selectors,
        "watched": (),
        "triggers": (*DEFAULT_TRIGGERS, Trigger.ATTRIBUTE_DELETED),
        "filter": None,
        "geo": None,
    }
    if "condition" in members:
        fields |= _read_condition(members["condition"], context)
    return fields


def _read_condition(value: JsonValue, context: Context) -> dict[str, object]:
    members = _object(value, "condition")
    known = {"attrs", "expression", "alterationTypes", "notifyOnMetadataChange"}
    unknown = members.keys() - known
    if unknown or not members:
        raise BadRequestData("condition is empty, or has an unknown member")
    fields: dict[str, object] = {}
    if "attrs" in members:
        names = read_name_list(members["attrs"], "condition.attrs")
        watched: tuple[Iri, ...] = tuple(context.names.attribute_iri(name) for name in names)
        fields["watched"] = watched
    if "expression" in members:
        fields |= _read_conditions(members["expression"], context)
    if not isinstance(members.get("notifyOnMetadataChange", True), bool):
        raise BadRequestData("notifyOnMetadataChange is true or false")
    alterations = members.get("alterationTypes", [])
    if not isinstance(alterations, list) or not set(alterations) <= {*Alteration}:
        raise BadRequestData(f"alterationTypes knows {', '.join(Alteration)}")
    if Alteration.DELETE in alterations:
        fields["triggers"] = (*DEFAULT_TRIGGERS, Trigger.ENTITY_DELETED, Trigger.ATTRIBUTE_DELETED)
    return fields


def _read_conditions(value: JsonValue, context: Context) -> dict[str, object]:
    expression = read_expression(value)
    if not value:
        raise BadRequestData("expression is empty")
    q, mq = expression.q, expression.mq
    condition = None if q is None else parse_q(q, context.names)
    metadata = None if mq is None else parse_q(mq, context.names, is_metadata=True)
    geo: GeoQuery | None = read_geo(expression)
    return {
        "filter": Filter(condition, metadata) if condition or metadata else None,
        "geo": geo,
    }


def _read_notification(value: JsonValue, _: Context) -> dict[str, object]:
    members = _object(value, "notification")
    unknown = members.keys() - _NOTIFICATION - _COUNTED
    if unknown:
        raise BadRequestData(f"unknown member of notification: {min(unknown)}")
    _check_told(members)
    channels = [name for name in CHANNELS if name in members]
    if len(channels) != 1:
        raise BadRequestData(f"a notification has one of {', '.join(CHANNELS)}")
    return {"endpoint": read_channel(channels[0], members[channels[0]])}


def _check_told(members: dict[str, JsonValue]) -> None:
    if "attrs" in members and "exceptAttrs" in members:
        raise BadRequestData("attrs and exceptAttrs exclude each other")
    for name in ("attrs", "exceptAttrs", "metadata"):
        if name in members:
            named = read_name_list(members[name], name)
            if name == "exceptAttrs" and not named:
                raise BadRequestData("exceptAttrs is empty")
    for name in ("onlyChangedAttrs", "covered"):
        if not isinstance(members.get(name, False), bool):
            raise BadRequestData(f"{name} is true or false")
    if members.get("covered") and not members.get("attrs"):
        raise BadRequestData("covered goes with a list of attrs")
    if members.get("attrsFormat", FORMATS[0]) not in FORMATS:
        raise BadRequestData(f"attrsFormat is one of {', '.join(FORMATS)}")
    limit = members.get("maxFailsLimit", 1)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise BadRequestData("maxFailsLimit is a whole number from 1 on")


_READERS: Final[Mapping[str, Callable[[JsonValue, Context], dict[str, object]]]] = {
    "description": _read_description,
    "expires": _read_expires,
    "status": _read_status,
    "throttling": _read_throttling,
    "subject": _read_subject,
    "notification": _read_notification,
}
