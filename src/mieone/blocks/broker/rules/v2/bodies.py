"""Bodies of v2 requests as fragments of the model."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    Fragment,
    Instance,
    Iri,
    JsonValue,
    Revision,
)
from mieone.blocks.broker.problems import BadRequestData

from .metadata import BUILTIN, EVERYTHING, Metadata, read_metadata, show_metadata, with_metadata
from .names import Names
from .operators import is_operation
from .syntax import UNRESTRICTED, check_name, check_value
from .times import find_time
from .values import Typed, default_type, make_instance, show

CHANGES: Final = "alterationType"
EXPIRES: Final = "dateExpires"
DEFAULT_TYPE: Final = "Thing"
_NOT_ATTRIBUTES: Final = frozenset({"id", "type", EVERYTHING, "geo:distance"})


class BodyForm(StrEnum):
    NORMALIZED = "normalized"
    KEY_VALUES = "keyValues"


class AttributeBody(msgspec.Struct, frozen=True, kw_only=True):
    instance: Instance
    operation: JsonValue = None
    """An update operator and its operand; then the instance's value is none yet."""
    clears_metadata: bool = False
    """`metadata: {}` stood there."""


class AttributesBody(msgspec.Struct, frozen=True, kw_only=True):
    attributes: dict[Iri, AttributeBody] = {}
    expires_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not self.attributes and self.expires_at is None

    def fragment(self, types: tuple[Iri, ...] | None = None, path: str | None = None) -> Fragment:
        return Fragment(
            types=types,
            scopes=None if path is None else (() if path == "/" else (path,)),
            expires_at=self.expires_at,
            attributes={
                name: {DEFAULT_INSTANCE: body.instance} for name, body in self.attributes.items()
            },
        )

    def revision(self, *, overrides_metadata: bool) -> Revision | None:
        keeps = frozenset(
            name
            for name, body in self.attributes.items()
            if not overrides_metadata and not body.clears_metadata
        )
        operators: dict[Iri, JsonValue] = {
            name: body.operation
            for name, body in self.attributes.items()
            if body.operation is not None
        }
        if not keeps and not operators:
            return None
        return Revision(keeps_metadata=keeps, operators=operators)


class EntityBody(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str | None
    """None when the body names none."""
    content: AttributesBody


def read_entity(document: JsonValue, names: Names, form: BodyForm) -> EntityBody:
    if not isinstance(document, dict):
        raise BadRequestData("an entity is no object")
    if "id" not in document:
        raise BadRequestData("entity id is missing")
    rest = {name: body for name, body in document.items() if name not in ("id", "type")}
    return EntityBody(
        id=check_name(document["id"], "entity id"),
        type=check_name(document["type"], "entity type") if "type" in document else None,
        content=read_attributes(rest, names, form),
    )


def read_notified(document: JsonValue, names: Names, form: BodyForm) -> EntityBody:
    """An entity of somebody's notification, without what that broker told of itself."""
    if not isinstance(document, dict) or form is not BodyForm.NORMALIZED:
        return read_entity(document, names, form)
    rest = {name: _without_builtin(body) for name, body in document.items() if name != CHANGES}
    return read_entity(rest, names, form)


def _without_builtin(body: JsonValue) -> JsonValue:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(metadata, dict):
        return body
    kept = {name: one for name, one in metadata.items() if name not in BUILTIN}
    return {**body, "metadata": kept}


def read_attributes(document: JsonValue, names: Names, form: BodyForm) -> AttributesBody:
    if not isinstance(document, dict):
        raise BadRequestData("the body is no object")
    attributes: dict[Iri, AttributeBody] = {}
    expires_at = None
    for name, body in document.items():
        check_attribute_name(name)
        typed = _typed(body) if form is BodyForm.NORMALIZED else _by_value(body)
        if name == EXPIRES:
            expires_at = _read_expiry(typed, is_plain=form is BodyForm.KEY_VALUES)
        elif form is BodyForm.NORMALIZED:
            attributes[names.attribute_iri(name)] = read_attribute(body, names)
        else:
            check_value(body, "attribute value")
            attributes[names.attribute_iri(name)] = _read_value(typed, names)
    return AttributesBody(attributes=attributes, expires_at=expires_at)


def check_attribute_name(name: str) -> str:
    check_name(name, "attribute name")
    if name in _NOT_ATTRIBUTES:
        raise BadRequestData(f"an attribute cannot be called {name}")
    return name


def read_attribute(body: JsonValue, names: Names) -> AttributeBody:
    """One attribute in the normalized form."""
    typed = _typed(body)
    document = body if isinstance(body, dict) else {}
    written = document.get("metadata")
    metadata = Metadata() if "metadata" not in document else read_metadata(written, names)
    if typed.type != UNRESTRICTED and not _says_true(written, UNRESTRICTED):
        check_value(typed.value, "attribute value")
    read = _read_value(typed, names, ignores_type=_says_true(written, "ignoreType"))
    return AttributeBody(
        instance=with_metadata(read.instance, metadata),
        operation=read.operation,
        clears_metadata="metadata" in document and metadata.is_empty,
    )


def read_value(name: Iri, value: JsonValue, known: Instance | None, names: Names) -> AttributesBody:
    """A bare value for an attribute whose type and metadata stay."""
    kind = default_type(value) if known is None else show(known, names).type
    metadata = {} if known is None else show_metadata(known, names)
    is_free = kind == UNRESTRICTED or _says_true(metadata, UNRESTRICTED)
    if not is_free:
        check_value(value, "attribute value")
    typed = Typed(_fitting_type(kind, value), value)
    body = _read_value(typed, names, ignores_type=_says_true(metadata, "ignoreType"))
    return AttributesBody(attributes={name: body})


def _fitting_type(kind: str, value: JsonValue) -> str:
    """`None` is the type of no value; every other type stays, whatever the value is now."""
    return default_type(value) if kind == "None" and value is not None else kind


def _typed(body: JsonValue) -> Typed:
    if not isinstance(body, dict):
        raise BadRequestData("an attribute is an object with type, value and metadata")
    unknown = body.keys() - {"type", "value", "metadata"}
    if unknown:
        raise BadRequestData(f"unknown member of an attribute: {min(unknown)}")
    value = body.get("value")
    if "type" not in body:
        return _by_value(value)
    return Typed(check_name(body["type"], "attribute type"), value)


def _by_value(value: JsonValue) -> Typed:
    """An operator says nothing of the type that its result will have."""
    return Typed(default_type(None if is_operation(value) else value), value)


def _says_true(metadata: JsonValue, name: str) -> bool:
    body = metadata.get(name) if isinstance(metadata, dict) else None
    return isinstance(body, dict) and body.get("value") is True


def _read_value(typed: Typed, names: Names, *, ignores_type: bool = False) -> AttributeBody:
    if not is_operation(typed.value):
        return AttributeBody(instance=make_instance(typed, names, ignores_type=ignores_type))
    nothing = Typed(typed.type, None)
    return AttributeBody(instance=make_instance(nothing, names), operation=typed.value)


def _read_expiry(typed: Typed, *, is_plain: bool) -> datetime:
    at = find_time(typed.value)
    if at is None or not (is_plain or typed.type in ("DateTime", "ISO8601", "Text")):
        raise BadRequestData(f"{EXPIRES} is no date and time of ISO 8601")
    return at
