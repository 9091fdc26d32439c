"""The sealed document of a resident, one key each, and the blind tokens it is found by."""

from uuid import UUID

import msgspec

from mieone.blocks.registry.model import Entry
from mieone.blocks.registry.rules.tokens import Term
from mieone.core.keys import KeyRing
from mieone.core.model import TownCode

PURPOSE = "register"


def seal_entry(keyring: KeyRing, town: TownCode, resident_id: UUID, entry: Entry) -> bytes:
    return keyring.seal(msgspec.json.encode(entry), PURPOSE, town, str(resident_id))


def open_entry(keyring: KeyRing, town: TownCode, resident_id: UUID, sealed: bytes) -> Entry:
    """Raises Undecipherable."""
    content = keyring.open_sealed(sealed, PURPOSE, town, str(resident_id))
    return msgspec.json.decode(content, type=Entry)


def token_of(keyring: KeyRing, town: TownCode, term: Term) -> bytes:
    """128 bits are enough to tell terms apart, and half the index."""
    return keyring.search_token(town, *term)[:16]
