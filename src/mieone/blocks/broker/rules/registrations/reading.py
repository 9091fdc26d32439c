"""Registrations as clients send them (clause 5.2.9), checked member by member and expanded."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    NULL_URI,
    JsonValue,
    Registration,
    SourceMode,
    SourceProtocol,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.reading import check_geometry, check_uri, read_instant

from .conflicts import check_mode
from .members import (
    read_headers,
    read_information,
    read_interval,
    read_management,
    read_operations,
    read_strings,
    read_text,
)

TYPE: Final = "ContextSourceRegistration"
GEOMETRIES: Final = ("location", "observationSpace", "operationSpace")
_KEPT: Final = frozenset({"id", "type", "@context", *GEOMETRIES})
_READ_ONLY: Final = frozenset(
    {
        "createdAt",
        "modifiedAt",
        "status",
        "timesSent",
        "timesFailed",
        "lastSuccess",
        "lastFailure",
    }
)
_MANDATORY: Final = frozenset({"type", "information", "endpoint"})

_Reader = Callable[[JsonValue, str, Terms], object]
_MEMBERS: Final[Mapping[str, tuple[str, _Reader]]] = {
    "registrationName": ("name", lambda value, what, _: read_text(value, what)),
    "description": ("description", lambda value, what, _: read_text(value, what)),
    "information": ("information", lambda value, _, terms: read_information(value, terms)),
    "endpoint": ("endpoint", lambda value, what, _: check_uri(value, what)),
    "mode": ("mode", lambda value, _1, _2: _read_mode(value)),
    "operations": ("operations", lambda value, _1, _2: read_operations(value)),
    "tenant": ("tenant", lambda value, what, _: read_text(value, what)),
    "contextSourceAlias": ("alias", lambda value, what, _: read_text(value, what)),
    "contextSourceInfo": ("headers", lambda value, _1, _2: read_headers(value)),
    "observationInterval": ("observed", lambda value, what, _: read_interval(value, what)),
    "managementInterval": ("managed", lambda value, what, _: read_interval(value, what)),
    "expiresAt": ("expires_at", lambda value, what, _: read_instant(value, what)),
    "scope": ("scopes", lambda value, what, _: read_strings(value, what)),
    "datasetId": ("datasets", lambda value, what, _: read_strings(value, what)),
    "management": ("management", lambda value, _1, _2: read_management(value)),
    "refreshRate": ("refresh_rate", lambda value, what, _: read_text(value, what)),
}
"""By their names in the document: the field of the model, and how it is read."""


def read_registration(
    document: JsonValue, terms: Terms, at: datetime, make_id: Callable[[], str]
) -> Registration:
    """A new registration; `make_id` names one that came without an id."""
    members = _as_object(document)
    _check_type(members.get("type"))
    _check_complete(members)
    identifier = check_uri(members["id"], "id") if "id" in members else make_id()
    fields = {
        name: value for name, value in _read_members(members, terms).items() if value is not None
    }
    bare = Registration(
        id=identifier,
        information=(),
        endpoint="",
        geometries=_read_geometries(members, terms, {}),
        properties=_read_properties(members, terms, {}),
        created_at=at,
        modified_at=at,
    )
    return _checked(msgspec.structs.replace(bare, **_with_protocol(fields)), at)


def read_registration_patch(
    existing: Registration, document: JsonValue, terms: Terms, at: datetime
) -> Registration:
    """Members that were sent replace what is there; null removes, except what must be there."""
    members = _as_object(document)
    if not members:
        raise BadRequestData("the body says nothing to change")
    if "type" in members:
        _check_type(members["type"])
    if "id" in members and members["id"] != existing.id:
        raise BadRequestData("the id of a registration does not change")
    changes: dict[str, object] = dict(_read_members(members, terms))
    defaults = {
        field.encode_name: field.default
        for field in msgspec.structs.fields(Registration)
        if field.default is not msgspec.NODEFAULT
    }
    for name, value in changes.items():
        if value is None:
            changes[name] = defaults[name]
    changes["geometries"] = _read_geometries(members, terms, existing.geometries)
    changes["properties"] = _read_properties(members, terms, existing.properties)
    changes["modified_at"] = at
    return _checked(
        msgspec.structs.replace(existing, **_with_protocol(changes)),
        at,
        looks_at_expiry="expiresAt" in members,
    )


def _as_object(document: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(document, dict):
        raise BadRequestData("a registration is an object")
    return document


def _check_type(value: JsonValue) -> None:
    if value != TYPE:
        raise BadRequestData(f"the type of a registration is {TYPE}")


def _check_complete(members: dict[str, JsonValue]) -> None:
    for name in sorted(_MANDATORY):
        if members.get(name) is None:
            raise BadRequestData(f"a registration needs {name}")
    for name, value in members.items():
        if _is_null(value):
            raise BadRequestData(f"{name} is null")


def _is_null(value: JsonValue) -> bool:
    return value is None or value == NULL_URI


def _read_members(members: dict[str, JsonValue], terms: Terms) -> dict[str, object]:
    """Fields of the model; None for what is to be removed."""
    fields: dict[str, object] = {}
    for name, value in members.items():
        if name not in _MEMBERS:
            continue
        field, read = _MEMBERS[name]
        if _is_null(value):
            if name in _MANDATORY:
                raise BadRequestData(f"{name} cannot be removed from a registration")
            fields[field] = None
        else:
            fields[field] = read(value, name, terms)
    return fields


def _read_mode(value: JsonValue) -> SourceMode:
    try:
        return SourceMode(str(value))
    except ValueError:
        raise BadRequestData(f"{value!r} is no mode of a registration") from None


def _read_geometries(
    members: dict[str, JsonValue], terms: Terms, before: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    found = dict(before)
    for name in GEOMETRIES:
        if name not in members:
            continue
        value = members[name]
        key = terms.expand_name(name)
        if _is_null(value):
            found.pop(key, None)
            continue
        if isinstance(value, dict) and value.get("type") == "GeoProperty":
            value = value.get("value")
        found[key] = dict(check_geometry(value, name))
    return found


def _read_properties(
    members: dict[str, JsonValue], terms: Terms, before: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """What nobody defines is the provider's own, to be filtered by (csf)."""
    found = dict(before)
    for name, value in members.items():
        if name in _MEMBERS or name in _KEPT or name in _READ_ONLY:
            continue
        key = terms.expand_name(name)
        if _is_null(value):
            found.pop(key, None)
        else:
            found[key] = value
    return found


def _with_protocol(fields: dict[str, object]) -> dict[str, object]:
    headers = fields.get("headers")
    if headers is None or not isinstance(headers, tuple):
        return fields
    named = {one.key.lower(): one.value for one in headers}
    try:
        fields["protocol"] = SourceProtocol(named.get("protocol", SourceProtocol.NGSI_LD))
    except ValueError:
        raise BadRequestData("the protocol of a source is ngsi-ld or ngsi-v2") from None
    return fields


def _checked(
    registration: Registration, at: datetime, *, looks_at_expiry: bool = True
) -> Registration:
    check_mode(registration)
    expires_at = registration.expires_at
    if looks_at_expiry and expires_at is not None and expires_at <= at:
        raise BadRequestData("expiresAt is in the past")
    return registration
