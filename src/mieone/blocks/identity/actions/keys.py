"""A key of one's own: what consent alone holds is readable only while it exists."""

import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.identity.model import FourAttributes
from mieone.blocks.identity.problems import KeyDestroyed, PersonNotActive
from mieone.blocks.identity.store import persons as store
from mieone.blocks.identity.store.persons import SealedAttribute
from mieone.core.database import Conn
from mieone.core.keys import KeyRing, Undecipherable, decrypt, encrypt

ROOT = "root"
WRAPPING = "identity.person-key"
ATTRIBUTES = "identity.attributes"


async def make_root_key(conn: Conn, keyring: KeyRing, person_id: UUID, now: datetime) -> None:
    wrapped = keyring.seal(secrets.token_bytes(32), WRAPPING, str(person_id))
    await store.record_key(conn, person_id, ROOT, wrapped, now)


async def person_key(
    conn: Conn, keyring: KeyRing, person_id: UUID, purpose: str, now: datetime
) -> bytes:
    """The person's key for one purpose, made at the first asking; never kept by the caller.

    Raises KeyDestroyed: a destroyed purpose never gets another key, so a new consent to the same
    thing takes a purpose of its own (its consent id). Raises PersonNotActive for nobody.
    """
    root = await _root_key(conn, keyring, person_id)
    aad = f"{person_id}|{purpose}".encode()
    found = await store.lock_key_shared(conn, person_id, purpose)
    if found is None:
        wrapped = encrypt(root, secrets.token_bytes(32), aad)
        await store.record_key(conn, person_id, purpose, wrapped, now)
        found = await store.lock_key_shared(conn, person_id, purpose)
    if found is None or found.wrapped is None:
        raise KeyDestroyed
    return decrypt(root, found.wrapped, aad)


async def _root_key(conn: Conn, keyring: KeyRing, person_id: UUID) -> bytes:
    found = await store.lock_key_shared(conn, person_id, ROOT)
    if found is None:
        raise PersonNotActive
    if found.wrapped is None:
        raise KeyDestroyed
    return keyring.open_sealed(found.wrapped, WRAPPING, str(person_id))


async def destroy_person_key(conn: Conn, person_id: UUID, purpose: str, now: datetime) -> None:
    """One consent was withdrawn: what was held for it alone is unreadable from now on."""
    assert purpose != ROOT
    await store.destroy_key(conn, person_id, purpose, now)


async def record_attributes(
    conn: Conn, keyring: KeyRing, person_id: UUID, values: dict[str, str], now: datetime
) -> None:
    """The newest values only; what was true before belongs to the register, not to us."""
    key = await person_key(conn, keyring, person_id, ATTRIBUTES, now)
    version = await store.next_attribute_version(conn, person_id)
    sealed = [
        SealedAttribute(
            name=name,
            version=version,
            sealed=encrypt(key, value.encode(), _aad(person_id, name, version)),
        )
        for name, value in values.items()
    ]
    await store.record_attributes(conn, person_id, sealed, "jpki_auth", now)
    await store.void_older_attributes(conn, person_id, version)


async def attributes_of(
    conn: Conn, keyring: KeyRing, person_id: UUID, now: datetime
) -> dict[str, str]:
    """Inside identity only: everybody else asks the door. Raises KeyDestroyed."""
    key = await person_key(conn, keyring, person_id, ATTRIBUTES, now)
    return {
        one.name: decrypt(key, one.sealed, _aad(person_id, one.name, one.version)).decode()
        for one in await store.list_attributes(conn, person_id)
    }


def _aad(person_id: UUID, name: str, version: int) -> bytes:
    return f"{person_id}|{name}|{version}".encode()


def attribute_values(
    attributes: FourAttributes, town: str | None, residency: str
) -> dict[str, str]:
    """As they are stored: one text each, flags beside the text they speak of."""
    return {
        "name": attributes.name,
        "name_flags": attributes.name_flags,
        "address": attributes.address,
        "address_flags": attributes.address_flags,
        "birth_date": attributes.born_on.isoformat(),
        "sex": attributes.sex.value,
        "residency": residency,
        "town": town or "",
    }


class CardAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What waits sealed while the platform operator is asked."""

    certificate: bytes
    signature: bytes


def seal_answer(keyring: KeyRing, transaction: UUID, answer: CardAnswer) -> bytes:
    return keyring.seal(msgspec.msgpack.encode(answer), "identity.optin", str(transaction))


def open_answer(keyring: KeyRing, transaction: UUID, sealed: bytes | None) -> CardAnswer:
    if sealed is None:
        raise Undecipherable
    plain = keyring.open_sealed(sealed, "identity.optin", str(transaction))
    return msgspec.msgpack.decode(plain, type=CardAnswer)
