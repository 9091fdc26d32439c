"""Metadata of v2: what stands beside a value, whether NGSI-LD keeps it as a sub-attribute or not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    DatasetId,
    Instance,
    Iri,
    JsonValue,
    Path,
    Remembered,
)
from mieone.blocks.broker.problems import BadRequestData

from .names import Names
from .syntax import UNRESTRICTED, check_name, check_value
from .times import find_time, write_time
from .values import DATE_TIMES, Typed, default_type, make_instance, show

OBSERVED: Final = ("observedAt", "TimeInstant")
UNIT: Final = "unitCode"
EVERYTHING: Final = "*"
BUILTIN: Final = frozenset({"dateCreated", "dateModified", "previousValue", "actionType"})
_MEMBERS: Final = (
    "id type value object languageMap vocab json valueList objectList objectType datasetId "
    "instanceId createdAt modifiedAt deletedAt observedAt unitCode expiresAt lang scope entity "
    "entityList values previousObject previousLanguageMap previousVocab previousJson "
    "previousValueList previousObjectList TimeInstant @context"
)
_NOT_SUBS: Final = BUILTIN | frozenset(_MEMBERS.split())
"""Members of an NGSI-LD attribute: metadata of such a name is remembered, not a sub-attribute."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    subs: dict[Iri, dict[DatasetId, Instance]] = {}
    observed_at: datetime | None = None
    unit_code: str | None = None
    remembered: dict[str, JsonValue] = {}

    @property
    def is_empty(self) -> bool:
        return not (self.subs or self.observed_at or self.unit_code or self.remembered)


def read_metadata(document: JsonValue, names: Names) -> Metadata:
    if not isinstance(document, dict):
        raise BadRequestData("metadata is no object")
    if EVERYTHING in document:
        raise BadRequestData("metadata cannot be called *")
    read = {
        name: _read_one(check_name(name, "metadata name"), body) for name, body in document.items()
    }
    observed_at = _read_observed(read)
    unit = read.get(UNIT)
    unit_code = str(unit.value) if unit and unit.type == "Text" and unit.value else None
    subs: dict[Iri, dict[DatasetId, Instance]] = {}
    remembered: dict[str, JsonValue] = {}
    for name, typed in read.items():
        is_plain_time = name == OBSERVED[0] and typed.type == "DateTime" and observed_at is not None
        if is_plain_time and OBSERVED[1] not in read:
            continue
        if name == UNIT and unit_code is not None:
            continue
        if name in _NOT_SUBS:
            remembered[name] = _document(typed)
        else:
            subs[names.attribute_iri(name)] = {DEFAULT_INSTANCE: make_instance(typed, names)}
    return Metadata(subs=subs, observed_at=observed_at, unit_code=unit_code, remembered=remembered)


def _read_observed(read: Mapping[str, Typed]) -> datetime | None:
    """Of the first of the two names that is there."""
    typed = next((read[name] for name in OBSERVED if name in read), None)
    return find_time(typed.value) if typed is not None and typed.type in DATE_TIMES else None


def _read_one(name: str, body: JsonValue) -> Typed:
    if not isinstance(body, dict):
        raise BadRequestData(f"metadata {name} is no object")
    unknown = body.keys() - {"type", "value"}
    if unknown:
        raise BadRequestData(f"unknown member of metadata {name}: {min(unknown)}")
    value = body.get("value")
    if "type" not in body:
        typed = Typed(default_type(value), value)
    else:
        typed = Typed(check_name(body["type"], "metadata type"), value)
    if typed.type != UNRESTRICTED:
        check_value(value, f"metadata value of {name}")
    if typed.type in DATE_TIMES and value is not None:
        at = find_time(value)
        if at is None:
            raise BadRequestData(f"metadata {name} is no date and time of ISO 8601")
        typed = Typed(typed.type, write_time(at))
    return typed


def with_metadata(instance: Instance, metadata: Metadata) -> Instance:
    remembered = instance.remembered
    if metadata.remembered:
        kept = remembered or Remembered()
        remembered = msgspec.structs.replace(kept, metadata=metadata.remembered)
    return msgspec.structs.replace(
        instance,
        subs=metadata.subs,
        observed_at=metadata.observed_at,
        unit_code=metadata.unit_code,
        remembered=remembered,
    )


def metadata_of(instance: Instance) -> Metadata:
    remembered = instance.remembered
    return Metadata(
        subs=instance.subs,
        observed_at=instance.observed_at,
        unit_code=instance.unit_code,
        remembered=remembered.metadata if remembered else {},
    )


def merge_metadata(before: Metadata, new: Metadata) -> Metadata:
    """What the request names is new, the rest stays."""
    remembered = {**before.remembered, **new.remembered}
    if new.observed_at is not None and OBSERVED[1] not in new.remembered:
        remembered.pop(OBSERVED[1], None)
    return Metadata(
        subs={**before.subs, **new.subs},
        observed_at=new.observed_at or before.observed_at,
        unit_code=new.unit_code or before.unit_code,
        remembered=remembered,
    )


def show_metadata(
    instance: Instance,
    names: Names,
    wanted: Sequence[str] = (),
    told: Mapping[str, Typed] | None = None,
) -> dict[str, JsonValue]:
    """`wanted` empty: all of the user's. `told`: previousValue and actionType of a notification."""
    own = {name: _document(typed) for name, typed in _own_metadata(instance, names)}
    if not wanted:
        return own
    builtin = {**_builtin_metadata(instance), **(told or {})}
    shown: dict[str, JsonValue] = {}
    for name in wanted:
        if name == EVERYTHING:
            shown.update(own)
        elif name in own:
            shown[name] = own[name]
        elif name in builtin:
            shown[name] = _document(builtin[name])
    return shown


def _document(typed: Typed) -> JsonValue:
    return {"type": typed.type, "value": typed.value}


def _own_metadata(instance: Instance, names: Names) -> Iterator[tuple[str, Typed]]:
    for iri, instances in instance.subs.items():
        if DEFAULT_INSTANCE in instances:
            yield names.attribute_name(iri), show(instances[DEFAULT_INSTANCE], names)
    remembered = instance.remembered.metadata if instance.remembered else {}
    if instance.observed_at is not None:
        name = _observed_name(instance)
        yield name, Typed(_remembered_type(remembered.get(name)), write_time(instance.observed_at))
    if instance.unit_code is not None:
        yield UNIT, Typed("Text", instance.unit_code)
    for name, body in remembered.items():
        is_shown = (instance.observed_at is not None and name == _observed_name(instance)) or (
            name == UNIT and instance.unit_code is not None
        )
        if isinstance(body, dict) and not is_shown:
            yield name, Typed(str(body.get("type")), body.get("value"))


def _observed_name(instance: Instance) -> str:
    remembered = instance.remembered.metadata if instance.remembered else {}
    is_second = OBSERVED[1] in remembered and OBSERVED[0] not in remembered
    return OBSERVED[1] if is_second else OBSERVED[0]


def _remembered_type(body: JsonValue) -> str:
    kind = body.get("type") if isinstance(body, dict) else None
    return str(kind) if kind in DATE_TIMES else "DateTime"


def _builtin_metadata(instance: Instance) -> dict[str, Typed]:
    times = {"dateCreated": instance.created_at, "dateModified": instance.modified_at}
    return {name: Typed("DateTime", write_time(at)) for name, at in times.items() if at is not None}


def find_metadata(instance: Instance, path: Path) -> Instance | None:
    """The metadata `path.names[1]` (as written: `path.short[1]`) as an instance, for `mq`.

    Also those that are no sub-attribute: observedAt, unitCode, dateCreated, dateModified and what
    only v2 remembers. `path.members` lead into its value, as for any instance.
    """
    sub = instance.subs.get(path.names[1], {}).get(DEFAULT_INSTANCE)
    return sub if sub is not None else _find_other(instance, path.short[1])


def _find_other(instance: Instance, name: str) -> Instance | None:
    if instance.observed_at is not None and name == _observed_name(instance):
        return _time_instance(instance.observed_at)
    if name == UNIT and instance.unit_code is not None:
        return Instance(kind=AttributeKind.PROPERTY, value=instance.unit_code)
    remembered = instance.remembered.metadata if instance.remembered else {}
    body = remembered.get(name)
    if isinstance(body, dict):
        at = find_time(body.get("value")) if body.get("type") in DATE_TIMES else None
        plain = Instance(kind=AttributeKind.PROPERTY, value=body.get("value"))
        return plain if at is None else _time_instance(at)
    builtin = {"dateCreated": instance.created_at, "dateModified": instance.modified_at}.get(name)
    return None if builtin is None else _time_instance(builtin)


def _time_instance(at: datetime) -> Instance:
    value: JsonValue = {"@type": "DateTime", "@value": write_time(at)}
    return Instance(kind=AttributeKind.PROPERTY, value=value)
