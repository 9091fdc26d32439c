"""Members of an instance laid over what is there: the merge of PATCH entity, the partial update."""

from datetime import datetime
from enum import Enum
from typing import Any, Final

import msgspec

from mieone.blocks.broker.model import (
    NULL_URI,
    VALUE_MEMBER,
    AttributeKind,
    DatasetId,
    Instance,
    Iri,
    JsonValue,
    Null,
    Overlay,
    Remembered,
)
from mieone.blocks.broker.problems import BadRequestData


class Manner(Enum):
    MERGE = "merge"
    """Objects are merged member by member, and another kind replaces the instance."""
    PARTIAL = "partial"
    """A value replaces the value, and another kind is refused."""


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every instance of one change."""

    manner: Manner
    observed_at: datetime | None = None
    language: str | None = None


_FIELDS: Final = {
    "observedAt": "observed_at",
    "unitCode": "unit_code",
    "expiresAt": "expires_at",
}
_MERGED: Final = frozenset(
    {AttributeKind.PROPERTY, AttributeKind.JSON_PROPERTY, AttributeKind.LANGUAGE_PROPERTY}
)


def overlay_instance(
    before: Instance | None, overlay: Overlay, circumstances: Circumstances
) -> Instance | None:
    """The instance after the change; None when nothing of its value is left."""
    language = circumstances.language
    if before is not None and _is_one_language(before, overlay) and language is not None:
        overlay = Overlay(
            members={**overlay.members, "value": {language: overlay.members["value"]}},
            subs=overlay.subs,
        )
    kind = _find_kind(before, overlay)
    if before is None or kind is not before.kind:
        if before is not None and circumstances.manner is Manner.PARTIAL:
            raise BadRequestData("the attribute is of another type")
        return _lay(_start(kind, overlay, circumstances), overlay, circumstances)
    return _lay(_change_value(before, overlay, circumstances), overlay, circumstances)


def _is_one_language(before: Instance, overlay: Overlay) -> bool:
    is_text = isinstance(overlay.members.get("value"), str)
    return is_text and before.kind is AttributeKind.LANGUAGE_PROPERTY


def _find_kind(before: Instance | None, overlay: Overlay) -> AttributeKind:
    told = None if overlay.kind is None else AttributeKind(overlay.kind)
    if before is None:
        return told or AttributeKind.PROPERTY
    if told is None:
        return before.kind
    # `value` alone stands for a Property as well as for a GeoProperty.
    is_open = "type" not in overlay.members and VALUE_MEMBER[told] == VALUE_MEMBER[before.kind]
    is_fit = before.kind is not AttributeKind.GEO_PROPERTY or _is_geometry(overlay)
    return before.kind if is_open and is_fit else told


def _is_geometry(overlay: Overlay) -> bool:
    value = overlay.members.get("value")
    return value is None or (isinstance(value, dict) and "type" in value)


def _start(kind: AttributeKind, overlay: Overlay, circumstances: Circumstances) -> Instance:
    if "value" not in overlay.members:
        raise BadRequestData("an attribute that is not there yet needs a value")
    value = _clean(_value_of(overlay)) if _merges(kind, circumstances) else _value_of(overlay)
    return Instance(kind=kind, value=value)


def _change_value(before: Instance, overlay: Overlay, circumstances: Circumstances) -> Instance:
    observed_at = before.observed_at
    if circumstances.observed_at is not None and observed_at is not None:
        before = msgspec.structs.replace(before, observed_at=circumstances.observed_at)
    if "value" not in overlay.members:
        return before
    value = _value_of(overlay)
    if before.kind is AttributeKind.LANGUAGE_PROPERTY and isinstance(value, str | list):
        value = {"@none": value}
    if _merges(before.kind, circumstances):
        value = merge_value(before.value, value)
    return msgspec.structs.replace(before, value=value, remembered=_forget(before.remembered))


def _merges(kind: AttributeKind, circumstances: Circumstances) -> bool:
    return circumstances.manner is Manner.MERGE and kind in _MERGED


def _value_of(overlay: Overlay) -> JsonValue:
    # Checked where the body was read.
    value: Any = overlay.members["value"]
    return value  # type: ignore[no-any-return]


def _forget(remembered: Remembered | None) -> Remembered | None:
    """What v2 said of the value no longer holds; its metadata does."""
    if remembered is None or not remembered.metadata:
        return None
    return Remembered(metadata=remembered.metadata)


def _lay(instance: Instance, overlay: Overlay, circumstances: Circumstances) -> Instance | None:
    if instance.kind is AttributeKind.LANGUAGE_PROPERTY and not instance.value:
        return None
    members: dict[str, Any] = {}
    for name, value in overlay.members.items():
        if name in _FIELDS:
            members[_FIELDS[name]] = None if value == NULL_URI else value
        elif name == "objectType":
            members["object_types"] = _types_of(value)
    if overlay.subs:
        members["subs"] = _overlay_subs(instance, overlay, circumstances)
    return msgspec.structs.replace(instance, **members) if members else instance


def _types_of(value: object) -> tuple[Iri, ...]:
    if value == NULL_URI:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(str(part) for part in value) if isinstance(value, list | tuple) else ()


def _overlay_subs(
    instance: Instance, overlay: Overlay, circumstances: Circumstances
) -> dict[Iri, dict[DatasetId, Instance]]:
    within = msgspec.structs.replace(circumstances, observed_at=None)
    subs = dict(instance.subs)
    for name, parts in overlay.subs.items():
        kept = dict(subs.get(name, {}))
        for dataset, part in parts.items():
            after = _overlay_sub(kept.get(dataset), part, within)
            if after is None:
                kept.pop(dataset, None)
            else:
                kept[dataset] = after
        if kept:
            subs[name] = kept
        else:
            subs.pop(name, None)
    return subs


def _overlay_sub(
    before: Instance | None, part: Overlay | Null, circumstances: Circumstances
) -> Instance | None:
    if isinstance(part, Null):
        return None
    if circumstances.manner is Manner.PARTIAL and "value" in part.members:
        kind = _find_kind(before, part)
        return _lay(_start(kind, part, circumstances), part, circumstances)
    return overlay_instance(before, part, circumstances)


def merge_value(old: JsonValue, new: JsonValue) -> JsonValue:
    """RFC 7396, with NGSI-LD's own null. A value with a JSON-LD type is one value."""
    if not isinstance(new, dict) or "@value" in new:
        return _clean(new)
    if not isinstance(old, dict) or "@value" in old:
        return _clean(new)
    merged = dict(old)
    for name, value in new.items():
        if value == NULL_URI:
            merged.pop(name, None)
        else:
            merged[name] = merge_value(merged.get(name), value)
    return merged


def _clean(value: JsonValue) -> JsonValue:
    if not isinstance(value, dict):
        return value
    return {name: _clean(part) for name, part in value.items() if part != NULL_URI}
