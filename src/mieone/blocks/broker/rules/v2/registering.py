"""v2 registrations as clients send and get them, over the model's one struct."""

from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from mieone.blocks.broker.model import (
    EntityInfo,
    Identity,
    JsonValue,
    Registration,
    RegistrationInfo,
    SourceHeader,
    SourceProtocol,
    SourceRecord,
)
from mieone.blocks.broker.problems import BadRequestData

from .asking import read_name_list, read_selector
from .names import Names, is_uri, list_candidate_ids, read_made_id
from .syntax import check_name, check_value
from .times import find_time, write_time

ID_PREFIX: Final = "urn:ngsi-ld:ContextSourceRegistration:"
MODES: Final = {
    "none": ("retrieveContextSourceIdentity",),
    "query": ("retrieveOps", "queryBatch"),
    "update": (
        "updateOps",
        "appendAttrs",
        "deleteAttrs",
        "deleteEntity",
        "createEntity",
        "upsertBatch",
    ),
}
"""supportedForwardingMode as operations; `all` is both."""
ALL: Final = "all"
_MEMBERS: Final = frozenset(
    {"id", "description", "dataProvided", "provider", "expires", "status", "forwardingInformation"}
)
_SERVICE_PATH: Final = "Fiware-ServicePath"


class Where(NamedTuple):
    names: Names
    path_header: str | None
    at: datetime


def read_registration(document: JsonValue, registration_id: str, where: Where) -> Registration:
    members = _object(document, "the body", _MEMBERS)
    for name in ("dataProvided", "provider"):
        if name not in members:
            raise BadRequestData(f"a registration needs {name}")
    if where.path_header and where.path_header.endswith("#"):
        raise BadRequestData("a registration names a service path without #")
    description = members.get("description")
    if not isinstance(description, str | None):
        raise BadRequestData("description is no string")
    check_value(description, "description")
    provider = _object(
        members["provider"], "provider", {"http", "supportedForwardingMode", "legacyForwarding"}
    )
    if members.get("status", "active") not in ("active", "inactive"):
        raise BadRequestData("status is active or inactive")
    path = where.path_header
    return Registration(
        id=ID_PREFIX + registration_id,
        information=(_read_provided(members["dataProvided"], where.names),),
        endpoint=_read_url(provider.get("http")),
        description=description,
        operations=_read_mode(provider.get("supportedForwardingMode", ALL)),
        protocol=SourceProtocol.NGSI_V2,
        headers=() if path is None else (SourceHeader(key=_SERVICE_PATH, value=path),),
        expires_at=_read_expires(members.get("expires"), where.at),
        created_at=where.at,
        modified_at=where.at,
    )


def _object(value: JsonValue, what: str, known: set[str] | frozenset[str]) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise BadRequestData(f"{what} is no object")
    unknown = value.keys() - known
    if unknown:
        raise BadRequestData(f"unknown member of {what}: {min(unknown)}")
    return value


def _read_url(value: JsonValue) -> str:
    url = _object(value, "provider.http", {"url"}).get("url")
    if not isinstance(url, str) or not url:
        raise BadRequestData("provider.http.url is missing")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise BadRequestData("provider.http.url is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadRequestData("provider.http.url is no URL of http or https")
    return url


def _read_mode(value: JsonValue) -> tuple[str, ...]:
    if value == ALL:
        return (*MODES["query"], *MODES["update"])
    if not isinstance(value, str) or value not in MODES:
        raise BadRequestData("supportedForwardingMode is none, query, update or all")
    return MODES[value]


def _read_expires(value: JsonValue, at: datetime) -> datetime | None:
    if value is None or value == "":
        return None
    found = find_time(value)
    if found is None:
        raise BadRequestData("expires is no date and time of ISO 8601")
    if found <= at:
        raise BadRequestData("expires is in the past")
    return found


def _read_provided(value: JsonValue, names: Names) -> RegistrationInfo:
    members = _object(value, "dataProvided", {"entities", "attrs", "expression"})
    entities = members.get("entities")
    if not isinstance(entities, list) or not entities:
        raise BadRequestData("dataProvided.entities is no array with elements")
    attributes = read_name_list(members.get("attrs", []), "dataProvided.attrs")
    return RegistrationInfo(
        entities=tuple(_read_entity(one, names) for one in entities),
        properties=tuple(names.attribute_iri(name) for name in attributes),
    )


def _read_entity(value: JsonValue, names: Names) -> EntityInfo:
    selector = read_selector(value, names)
    assert isinstance(value, dict)
    if "typePattern" in value:
        raise BadRequestData("a registration takes no typePattern")
    if value.get("idPattern", ".*") != ".*":
        raise BadRequestData("the idPattern of a registration is .*")
    kind = value.get("type")
    types = () if kind is None else (names.type_iri(check_name(kind, "entity type")),)
    if selector.ids is None:
        return EntityInfo(types=types)
    [v2_id] = selector.ids
    if kind is None or is_uri(v2_id):
        return EntityInfo(types=types, id=v2_id)
    identity = Identity(id=v2_id, type=str(kind))
    return EntityInfo(types=types, id=list_candidate_ids(identity)[0])


def short_id_of(registration: Registration) -> str:
    return registration.id.removeprefix(ID_PREFIX)


def path_of(registration: Registration) -> str | None:
    return next((one.value for one in registration.headers if one.key == _SERVICE_PATH), None)


def render_registration(record: SourceRecord, names: Names) -> dict[str, JsonValue]:
    registration = record.registration
    [info] = registration.information[:1] or [RegistrationInfo()]
    attributes: list[JsonValue] = [names.attribute_name(name) for name in info.names]
    provided: dict[str, JsonValue] = {
        "entities": [_show_entity(one, names) for one in info.entities],
        "attrs": attributes,
    }
    document: dict[str, JsonValue] = {"id": short_id_of(registration)}
    if registration.description is not None:
        document["description"] = registration.description
    if registration.expires_at is not None:
        document["expires"] = write_time(registration.expires_at)
    mode = next((name for name, ops in MODES.items() if ops == registration.operations), ALL)
    return {
        **document,
        "dataProvided": provided,
        "provider": {
            "http": {"url": registration.endpoint},
            "supportedForwardingMode": mode,
            "legacyForwarding": False,
        },
        "status": "active",
        **_show_forwarding(record),
    }


def _show_entity(info: EntityInfo, names: Names) -> dict[str, JsonValue]:
    shown: dict[str, JsonValue] = {}
    if info.id is not None:
        made = read_made_id(info.id) if info.types else None
        is_ours = made is not None and made[0] == names.type_name(info.types[0])
        shown["id"] = made[1] if made is not None and is_ours else info.id
    else:
        shown["idPattern"] = info.id_pattern or ".*"
    if info.types:
        shown["type"] = names.type_name(info.types[0])
    return shown


def _show_forwarding(record: SourceRecord) -> dict[str, JsonValue]:
    if not record.times_sent:
        return {}
    shown: dict[str, JsonValue] = {"timesSent": record.times_sent}
    latest = max(filter(None, (record.last_success, record.last_failure)), default=None)
    times = {
        "lastForwarding": latest,
        "lastSuccess": record.last_success,
        "lastFailure": record.last_failure,
    }
    shown |= {name: write_time(at) for name, at in times.items() if at is not None}
    return {"forwardingInformation": shown}
