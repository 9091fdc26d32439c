"""Subscriptions as clients send them, checked member by member and expanded."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import unquote

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    AnyType,
    Endpoint,
    EntitySelector,
    Filter,
    GeoQuery,
    JsonValue,
    Subscription,
    SubscriptionId,
    SubscriptionKind,
    Terms,
    Trigger,
    TypeSelection,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.forms import read_languages
from mieone.blocks.broker.rules.patterns import compile_pattern
from mieone.blocks.broker.rules.q import parse_geo, parse_q, parse_scope_q, parse_types
from mieone.blocks.broker.rules.reading import check_uri, read_instant

from .endpoints import read_notification
from .shapes import read_flag, read_list, read_object, read_seconds, read_text, read_texts

TYPE: Final = "Subscription"
MANDATORY: Final = frozenset({"type", "notification"})
WRITTEN: Final = ("q", "geoQ", "scopeQ", "csf", "temporalQ")
"""Shown again as they came."""

_Reader = Callable[[JsonValue, Terms], dict[str, object]]


def read_subscription(
    document: JsonValue,
    terms: Terms,
    at: datetime,
    make_id: Callable[[], str],
    kind: SubscriptionKind = SubscriptionKind.ENTITIES,
) -> Subscription:
    """A new one; `make_id` names one that came without an id. Its context is left to the caller."""
    members = read_object(document, "a subscription")
    for name in sorted(MANDATORY):
        if name not in members:
            raise BadRequestData(f"a subscription needs {name}")
    for name, value in members.items():
        if value is None:
            raise BadRequestData(f"{name} is null")
    identifier = check_uri(members["id"], "id") if "id" in members else make_id()
    bare = Subscription(
        id=SubscriptionId(identifier),
        kind=kind,
        endpoint=Endpoint(uri=""),
        created_at=at,
        modified_at=at,
    )
    read = msgspec.structs.replace(bare, **_read_members(members, terms, bare))
    check_subscription(read, at)
    return read


def read_subscription_patch(
    existing: Subscription, document: JsonValue, terms: Terms, at: datetime
) -> Subscription:
    """Members that were sent replace what is there; null removes, except what must be there."""
    members = read_object(document, "a subscription")
    if not members:
        raise BadRequestData("the body says nothing to change")
    if "id" in members and members["id"] != existing.id:
        raise BadRequestData("the id of a subscription does not change")
    changes = _read_members(members, terms, existing)
    read = msgspec.structs.replace(existing, **changes, modified_at=at)
    check_subscription(read, at, looks_at_expiry="expiresAt" in members)
    return read


def check_subscription(read: Subscription, at: datetime, *, looks_at_expiry: bool = True) -> None:
    """What members say together. Raises BadRequestData."""
    if not read.selectors and not read.watched:
        raise BadRequestData("a subscription needs entities or watchedAttributes")
    if read.throttling_s is not None and read.interval_s is not None:
        raise BadRequestData("throttling and timeInterval exclude each other")
    if looks_at_expiry and read.expires_at is not None and read.expires_at <= at:
        raise BadRequestData("expiresAt is in the past")


def _read_members(
    members: dict[str, JsonValue], terms: Terms, existing: Subscription
) -> dict[str, object]:
    """Fields of the model; null is the default again."""
    fields: dict[str, object] = {}
    written = dict(existing.written)
    for name, value in members.items():
        if name == "type" and value != TYPE:
            raise BadRequestData(f"the type of a subscription is {TYPE}")
        if value is None and name in MANDATORY:
            raise BadRequestData(f"{name} cannot be removed from a subscription")
        reader = _READERS.get(name)
        if reader is None:
            continue
        if value is None:
            fields |= dict.fromkeys(_EMPTY[name][0], _EMPTY[name][1])
            written.pop(name, None)
            continue
        fields |= reader(value, terms)
        if name in WRITTEN:
            written[name] = value
    fields["written"] = written
    return fields


def read_selector(value: JsonValue, terms: Terms) -> EntitySelector:
    members = read_object(value, "an element of entities")
    if members.get("type") is None:
        raise BadRequestData("an element of entities needs a type")
    ids = members.get("id")
    pattern = members.get("idPattern")
    if pattern is not None:
        compile_pattern(read_text(pattern, "idPattern"))
    return EntitySelector(
        # An id counts before a pattern (clause 5.2.33).
        ids=None if ids is None else tuple(check_uri(one, "id") for one in read_texts(ids, "id")),
        id_pattern=str(pattern) if pattern is not None and ids is None else None,
        types=_read_types(read_texts(members["type"], "type"), terms),
    )


def _read_types(texts: tuple[str, ...], terms: Terms) -> TypeSelection | None:
    if "*" in texts:
        return None
    read = tuple(parse_types(text, terms) for text in texts)
    return read[0] if len(read) == 1 else AnyType(read)


def _read_selectors(value: JsonValue, terms: Terms) -> dict[str, object]:
    return {"selectors": tuple(read_selector(one, terms) for one in read_list(value, "entities"))}


def _read_watched(value: JsonValue, terms: Terms) -> dict[str, object]:
    names = read_texts(value, "watchedAttributes")
    return {"watched": tuple(terms.expand_name(one) for one in names)}


def _read_triggers(value: JsonValue, _: Terms) -> dict[str, object]:
    try:
        found = tuple(Trigger(one) for one in read_texts(value, "notificationTrigger"))
    except ValueError:
        raise BadRequestData(f"notificationTrigger knows {', '.join(Trigger)}") from None
    return {"triggers": tuple(dict.fromkeys(found))}


def _read_q(value: JsonValue, terms: Terms) -> dict[str, object]:
    # It may be percent-encoded as in a URL (clause 4.9).
    return {"filter": Filter(parse_q(unquote(read_text(value, "q")), terms))}


def _read_geo(value: JsonValue, terms: Terms) -> dict[str, object]:
    return {"geo": read_geo_query(value, terms)}


def read_geo_query(value: JsonValue, terms: Terms) -> GeoQuery:
    members = read_object(value, "geoQ")
    for name in ("georel", "geometry", "coordinates"):
        if members.get(name) is None:
            raise BadRequestData(f"geoQ needs {name}")
    named = members.get("geoproperty")
    return parse_geo(
        unquote(read_text(members["georel"], "georel")),
        read_text(members["geometry"], "geometry"),
        members["coordinates"],
        f"{CORE_VOCABULARY}location"
        if named is None
        else terms.expand_name(read_text(named, "geoproperty")),
    )


def _read_datasets(value: JsonValue, _: Terms) -> dict[str, object]:
    named = read_texts(value, "datasetId")
    return {
        "datasets": tuple(
            one if one == DEFAULT_INSTANCE else check_uri(one, "datasetId") for one in named
        )
    }


def _read_language(value: JsonValue, _: Terms) -> dict[str, object]:
    read_languages(read_text(value, "lang"))
    return {"language": value}


def _read_csf(value: JsonValue, terms: Terms) -> dict[str, object]:
    parse_q(unquote(read_text(value, "csf")), terms)
    return {}


def _read_temporal(value: JsonValue, _: Terms) -> dict[str, object]:
    read_object(value, "temporalQ")
    return {}


def _plain(field: str, read: Callable[[JsonValue, str], object], name: str) -> _Reader:
    return lambda value, _: {field: read(value, name)}


_READERS: Final[Mapping[str, _Reader]] = {
    "subscriptionName": _plain("name", read_text, "subscriptionName"),
    "description": _plain("description", read_text, "description"),
    "entities": _read_selectors,
    "watchedAttributes": _read_watched,
    "notificationTrigger": _read_triggers,
    "q": _read_q,
    "geoQ": _read_geo,
    "scopeQ": lambda value, _: {"scope": parse_scope_q(unquote(read_text(value, "scopeQ")))},
    "csf": _read_csf,
    "temporalQ": _read_temporal,
    "lang": _read_language,
    "datasetId": _read_datasets,
    "throttling": _plain("throttling_s", read_seconds, "throttling"),
    "timeInterval": _plain("interval_s", read_seconds, "timeInterval"),
    "expiresAt": _plain("expires_at", read_instant, "expiresAt"),
    "isActive": _plain("is_active", read_flag, "isActive"),
    "notification": read_notification,
}
"""By their names in the document; jsonldContext is the caller's, who can fetch it."""
_EMPTY: Final[Mapping[str, tuple[tuple[str, ...], object]]] = {
    "subscriptionName": (("name",), None),
    "description": (("description",), None),
    "entities": (("selectors",), ()),
    "watchedAttributes": (("watched",), ()),
    "notificationTrigger": (("triggers",), ()),
    "q": (("filter",), None),
    "geoQ": (("geo",), None),
    "scopeQ": (("scope",), None),
    "csf": ((), None),
    "temporalQ": ((), None),
    "lang": (("language",), None),
    "datasetId": (("datasets",), None),
    "throttling": (("throttling_s",), None),
    "timeInterval": (("interval_s",), None),
    "expiresAt": (("expires_at",), None),
    "isActive": (("is_active",), None),
}
"""What null makes of them."""
