"""What may stand under the value member of each kind of attribute."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from mieone.blocks.broker.model import NULL_URI, AttributeKind, JsonValue, Terms
from mieone.blocks.broker.problems import BadRequestData, BrokerProblem
from mieone.blocks.broker.rules.json_reading import read_json

from .checks import check_uri
from .geojson import check_geometry

MAX_TARGETS: Final = 10_000
_LANGUAGE: Final = re.compile(r"(?:@none|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\Z")


def has_null(value: JsonValue) -> bool:
    """Whether a JSON null stands anywhere inside; depth is bounded when the body is parsed."""
    if value is None:
        return True
    if isinstance(value, dict):
        return any(has_null(part) for part in value.values())
    if isinstance(value, list):
        return any(has_null(part) for part in value)
    return False


def holds_deletion(value: JsonValue) -> bool:
    """Whether a member inside is urn:ngsi-ld:null, which only a merge takes (5.5.4)."""
    if isinstance(value, dict):
        return any(part == NULL_URI or holds_deletion(part) for part in value.values())
    return isinstance(value, list) and any(map(holds_deletion, value))


def check_written(kind: AttributeKind, value: JsonValue, name: str) -> None:
    """What a client writes is held to the letter; what others tell us is taken as it is."""
    if kind is AttributeKind.PROPERTY and holds_deletion(value):
        raise BadRequestData(f"{name}: {NULL_URI} inside a value deletes in a merge only")
    if kind is AttributeKind.JSON_PROPERTY and not isinstance(value, dict | list):
        raise BadRequestData(f"{name}: json is an object or an array (4.5.24)")
    if kind is AttributeKind.GEO_PROPERTY and _is_collection(value):
        raise BadRequestData(f"{name}: a GeometryCollection is no value (4.6.3)")


def _is_collection(value: JsonValue) -> bool:
    return isinstance(value, dict) and value.get("type") == "GeometryCollection"


def is_null(kind: AttributeKind, value: JsonValue) -> bool:
    """The form in which a kind says `urn:ngsi-ld:null`: delete this."""
    if kind is AttributeKind.LANGUAGE_PROPERTY and isinstance(value, dict):
        return value == {"@none": NULL_URI}
    if kind in (AttributeKind.LIST_PROPERTY, AttributeKind.LIST_RELATIONSHIP):
        return value in (NULL_URI, [NULL_URI], [{"object": NULL_URI}])
    return value == NULL_URI


def check_value(kind: AttributeKind, value: JsonValue, terms: Terms, name: str) -> JsonValue:
    """The value as it is kept: checked, vocabulary expanded, relationship lists in full form."""
    return _CHECKS[kind](value, terms, name)


def _plain(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    if has_null(value):
        raise BadRequestData(f"{name}: a null is no value; {NULL_URI} deletes")
    return value


def _geometry(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    """An object, or a text that holds one (4.7.2)."""
    if isinstance(value, str):
        try:
            value = read_json(value.encode())
        except BrokerProblem:
            raise BadRequestData(f"{name} is not a GeoJSON geometry") from None
    return check_geometry(value, name)


def _target(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    if isinstance(value, list):
        if not 0 < len(value) <= MAX_TARGETS:
            raise BadRequestData(f"{name}: a relationship has an object")
        return [check_uri(part, f"object of {name}") for part in value]
    return check_uri(value, f"object of {name}")


def _languages(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    if not isinstance(value, dict) or not value:
        raise BadRequestData(f"{name}: a languageMap is an object of texts by language")
    for language, text in value.items():
        if _LANGUAGE.match(language) is None:
            raise BadRequestData(f"{name}: {language[:40]!r} is no language tag")
        texts = text if isinstance(text, list) else [text]
        if not texts or not all(isinstance(each, str) for each in texts):
            raise BadRequestData(f"{name}: {language} stands for what is no text")
    return value


def _vocabulary(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) and word for word in words):
        raise BadRequestData(f"{name}: vocab is a text or an array of texts")
    return terms.expand_value(name, value)


def _json(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    return value


def _list(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    if not isinstance(value, list):
        raise BadRequestData(f"{name}: a valueList is an array")
    return _plain(value, terms, name)


def _targets(value: JsonValue, terms: Terms, name: str) -> JsonValue:
    if not isinstance(value, list) or len(value) > MAX_TARGETS:
        raise BadRequestData(f"{name}: an objectList is an array")
    listed: list[JsonValue] = []
    for part in value:
        target = part.get("object") if isinstance(part, dict) else part
        listed.append({"object": check_uri(target, f"object of {name}")})
    return listed


_CHECKS: Final[Mapping[AttributeKind, Callable[[JsonValue, Terms, str], JsonValue]]] = {
    AttributeKind.PROPERTY: _plain,
    AttributeKind.GEO_PROPERTY: _geometry,
    AttributeKind.RELATIONSHIP: _target,
    AttributeKind.LANGUAGE_PROPERTY: _languages,
    AttributeKind.VOCAB_PROPERTY: _vocabulary,
    AttributeKind.JSON_PROPERTY: _json,
    AttributeKind.LIST_PROPERTY: _list,
    AttributeKind.LIST_RELATIONSHIP: _targets,
}
