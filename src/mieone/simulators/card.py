"""The simulated card: an APDU state machine, bytes in, bytes out. The signer is handed in."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

JPKI_AID = bytes.fromhex("D392F000260100000001")
TEXT_AID = bytes.fromhex("D3921000310001010408")
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
TOKEN = b"JPKIAPICCTOKEN".ljust(32, b"\0")

OK = bytes.fromhex("9000")
WRONG_LENGTH = bytes.fromhex("6700")
SECURITY_STATUS = bytes.fromhex("6982")
BLOCKED = bytes.fromhex("6984")
NO_SELECTION = bytes.fromhex("6986")
WRONG_CONTENT = bytes.fromhex("6A80")
NO_FILE = bytes.fromhex("6A82")
WRONG_PARAMETERS = bytes.fromhex("6A86")
WRONG_OFFSET = bytes.fromhex("6B00")
UNKNOWN_COMMAND = bytes.fromhex("6D00")
UNKNOWN_CLASS = bytes.fromhex("6E00")


class Pin(StrEnum):
    AUTH = "auth"
    SIGN = "sign"
    TEXT = "text"


TRIES: Mapping[Pin, int] = {Pin.AUTH: 3, Pin.SIGN: 5, Pin.TEXT: 3}
PIN_FILES: Mapping[tuple[bytes, int], Pin] = {
    (JPKI_AID, 0x0018): Pin.AUTH,
    (JPKI_AID, 0x001B): Pin.SIGN,
    (TEXT_AID, 0x0011): Pin.TEXT,
}
KEY_FILES: Mapping[tuple[bytes, int], Pin] = {
    (JPKI_AID, 0x0017): Pin.AUTH,
    (JPKI_AID, 0x001A): Pin.SIGN,
}
GUARDED_FILES: Mapping[tuple[bytes, int], Pin] = {
    (JPKI_AID, 0x0001): Pin.SIGN,
    (TEXT_AID, 0x0002): Pin.TEXT,
}


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """What stays on the card when it leaves the reader."""

    files: Mapping[tuple[bytes, int], bytes]
    pins: Mapping[Pin, str]
    tries_left: Mapping[Pin, int]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What lasts as long as the card lies on the reader."""

    application: bytes = b""
    file: int | None = None
    verified: frozenset[Pin] = frozenset()


class Reply(msgspec.Struct, frozen=True):
    chip: Chip
    contact: Contact
    response: bytes


Signer = Callable[[Pin, bytes], bytes]
"""Signs a SHA-256 digest with the key behind the PIN, PKCS#1 v1.5."""


def make_chip(
    *,
    pins: Mapping[Pin, str],
    auth: tuple[bytes, bytes],
    sign: tuple[bytes, bytes] | None,
    text: bytes,
) -> Chip:
    """`auth` and `sign` are a leaf with its authority; a face-only or a child's card has no `sign`."""
    files = {
        (JPKI_AID, 0x0006): TOKEN,
        (JPKI_AID, 0x000A): auth[0],
        (JPKI_AID, 0x000B): auth[1],
        (TEXT_AID, 0x0002): text,
    }
    if sign is not None:
        files |= {(JPKI_AID, 0x0001): sign[0], (JPKI_AID, 0x0002): sign[1]}
    return Chip(files=files, pins=dict(pins), tries_left={pin: TRIES[pin] for pin in pins})


def four_attributes(name: str, address: str, birth: str, sex: str) -> bytes:
    """EF 0002 of the text application: an outer template, a header, then the four in order."""
    header = bytes.fromhex("DF210800" + "00" * 7)
    inner = header + b"".join(
        _tlv(tag, value.encode())
        for tag, value in ((0xDF22, name), (0xDF23, address), (0xDF24, birth), (0xDF25, sex))
    )
    return _tlv(0xFF20, inner)


def _tlv(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < 0x80:
        size = bytes([length])
    else:
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(octets)]) + octets
    return tag.to_bytes(2, "big") + size + value


def respond(chip: Chip, contact: Contact, command: bytes, signer: Signer) -> Reply:
    """One command, one response; never raises, whatever the bytes."""
    if len(command) < 4:
        return Reply(chip, contact, WRONG_LENGTH)
    match command[0], command[1]:
        case 0x00, 0xA4:
            return _select(chip, contact, command)
        case 0x00, 0xB0:
            return Reply(chip, contact, _read(chip, contact, command))
        case 0x00, 0x20:
            return _verify(chip, contact, command)
        case 0x00, 0x24:
            return _change_pin(chip, contact, command)
        case 0x80, 0x2A:
            return Reply(chip, contact, _sign(chip, contact, command, signer))
        case ((0x00 | 0x80), _):
            return Reply(chip, contact, UNKNOWN_COMMAND)
        case _:
            return Reply(chip, contact, UNKNOWN_CLASS)


def _content(command: bytes) -> bytes | None:
    """The data field of a short command; None when Lc lies."""
    if len(command) <= 5:
        return None
    content = command[5 : 5 + command[4]]
    rest = len(command) - 5 - len(content)
    return content if len(content) == command[4] > 0 and rest <= 1 else None


def _select(chip: Chip, contact: Contact, command: bytes) -> Reply:
    content = _content(command)
    if content is None:
        return Reply(chip, contact, WRONG_LENGTH)
    match command[2], command[3]:
        case 0x04, 0x0C if content in (JPKI_AID, TEXT_AID):
            # Another application, or the same again, forgets what was proved before.
            return Reply(chip, Contact(application=content), OK)
        case 0x04, 0x0C:
            return Reply(chip, contact, NO_FILE)
        case 0x02, 0x0C if not contact.application:
            return Reply(chip, contact, NO_SELECTION)
        case 0x02, 0x0C:
            file = int.from_bytes(content, "big") if len(content) == 2 else -1
            if not _exists(chip, contact.application, file):
                return Reply(chip, contact, NO_FILE)
            return Reply(chip, msgspec.structs.replace(contact, file=file), OK)
        case _:
            return Reply(chip, contact, WRONG_PARAMETERS)


def _exists(chip: Chip, application: bytes, file: int) -> bool:
    place = (application, file)
    pin = PIN_FILES.get(place) or KEY_FILES.get(place)
    return place in chip.files or (pin is not None and pin in chip.pins)


def _read(chip: Chip, contact: Contact, command: bytes) -> bytes:
    if len(command) != 5:
        return WRONG_LENGTH
    if contact.file is None:
        return NO_SELECTION
    place = (contact.application, contact.file)
    if command[2] & 0x80:
        return WRONG_PARAMETERS
    if place not in chip.files:
        return SECURITY_STATUS
    guard = GUARDED_FILES.get(place)
    if guard is not None and guard not in contact.verified:
        return SECURITY_STATUS
    offset = int.from_bytes(command[2:4], "big")
    content = chip.files[place]
    if offset > len(content):
        return WRONG_OFFSET
    return content[offset : offset + (command[4] or 256)] + OK


def _selected_pin(chip: Chip, contact: Contact) -> Pin | None:
    if contact.file is None:
        return None
    pin = PIN_FILES.get((contact.application, contact.file))
    return pin if pin in chip.pins else None


def _verify(chip: Chip, contact: Contact, command: bytes) -> Reply:
    if (command[2], command[3]) != (0x00, 0x80):
        return Reply(chip, contact, WRONG_PARAMETERS)
    pin = _selected_pin(chip, contact)
    if pin is None:
        return Reply(chip, contact, NO_SELECTION)
    left = chip.tries_left[pin]
    if len(command) == 4:
        return Reply(chip, contact, bytes([0x63, 0xC0 | left]))
    content = _content(command)
    if content is None:
        return Reply(chip, contact, WRONG_LENGTH)
    if left == 0:
        return Reply(chip, contact, BLOCKED)
    if content == chip.pins[pin].encode():
        proved = msgspec.structs.replace(contact, verified=contact.verified | {pin})
        return Reply(_with_tries(chip, pin, TRIES[pin]), proved, OK)
    doubted = msgspec.structs.replace(contact, verified=contact.verified - {pin})
    return Reply(_with_tries(chip, pin, left - 1), doubted, bytes([0x63, 0xC0 | (left - 1)]))


def _with_tries(chip: Chip, pin: Pin, tries: int) -> Chip:
    return msgspec.structs.replace(chip, tries_left={**chip.tries_left, pin: tries})


def _change_pin(chip: Chip, contact: Contact, command: bytes) -> Reply:
    if (command[2], command[3]) != (0x01, 0x80):
        return Reply(chip, contact, WRONG_PARAMETERS)
    pin = _selected_pin(chip, contact)
    if pin is None:
        return Reply(chip, contact, NO_SELECTION)
    if pin not in contact.verified:
        return Reply(chip, contact, SECURITY_STATUS)
    content = _content(command)
    if content is None:
        return Reply(chip, contact, WRONG_LENGTH)
    if not is_pin(pin, content):
        return Reply(chip, contact, WRONG_CONTENT)
    changed = msgspec.structs.replace(chip, pins={**chip.pins, pin: content.decode("ascii")})
    return Reply(changed, contact, OK)


def is_pin(pin: Pin, content: bytes) -> bool:
    """Four digits, or for signing 6 to 16 capital letters and digits."""
    if not content.isascii():
        return False
    if pin is Pin.SIGN:
        return 6 <= len(content) <= 16 and content.isalnum() and content == content.upper()
    return len(content) == 4 and content.isdigit()


def _sign(chip: Chip, contact: Contact, command: bytes, signer: Signer) -> bytes:
    if (command[2], command[3]) != (0x00, 0x80):
        return WRONG_PARAMETERS
    if contact.file is None:
        return NO_SELECTION
    pin = KEY_FILES.get((contact.application, contact.file))
    if pin is None:
        return NO_SELECTION
    if pin not in contact.verified:
        return SECURITY_STATUS
    content = _content(command)
    if content is None:
        return WRONG_LENGTH
    if len(content) != len(DIGEST_INFO) + 32 or not content.startswith(DIGEST_INFO):
        return WRONG_CONTENT
    return signer(pin, content[len(DIGEST_INFO) :]) + OK
