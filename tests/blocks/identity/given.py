"""The usual things of these tests: a card office with synthetic people, a realm, a proof."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from mieone.blocks.identity.model import Usage
from mieone.blocks.identity.rules.profile import Realm, open_realm, read_profile
from mieone.core.clock import Clock, FixedClock
from mieone.simulators.authority import Holder
from mieone.simulators.card import DIGEST_INFO
from mieone.simulators.cards import CardOffice, select_application, select_file

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PROFILE = Path(__file__).parents[3] / "regions" / "mie" / "jpki_profile.yaml"


def holder(holder_id: str = "T-0001", **changes: object) -> Holder:
    usual: dict[str, object] = {
        "id": holder_id,
        "name": "見本 花子",
        "address": "三重県多気郡明和町大字馬之上九百番地",
        "born_on": date(1991, 5, 17),
        "sex": "2",
        "prefecture": "三重県",
        "city": "多気郡明和町",
    }
    return Holder(**{**usual, **changes})  # type: ignore[arg-type]


class People:
    """A directory: whoever was named, and nobody else."""

    def __init__(self, *holders: Holder) -> None:
        self.holders = {one.id: one for one in holders}

    def find_holder(self, holder_id: str) -> Holder | None:
        return self.holders.get(holder_id)

    def list_holders(self) -> Sequence[Holder]:
        return list(self.holders.values())


def office(folder: Path, *holders: Holder, clock: Clock | None = None) -> CardOffice:
    people = People(*(holders or (holder(),)))
    return CardOffice(folder / "cards.sqlite3", people, clock or FixedClock(NOW))


def realm(cards: CardOffice) -> Realm:
    anchors = {Usage(name): ders for name, ders in cards.anchors().items()}
    return open_realm(read_profile(PROFILE), "test", anchors)


def verify(pin: str) -> bytes:
    return bytes([0x00, 0x20, 0x00, 0x80, len(pin)]) + pin.encode()


def sign(message: bytes) -> bytes:
    content = DIGEST_INFO + hashlib.sha256(message).digest()
    return bytes([0x80, 0x2A, 0x00, 0x80, len(content)]) + content + b"\0"


def signature(cards: CardOffice, message: bytes, holder_id: str = "T-0001") -> bytes:
    """What the card answers to the right PIN."""
    commands = [
        select_application(),
        select_file(0x0018),
        verify("1234"),
        select_file(0x0017),
        sign(message),
    ]
    return cards.exchange(holder_id, commands)[-1][:-2]
