"""A v2 type and value as the kind and value that the store keeps, and back."""

from typing import Final, NamedTuple

import msgspec

from mieone.blocks.broker.model import AttributeKind, Instance, JsonValue, Remembered
from mieone.blocks.broker.problems import BadRequestData

from .names import Names, is_uri
from .places import SIMPLE, read_geojson, read_place
from .times import find_time, write_time

DATE_TIMES: Final = frozenset({"DateTime", "ISO8601"})
_KINDS: Final = {
    kind.value: kind
    for kind in (
        AttributeKind.LANGUAGE_PROPERTY,
        AttributeKind.VOCAB_PROPERTY,
        AttributeKind.JSON_PROPERTY,
        AttributeKind.LIST_PROPERTY,
        AttributeKind.LIST_RELATIONSHIP,
        AttributeKind.RELATIONSHIP,
    )
}
"""Type names of v2 that stand for what NGSI-LD has and v2 has not."""


class Typed(NamedTuple):
    type: str
    value: JsonValue


class Kept(NamedTuple):
    kind: AttributeKind
    value: JsonValue


def default_type(value: JsonValue) -> str:
    if value is None:
        return "None"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int | float):
        return "Number"
    return "Text" if isinstance(value, str) else "StructuredValue"


def make_instance(typed: Typed, names: Names, *, ignores_type: bool = False) -> Instance:
    """With what v2 must get back and the kind and value do not tell. Raises BadRequestData."""
    kept = _keep_plain(typed.value) if ignores_type else keep(typed, names)
    told = tell(kept, names)
    normal = _normal(typed, kept)
    remembered = None
    if told.value != normal or type(told.value) is not type(normal):
        remembered = Remembered(type=typed.type, value=normal)
    elif told.type != typed.type:
        remembered = Remembered(type=typed.type)
    return Instance(kind=kept.kind, value=kept.value, remembered=remembered)


def _normal(typed: Typed, kept: Kept) -> JsonValue:
    """The value as v2 shows it: times in one form, a Feature as its geometry."""
    if typed.type in DATE_TIMES and (at := find_time(typed.value)) is not None:
        return write_time(at)
    return kept.value if typed.type == "geo:json" else typed.value


def keep(typed: Typed, names: Names) -> Kept:
    name, value = typed
    if value is None:
        return _keep_plain(value)
    if name in DATE_TIMES:
        return _keep_time(value)
    if name in SIMPLE:
        return Kept(AttributeKind.GEO_PROPERTY, read_place(name, value))
    if name == "geo:json":
        return Kept(AttributeKind.GEO_PROPERTY, read_geojson(value))
    kind = _KINDS.get(name)
    return (kind and _keep_as(kind, value, names)) or _keep_plain(value)


def _keep_time(value: JsonValue) -> Kept:
    at = find_time(value)
    if at is None:
        raise BadRequestData("the value of a DateTime is no date and time of ISO 8601")
    return Kept(AttributeKind.PROPERTY, {"@type": "DateTime", "@value": write_time(at)})


def _keep_as(kind: AttributeKind, value: JsonValue, names: Names) -> Kept | None:
    """None where the value is none of this kind: then it is a property like any other."""
    match kind:
        case AttributeKind.JSON_PROPERTY:
            return Kept(kind, value)
        case AttributeKind.LIST_PROPERTY:
            return Kept(kind, value) if isinstance(value, list) else None
        case AttributeKind.LANGUAGE_PROPERTY:
            return Kept(kind, value) if _is_language_map(value) else None
        case AttributeKind.VOCAB_PROPERTY:
            return _keep_vocab(value, names)
    uris = value if isinstance(value, list) else [value]
    if not uris or not all(isinstance(uri, str) and is_uri(uri) for uri in uris):
        return None
    if kind is AttributeKind.RELATIONSHIP:
        return Kept(kind, value)
    if not isinstance(value, list):
        return None
    return Kept(kind, [{"object": uri} for uri in uris])


def _is_language_map(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            isinstance(text, str)
            or (isinstance(text, list) and all(isinstance(part, str) for part in text))
            for text in value.values()
        )
    )


def _keep_vocab(value: JsonValue, names: Names) -> Kept | None:
    if isinstance(value, str) and value:
        return Kept(AttributeKind.VOCAB_PROPERTY, names.type_iri(value))
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        iris: list[JsonValue] = [names.type_iri(str(word)) for word in value]
        return Kept(AttributeKind.VOCAB_PROPERTY, iris)
    return None


def _keep_plain(value: JsonValue) -> Kept:
    """NGSI-LD has nulls inside a JsonProperty only."""
    has_null = _has_null(value)
    return Kept(AttributeKind.JSON_PROPERTY if has_null else AttributeKind.PROPERTY, value)


def _has_null(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any(_has_null(part) for part in value.values())
    if isinstance(value, list):
        return any(_has_null(part) for part in value)
    return value is None


def tell(kept: Kept, names: Names) -> Typed:
    """What a v2 reader is told of a kind and value that nothing is remembered of."""
    kind, value = kept
    match kind:
        case AttributeKind.PROPERTY:
            return _tell_property(value)
        case AttributeKind.GEO_PROPERTY:
            return Typed("geo:json", value)
        case AttributeKind.JSON_PROPERTY if value is None:
            return Typed("None", None)
        case AttributeKind.VOCAB_PROPERTY:
            return Typed(kind.value, _tell_vocab(value, names))
        case AttributeKind.LIST_RELATIONSHIP if isinstance(value, list):
            return Typed(kind.value, [_tell_object(part) for part in value])
        case _:
            return Typed(kind.value, value)


def _tell_property(value: JsonValue) -> Typed:
    if isinstance(value, dict) and value.keys() == {"@type", "@value"}:
        name = str(value["@type"]).rsplit("/", 1)[-1]
        at = find_time(value["@value"]) if name == "DateTime" else None
        return Typed(name, write_time(at) if at else value["@value"])
    return Typed(default_type(value), value)


def _tell_vocab(value: JsonValue, names: Names) -> JsonValue:
    if isinstance(value, list):
        return [names.type_name(str(iri)) for iri in value]
    return names.type_name(str(value))


def _tell_object(part: JsonValue) -> JsonValue:
    return part.get("object") if isinstance(part, dict) else part


def show(instance: Instance, names: Names) -> Typed:
    """Type and value for a v2 reader; what is remembered counts only while it is still true."""
    kept = Kept(instance.kind, instance.value)
    told = tell(kept, names)
    remembered = instance.remembered
    if remembered is None or remembered.type is None:
        return told
    has_value = not isinstance(remembered.value, msgspec.UnsetType)
    value = remembered.value if has_value else told.value
    typed = Typed(remembered.type, value)
    return typed if kept in (_try_keep(typed, names), _keep_plain(value)) else told


def _try_keep(typed: Typed, names: Names) -> Kept | None:
    try:
        return keep(typed, names)
    except BadRequestData:
        return None
