"""The members of one instance, parted into what the core names and sub-attributes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    VALUE_MEMBER,
    AttributeKind,
    DatasetId,
    Iri,
    JsonValue,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData

from .checks import check_uri, read_instant
from .geojson import looks_like_geometry

MEMBER_KINDS: Final[Mapping[str, AttributeKind]] = {
    "value": AttributeKind.PROPERTY,
    "object": AttributeKind.RELATIONSHIP,
    "languageMap": AttributeKind.LANGUAGE_PROPERTY,
    "vocab": AttributeKind.VOCAB_PROPERTY,
    "json": AttributeKind.JSON_PROPERTY,
    "valueList": AttributeKind.LIST_PROPERTY,
    "objectList": AttributeKind.LIST_RELATIONSHIP,
}
"""What kind a value member tells where `type` is left out."""
_KINDS: Final[Mapping[str, AttributeKind]] = {str(kind): kind for kind in AttributeKind}
SYSTEM_MEMBERS: Final = frozenset(("createdAt", "modifiedAt", "deletedAt", "instanceId"))
OWN_MEMBERS: Final = frozenset(
    ("type", "datasetId", "observedAt", "unitCode", "objectType", "expiresAt", "lang")
)
ANSWER_MEMBERS: Final = frozenset(
    (
        "previousValue",
        "previousObject",
        "previousLanguageMap",
        "previousVocab",
        "previousJson",
        "previousValueList",
        "previousObjectList",
        "entity",
        "entityList",
    )
)
"""In answers and notifications only; a client that sends one back means nothing by it."""
INSTANCE_MEMBERS: Final = (
    frozenset(MEMBER_KINDS) | SYSTEM_MEMBERS | OWN_MEMBERS | ANSWER_MEMBERS | {"id", "@context"}
)
MAX_UNIT: Final = 64


def part_members(
    document: Mapping[str, JsonValue], terms: Terms, name: str
) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    """Members by the core's short names, and all others as they stand."""
    known: dict[str, JsonValue] = {}
    others: dict[str, JsonValue] = {}
    for key, value in document.items():
        member = terms.member(key)
        if member is None or member not in INSTANCE_MEMBERS:
            others[key] = value
        elif member in known:
            raise BadRequestData(f"{name}: {member} is there twice")
        elif member in ("id", "@context"):
            raise BadRequestData(f"{name}: {key} does not stand inside an attribute")
        else:
            known[member] = value
    return known, others


def decide_kind(known: Mapping[str, JsonValue], terms: Terms, name: str) -> AttributeKind | None:
    """From `type`, else from the value member; None where neither is there."""
    told = [kind for member, kind in MEMBER_KINDS.items() if member in known]
    if len(told) > 1:
        raise BadRequestData(f"{name}: more than one of {', '.join(MEMBER_KINDS)}")
    if "type" not in known:
        if told == [AttributeKind.PROPERTY] and looks_like_geometry(known["value"]):
            return AttributeKind.GEO_PROPERTY
        return told[0] if told else None
    kind = _read_kind(known["type"], terms, name)
    if told and VALUE_MEMBER[kind] != VALUE_MEMBER[told[0]]:
        raise BadRequestData(f"{name}: a {kind} has no {VALUE_MEMBER[told[0]]}")
    return kind


def _read_kind(value: JsonValue, terms: Terms, name: str) -> AttributeKind:
    if isinstance(value, str):
        short = terms.member(value) or value
        if short in _KINDS:
            return _KINDS[short]
    raise BadRequestData(f"{name}: type is none of {', '.join(AttributeKind)}")


def read_dataset(value: JsonValue, name: str) -> DatasetId:
    if value == DEFAULT_INSTANCE:
        return DEFAULT_INSTANCE
    return check_uri(value, f"datasetId of {name}")


def read_unit(value: JsonValue, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_UNIT:
        raise BadRequestData(f"{name}: unitCode is a short text")
    return value


def read_object_types(value: JsonValue, terms: Terms, name: str) -> tuple[Iri, ...]:
    types = value if isinstance(value, list) else [value]
    if not types or not all(isinstance(each, str) for each in types):
        raise BadRequestData(f"{name}: objectType is a type, or an array of types")
    return tuple(terms.expand_type(each) for each in types if isinstance(each, str))


def read_expiry(value: JsonValue, at: datetime | None, name: str) -> datetime:
    """`at` is now; None where an expiry may have passed."""
    expires_at = read_instant(value, f"expiresAt of {name}")
    if at is not None and expires_at <= at:
        raise BadRequestData(f"expiresAt of {name} has passed")
    return expires_at
