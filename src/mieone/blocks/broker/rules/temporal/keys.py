"""Names of what a history holds: keys of series, ids of instances."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final
from uuid import UUID

from mieone.blocks.broker.model import DatasetId, Iri

PREFIX: Final = "urn:ngsi-ld:Instance:"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def series_key(tenant: str, entity_id: str, name: Iri, dataset: DatasetId) -> UUID:
    """A digest of 128 bits: whoever writes needs no look-up."""
    # A NUL can stand in none of the four: the database takes none.
    text = "\x00".join((tenant, entity_id, name, dataset))
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


def new_salt() -> int:
    """38 random bits. What is recorded together differs by its place and may share them."""
    return secrets.randbits(38)


def instance_id(at: datetime, place: int, salt: int | None = None) -> UUID:
    """RFC 9562, version 7: the microsecond of recording, the place in the batch, 38 random bits."""
    if salt is None:
        salt = new_salt()
    milliseconds, micro = divmod((at - _EPOCH) // _MICROSECOND, 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | micro << 64
    value |= 0b10 << 62 | (place & ((1 << 24) - 1)) << 38 | salt
    return UUID(int=value)


def recording_time(instance: UUID) -> datetime | None:
    """None for an id that is none of ours."""
    value = instance.int
    milliseconds, micro = value >> 80, value >> 64 & 0xFFF
    if instance.version != 7 or micro > 999:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds, microseconds=micro)
    except OverflowError:
        return None


def instance_uri(instance: UUID) -> str:
    return f"{PREFIX}{instance}"


def find_instance_id(uri: str) -> UUID | None:
    """None for a URI that names no instance of ours."""
    if not uri.startswith(PREFIX):
        return None
    try:
        return UUID(uri.removeprefix(PREFIX))
    except ValueError:
        return None
