"""`notification` of a subscription: what is told, in which form, and where it goes."""

import re
from typing import Final
from urllib.parse import urlsplit

from mieone.blocks.broker.model import Endpoint, JsonValue, KeyValue, Terms
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.forms import Format, check_apart, read_picked
from mieone.blocks.broker.rules.reading import check_uri

from .shapes import read_flag, read_list, read_object, read_text, read_texts, read_whole

FORMATS: Final = {"keyValues": Format.SIMPLIFIED} | {one.value: one for one in Format}
ACCEPTED: Final = ("application/json", "application/ld+json", "application/geo+json")
JOINS: Final = ("flat", "inline", "@none")
MAX_JOIN_LEVEL: Final = 10
MAX_TIMEOUT_MS: Final = 60_000
MAX_COOLDOWN_MS: Final = 24 * 3600 * 1000
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "trailer", "te"}
)
"""Headers that belong to the connection."""
MQTT_VERSIONS: Final = ("mqtt3.1.1", "mqtt5.0")
_PICKED_NAME: Final = re.compile(r"[^{},\s]+")
_ENTITY_MEMBERS: Final = frozenset(
    ("id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt")
)


def read_notification(value: JsonValue, terms: Terms) -> dict[str, object]:
    """Fields of model.Subscription, all of them: what is not said falls back to its default."""
    members = read_object(value, "notification")
    if members.get("endpoint") is None:
        raise BadRequestData("a notification needs an endpoint")
    if any(one is None for one in members.values()):
        raise BadRequestData("a member of notification is null")
    written = members.get("format")
    fields: dict[str, object] = {
        "endpoint": _read_endpoint(members["endpoint"]),
        "format": _read_format(written).value,
        "format_written": written,
        "sys_attrs": _flag(members, "sysAttrs"),
        "show_changes": _flag(members, "showChanges"),
        **_read_selected(members, terms),
        **_read_joined(members),
    }
    if fields["show_changes"] and fields["format"] == Format.SIMPLIFIED.value:
        raise BadRequestData("showChanges does not go with the simplified format")
    return fields


def name_receiver(uri: str) -> str:
    """Whom an address leads to: never the words in it that open the door."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    # In an address of NGSI v2 the host may be a macro, and anything may stand in it.
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _flag(members: dict[str, JsonValue], what: str) -> bool | None:
    return read_flag(members[what], what) if what in members else None


def _read_format(written: JsonValue) -> Format:
    if written is None:
        return Format.NORMALIZED
    found = FORMATS.get(written) if isinstance(written, str) else None
    if found is None:
        raise BadRequestData(f"format is one of {', '.join(FORMATS)}")
    return found


def _read_selected(members: dict[str, JsonValue], terms: Terms) -> dict[str, object]:
    pick, omit = _read_picked(members, "pick", terms), _read_picked(members, "omit", terms)
    if "attributes" in members and (pick is not None or omit is not None):
        raise BadRequestData("attributes go neither with pick nor with omit")
    if pick is not None and omit is not None:
        check_apart(read_picked(pick, terms), read_picked(omit, terms))
    attributes = (
        tuple(terms.expand_name(one) for one in read_texts(members["attributes"], "attributes"))
        if "attributes" in members
        else ()
    )
    return {"attributes": attributes, "pick": pick, "omit": omit}


def _read_picked(members: dict[str, JsonValue], what: str, terms: Terms) -> str | None:
    """With expanded names, so that it says the same in every context."""
    if what not in members:
        return None
    text = ",".join(read_texts(members[what], what))
    read_picked(text, terms)
    return _PICKED_NAME.sub(
        lambda found: found[0] if found[0] in _ENTITY_MEMBERS else terms.expand_name(found[0]),
        text,
    )


def compact_picked(text: str, terms: Terms) -> str:
    return _PICKED_NAME.sub(
        lambda found: found[0] if found[0] in _ENTITY_MEMBERS else terms.compact_name(found[0]),
        text,
    )


def _read_joined(members: dict[str, JsonValue]) -> dict[str, object]:
    join = members.get("join")
    if join is not None and join not in JOINS:
        raise BadRequestData(f"join is one of {', '.join(JOINS)}")
    level = members.get("joinLevel")
    if level is not None and join not in ("flat", "inline"):
        raise BadRequestData("joinLevel goes only with join")
    contained = members.get("containedBy")
    return {
        "join": join,
        "join_level": None if level is None else read_whole(level, "joinLevel", MAX_JOIN_LEVEL),
        "contained_by": () if contained is None else read_texts(contained, "containedBy"),
    }


def _read_endpoint(value: JsonValue) -> Endpoint:
    members = read_object(value, "endpoint")
    if any(one is None for one in members.values()):
        raise BadRequestData("a member of endpoint is null")
    accept = members.get("accept", ACCEPTED[0])
    if accept not in ACCEPTED:
        raise BadRequestData(f"accept is one of {', '.join(ACCEPTED)}")
    return Endpoint(
        uri=check_uri(members.get("uri"), "the uri of an endpoint"),
        accept=str(accept),
        is_accept_written="accept" in members,
        receiver_info=_read_headers(members, "receiverInfo"),
        notifier_info=_check_notifier(_read_pairs(members, "notifierInfo")),
        timeout_ms=_read_ms(members, "timeout", MAX_TIMEOUT_MS),
        cooldown_ms=_read_ms(members, "cooldown", MAX_COOLDOWN_MS),
    )


def _read_ms(members: dict[str, JsonValue], what: str, most: int) -> int | None:
    return read_whole(members[what], what, most) if what in members else None


def _read_pairs(members: dict[str, JsonValue], what: str) -> tuple[KeyValue, ...]:
    if what not in members:
        return ()
    found = []
    for one in read_list(members[what], what):
        pair = read_object(one, f"an element of {what}")
        key, value = read_text(pair.get("key"), "key"), pair.get("value")
        if not isinstance(value, str) or len(value) > 4096:
            raise BadRequestData(f"an element of {what} has a key and a value")
        found.append(KeyValue(key, value))
    return tuple(found)


def _read_headers(members: dict[str, JsonValue], what: str) -> tuple[KeyValue, ...]:
    pairs = _read_pairs(members, what)
    for pair in pairs:
        is_fine = _TOKEN.fullmatch(pair.key) and pair.value.isprintable()
        if not is_fine or pair.key.lower() in _OURS:
            raise BadRequestData(f"{pair.key[:60]!r} in {what} cannot be sent as a header")
    return pairs


def _check_notifier(pairs: tuple[KeyValue, ...]) -> tuple[KeyValue, ...]:
    for pair in pairs:
        if pair.key == "MQTT-Version" and pair.value not in MQTT_VERSIONS:
            raise BadRequestData(f"MQTT-Version is one of {', '.join(MQTT_VERSIONS)}")
        if pair.key == "MQTT-QoS" and pair.value not in ("0", "1", "2"):
            raise BadRequestData("MQTT-QoS is 0, 1 or 2")
    return pairs
