"""Entities, attributes and their instances, as the store keeps them: names expanded, times as instants."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NewType, TypeAlias

import msgspec

if TYPE_CHECKING:
    JsonValue: TypeAlias = (
        "str | bool | int | float | list[JsonValue] | dict[str, JsonValue] | None"
    )
else:
    # msgspec decodes what the alias says, and cannot follow one that names itself.
    JsonValue = Any
TenantName = NewType("TenantName", str)
Iri: TypeAlias = str
"""An expanded type or attribute name; never a short name of somebody's context."""
DatasetId: TypeAlias = str

DEFAULT_INSTANCE: Final[DatasetId] = "@none"
"""The dataset id under which an instance without one is kept."""
NULL_URI: Final = "urn:ngsi-ld:null"
DEFAULT_VOCABULARY: Final = "https://uri.etsi.org/ngsi-ld/default-context/"
CORE_VOCABULARY: Final = "https://uri.etsi.org/ngsi-ld/"


class AttributeKind(StrEnum):
    PROPERTY = "Property"
    GEO_PROPERTY = "GeoProperty"
    RELATIONSHIP = "Relationship"
    LANGUAGE_PROPERTY = "LanguageProperty"
    VOCAB_PROPERTY = "VocabProperty"
    JSON_PROPERTY = "JsonProperty"
    LIST_PROPERTY = "ListProperty"
    LIST_RELATIONSHIP = "ListRelationship"


VALUE_MEMBER: Final[Mapping[AttributeKind, str]] = {
    AttributeKind.PROPERTY: "value",
    AttributeKind.GEO_PROPERTY: "value",
    AttributeKind.RELATIONSHIP: "object",
    AttributeKind.LANGUAGE_PROPERTY: "languageMap",
    AttributeKind.VOCAB_PROPERTY: "vocab",
    AttributeKind.JSON_PROPERTY: "json",
    AttributeKind.LIST_PROPERTY: "valueList",
    AttributeKind.LIST_RELATIONSHIP: "objectList",
}
"""Under which member of the API's document the value of each kind stands."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What NGSI v2 said of an attribute and NGSI-LD has no place for, so that v2 gets it back."""

    type: str | None = None
    """The v2 attribute type, where it does not follow from the kind and the value."""
    value: JsonValue = msgspec.UNSET  # type: ignore[assignment]
    """The v2 value, where the stored one was translated (`geo:point`, `DateTime`)."""
    metadata: dict[str, JsonValue] = {}
    """v2 metadata that is no sub-attribute, by name, in v2's normalized form."""


class Instance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One instance of one attribute. `value` is what stands under VALUE_MEMBER of its kind."""

    kind: AttributeKind
    value: JsonValue
    object_types: tuple[Iri, ...] = ()
    observed_at: datetime | None = None
    unit_code: str | None = None
    instance_id: str | None = None
    created_at: datetime | None = None
    """Set by the write path (None only in what a client has just sent)."""
    modified_at: datetime | None = None
    deleted_at: datetime | None = None
    """Only in histories and in notifications of a deletion."""
    expires_at: datetime | None = None
    subs: dict[Iri, dict[DatasetId, "Instance"]] = {}
    """Sub-attributes: properties of a property, by expanded name and dataset."""
    remembered: Remembered | None = None


Attributes: TypeAlias = dict[Iri, dict[DatasetId, Instance]]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """How NGSI v2 names an entity; `Entity.id` follows from it when the v2 id is no URI."""

    id: str
    type: str
    path: str = "/"


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The current state of an entity. Types and attribute names are expanded."""

    id: str
    types: tuple[Iri, ...]
    attributes: Attributes = {}
    scopes: tuple[str, ...] = ()
    created_at: datetime | None = None
    modified_at: datetime | None = None
    deleted_at: datetime | None = None
    expires_at: datetime | None = None
    identity: Identity | None = None
    """Only where an NGSI v2 client made it and its names differ from id and types[0]."""
