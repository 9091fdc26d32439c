"""The pages where a person comes in, adds a passkey, and leaves."""

from .card import CARD
from .leave import LEAVE
from .passkeys import PASSKEYS
from .signing import SIGNING

PEOPLE = (*CARD, *PASSKEYS, *SIGNING, *LEAVE)

__all__ = ["PEOPLE"]
