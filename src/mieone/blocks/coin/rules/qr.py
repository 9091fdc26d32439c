"""Merchant-presented codes: EMVCo TLV text with its CRC, shaped like JPQR under a GUID of our own."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

Objects: TypeAlias = tuple[tuple[str, str], ...]
"""Ids with their values, in the order in which they stand."""

_MAX_LENGTH = 512
_OWN_TEMPLATE = "27"
_TEMPLATES = range(26, 52)
_YEN = re.compile(r"[1-9][0-9]{0,8}")


class QrFault(StrEnum):
    """Why a text is no code that can be paid here."""

    NOT_A_CODE = "not_a_code"
    CHECKSUM = "checksum"
    OTHER_SYSTEM = "other_system"
    NOT_YEN = "not_yen"


class QrInvalid(Exception):
    def __init__(self, fault: QrFault) -> None:
        super().__init__(fault)
        self.fault = fault


class ShopCode(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop's code says. With an amount it is for one payment and names its bill."""

    shop_code: str
    name: str
    name_latin: str
    city_latin: str
    category: str = "0000"
    postal_code: str = ""
    amount_yen: int | None = None
    bill: str = ""


def crc16(content: bytes) -> str:
    """CRC-16/CCITT-FALSE as four capital hex digits."""
    value = 0xFFFF
    for byte in content:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
            value &= 0xFFFF
    return f"{value:04X}"


def read_objects(text: str) -> Objects:
    """Lengths count characters, not bytes. Raises QrInvalid."""
    return tuple(_walk(text))


def _walk(text: str) -> Iterator[tuple[str, str]]:
    at, seen = 0, set[str]()
    while at < len(text):
        head = text[at : at + 4]
        if len(head) < 4 or not (head.isascii() and head.isdigit()) or head[:2] in seen:
            raise QrInvalid(QrFault.NOT_A_CODE)
        value = text[at + 4 : at + 4 + int(head[2:])]
        if len(value) != int(head[2:]):
            raise QrInvalid(QrFault.NOT_A_CODE)
        seen.add(head[:2])
        yield head[:2], value
        at += 4 + len(value)


def write_objects(objects: Sequence[tuple[str, str]]) -> str:
    if any(not 1 <= len(value) <= 99 for _, value in objects):
        raise ValueError("a value has between 1 and 99 characters")
    return "".join(f"{name}{len(value):02}{value}" for name, value in objects)


def seal_payload(objects: Sequence[tuple[str, str]]) -> str:
    """The whole text: the objects and, last, the checksum over everything before its value."""
    body = write_objects(objects) + "6304"
    payload = body + crc16(body.encode())
    if len(payload) > _MAX_LENGTH:
        raise ValueError("the code is longer than scanners must read")
    return payload


def read_payload(text: str) -> Objects:
    """Format first, checksum last and right; the checksum covers UTF-8 bytes. Raises QrInvalid."""
    if not text.startswith("000201") or text[-8:-4] != "6304" or len(text) > _MAX_LENGTH:
        raise QrInvalid(QrFault.NOT_A_CODE)
    if crc16(text[:-4].encode()) != text[-4:]:
        raise QrInvalid(QrFault.CHECKSUM)
    objects = read_objects(text)
    if objects[-1] != ("63", text[-4:]):
        raise QrInvalid(QrFault.NOT_A_CODE)
    return objects[:-1]


def find_template(objects: Objects, guid: str) -> Objects | None:
    """A network's account is known by its GUID, wherever among 26–51 it stands."""
    for name, value in objects:
        if name.isdigit() and int(name) in _TEMPLATES:
            inner = read_objects(value)
            if inner[:1] == (("00", guid),):
                return inner[1:]
    return None


def write_code(code: ShopCode, guid: str) -> str:
    is_dynamic = code.amount_yen is not None
    objects = [("00", "01"), ("01", "12" if is_dynamic else "11")]
    objects.append((_OWN_TEMPLATE, write_objects([("00", guid), ("01", code.shop_code)])))
    objects += [("52", code.category), ("53", "392")]
    if is_dynamic:
        objects.append(("54", str(code.amount_yen)))
    objects += [("58", "JP"), ("59", code.name_latin[:25]), ("60", code.city_latin[:15])]
    if code.postal_code:
        objects.append(("61", code.postal_code))
    if code.bill:
        objects.append(("62", write_objects([("05", code.bill)])))
    objects.append(("64", write_objects([("00", "JA"), ("01", code.name[:25])])))
    return seal_payload(objects)


def read_code(text: str, guid: str) -> ShopCode:
    """A code of ours that somebody can pay. Raises QrInvalid."""
    objects = read_payload(text)
    found = dict(objects)
    if found.get("53") != "392" or found.get("58") != "JP":
        raise QrInvalid(QrFault.NOT_YEN)
    amount = found.get("54")
    if amount is not None and not _YEN.fullmatch(amount):
        raise QrInvalid(QrFault.NOT_YEN)
    account = dict(find_template(objects, guid) or ())
    if not account.get("01"):
        raise QrInvalid(QrFault.OTHER_SYSTEM)
    bill = dict(read_objects(found.get("62", ""))).get("05", "")
    if found.get("01") == "12" and not (amount and bill):
        raise QrInvalid(QrFault.NOT_A_CODE)
    names = dict(read_objects(found.get("64", "")))
    return ShopCode(
        shop_code=account["01"],
        name=names.get("01", found.get("59", "")),
        name_latin=found.get("59", ""),
        city_latin=found.get("60", ""),
        category=found.get("52", ""),
        postal_code=found.get("61", ""),
        amount_yen=None if amount is None else int(amount),
        bill=bill,
    )
