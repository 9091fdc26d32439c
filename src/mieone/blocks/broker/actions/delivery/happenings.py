"""What happened, as the events of the table say it."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from mieone.blocks.broker.model import Happening

from .lines import Parcel

_KEPT: Final = 2_048
_HAPPENING = msgspec.json.Decoder(Happening)


class Happenings:
    """Decoded once for all subscriptions they are told to."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, Happening] = OrderedDict()

    def missing(self, sequences: Sequence[int]) -> list[int]:
        return [one for one in dict.fromkeys(sequences) if one not in self._held]

    def put(self, documents: Mapping[int, str]) -> None:
        for sequence, document in documents.items():
            self._held[sequence] = _HAPPENING.decode(document)

    def list(self, parcel: Parcel) -> "list[Happening]":
        """What it tells of, in the order of its deliveries; nothing where it is written already."""
        return [
            self._held[one.event]
            for one in parcel.deliveries
            if one.event is not None and one.event in self._held
        ]

    def trim(self) -> None:
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)
