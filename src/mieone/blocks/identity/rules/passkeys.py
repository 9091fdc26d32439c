"""Decisions about passkeys: which challenge an answer speaks of, and whether its counter is honest."""

import json
from base64 import urlsafe_b64decode
from enum import StrEnum

from mieone.blocks.identity.problems import PasskeyRefused


class Counter(StrEnum):
    FINE = "fine"
    NOT_GROWN = "not_grown"


def decide_counter(known: int, shown: int) -> Counter:
    """Synced passkeys always say 0; any other counter has to grow."""
    if known == 0 and shown == 0:
        return Counter.FINE
    return Counter.FINE if shown > known else Counter.NOT_GROWN


def challenge_in(client_data_json: str) -> bytes:
    """The challenge the browser signed, to look it up; the library compares it later.

    Raises PasskeyRefused.
    """
    try:
        client_data = json.loads(from_base64url(client_data_json))
        return from_base64url(client_data["challenge"])
    except (ValueError, KeyError, TypeError) as error:
        raise PasskeyRefused from error


def from_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
