"""Identifiers of one flush: version 7, dated by the ledger's own clock, in the order they were made."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from uuid import UUID


def ids_at(now: datetime) -> Iterator[UUID]:
    """48 bits of milliseconds, 12 bits within it, 16 bits that count up, 46 random bits."""
    milliseconds, rest = divmod(int(now.timestamp() * 1_000_000), 1_000)
    head = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | (rest * 4096 // 1_000) << 64
    for ordinal in count():
        tail = (ordinal & 0xFFFF) << 46 | secrets.randbits(46)
        yield UUID(int=head | 0b10 << 62 | tail)
