"""Members of a registration, each read as what it is. All raise BadRequestData."""

from mieone.blocks.broker.model import (
    EntityInfo,
    Interval,
    Iri,
    JsonValue,
    RegistrationInfo,
    SourceHeader,
    SourceManagement,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.patterns import compile_pattern
from mieone.blocks.broker.rules.reading import read_instant
from mieone.blocks.broker.rules.temporal.periods import parse_period

from .operations import KNOWN

MOST = 1_000
"""Elements of any list in a registration."""


def read_text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadRequestData(f"{what} is a text")
    return value


def read_strings(value: JsonValue, what: str) -> tuple[str, ...]:
    """One text or a list of them."""
    if isinstance(value, str):
        return (read_text(value, what),)
    return tuple(read_text(one, what) for one in _read_list(value, what))


def _read_list(value: JsonValue, what: str) -> list[JsonValue]:
    if not isinstance(value, list) or not value:
        raise BadRequestData(f"{what} is a list with something in it")
    if len(value) > MOST:
        raise BadRequestData(f"{what} has more than {MOST} elements")
    return value


def _read_object(value: JsonValue, what: str) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise BadRequestData(f"{what} is an object")
    return value


def read_information(value: JsonValue, terms: Terms) -> tuple[RegistrationInfo, ...]:
    return tuple(_read_info(one, terms) for one in _read_list(value, "information"))


def _read_info(value: JsonValue, terms: Terms) -> RegistrationInfo:
    members = _read_object(value, "an element of information")
    strange = sorted(members.keys() - {"entities", "propertyNames", "relationshipNames"})
    if strange:
        raise BadRequestData(f"information knows no member {strange[0]}")
    if not members:
        raise BadRequestData(
            "information needs entities, propertyNames or relationshipNames in each element"
        )
    entities = tuple(
        read_entity_info(one, terms)
        for one in (_read_list(members["entities"], "entities") if "entities" in members else ())
    )
    return RegistrationInfo(
        entities=entities,
        properties=_read_names(members, "propertyNames", terms),
        relationships=_read_names(members, "relationshipNames", terms),
    )


def _read_names(members: dict[str, JsonValue], what: str, terms: Terms) -> tuple[Iri, ...]:
    if what not in members:
        return ()
    return tuple(terms.expand_name(read_text(one, what)) for one in _read_list(members[what], what))


def read_entity_info(value: JsonValue, terms: Terms) -> EntityInfo:
    members = _read_object(value, "an element of entities")
    if "type" not in members:
        raise BadRequestData("an element of entities needs a type")
    pattern = members.get("idPattern")
    if pattern is not None:
        compile_pattern(read_text(pattern, "idPattern"))
    return EntityInfo(
        types=tuple(terms.expand_type(one) for one in read_strings(members["type"], "type")),
        id=_read_id(members["id"]) if "id" in members else None,
        id_pattern=None if pattern is None else str(pattern),
    )


def _read_id(value: JsonValue) -> str:
    """Nothing is made under this id, it is only compared: that it looks like a URI is enough."""
    text = read_text(value, "id")
    if ":" not in text or not text.isprintable() or " " in text:
        raise BadRequestData("the id of an entity is a URI")
    return text


def read_operations(value: JsonValue) -> tuple[str, ...]:
    names = tuple(read_text(one, "operations") for one in _read_list(value, "operations"))
    unknown = sorted(set(names) - KNOWN)
    if unknown:
        raise BadRequestData(f"{unknown[0]!r} is no operation and no group of operations")
    return names


def read_headers(value: JsonValue) -> tuple[SourceHeader, ...]:
    found = []
    for one in _read_list(value, "contextSourceInfo"):
        members = _read_object(one, "an element of contextSourceInfo")
        key = read_text(members.get("key"), "key")
        text = members.get("value")
        if not isinstance(text, str) or not _is_header(key) or not text.isprintable():
            raise BadRequestData("contextSourceInfo has a key and a value, as headers do")
        found.append(SourceHeader(key=key, value=text))
    return tuple(found)


def _is_header(key: str) -> bool:
    return key.isascii() and all(mark.isalnum() or mark in "-_." for mark in key)


def read_interval(value: JsonValue, what: str) -> Interval:
    members = _read_object(value, what)
    start_at = read_instant(members.get("startAt"), "startAt")
    end = members.get("endAt")
    end_at = None if end is None else read_instant(end, "endAt")
    if end_at is not None and end_at < start_at:
        raise BadRequestData(f"{what} ends before it starts")
    return Interval(start_at=start_at, end_at=end_at)


def read_management(value: JsonValue) -> SourceManagement:
    members = _read_object(value, "management")
    local_only = members.get("localOnly", False)
    if not isinstance(local_only, bool):
        raise BadRequestData("localOnly is true or false")
    duration = members.get("cacheDuration")
    return SourceManagement(
        is_local_only=local_only,
        timeout_ms=_read_ms(members, "timeout"),
        cooldown_ms=_read_ms(members, "cooldown"),
        cache_duration=None if duration is None else _read_duration(duration, "cacheDuration"),
    )


def _read_duration(value: JsonValue, what: str) -> str:
    text = read_text(value, what)
    try:
        parse_period(text)
    except BadRequestData:
        raise BadRequestData(f"{what} takes an ISO 8601 duration such as PT1H") from None
    return text


def _read_ms(members: dict[str, JsonValue], what: str) -> int | None:
    value = members.get(what)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise BadRequestData(f"{what} is a number of milliseconds")
    return max(1, int(value))
