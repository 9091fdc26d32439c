"""The usual things of these tests: a card office with synthetic people, a realm, a proof."""

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from mieone.blocks.identity.actions import optin as actions
from mieone.blocks.identity.actions.keys import CardAnswer
from mieone.blocks.identity.actions.optin import CardPath
from mieone.blocks.identity.model import (
    CardReader,
    OptIn,
    PersonId,
    PlatformOperator,
    Proven,
    Usage,
)
from mieone.blocks.identity.rules.profile import Realm, open_realm, read_profile
from mieone.core.clock import Clock, FixedClock
from mieone.core.edge import run
from mieone.core.house import House
from mieone.simulators import authority
from mieone.simulators.authority import Holder
from mieone.simulators.card import DIGEST_INFO
from mieone.simulators.cards import CardOffice, select_application, select_file
from mieone.simulators.operator import SimulatedOperator

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


PEOPLE = (
    holder("T-0001"),
    holder("T-0002", name="見本 太郎", sex="1"),
    holder("T-0003", address="三重県度会郡玉城町田丸一番地", city="度会郡玉城町"),
)


@cache
def issued_before() -> bytes:
    """A card office in which these people have their cards: making keys takes long, copying not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cards.sqlite3"
        made = CardOffice(path, People(*PEOPLE), FixedClock(NOW))
        for one in PEOPLE:
            made.exchange(one.id, [select_application()])
        return path.read_bytes()


def office(folder: Path, *holders: Holder, clock: Clock | None = None) -> CardOffice:
    people = holders or PEOPLE[:1]
    path = folder / "cards.sqlite3"
    if set(people) <= set(PEOPLE):
        path.write_bytes(issued_before())
    return CardOffice(path, People(*people), clock or FixedClock(NOW))


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


READER = CardReader(
    template="simulators/card_form.html", action="/simulator/card", is_simulated=True
)


def card_path(
    cards: CardOffice, clock: Clock, operator: PlatformOperator | None = None
) -> CardPath:
    return CardPath(
        realm=realm(cards), operator=operator or SimulatedOperator(cards, clock), reader=READER
    )


BROWSER = hashlib.sha256(b"this browser").digest()


def answer(cards: CardOffice, house: House, optin: OptIn, holder_id: str = "T-0001") -> CardAnswer:
    """What the card gives for this challenge."""
    challenge = actions.challenge_of(optin, house.settings.people_origin)
    certificate = cards.current(holder_id, authority.Usage.AUTH).der
    return CardAnswer(certificate=certificate, signature=signature(cards, challenge, holder_id))


async def started(
    house: House, path: CardPath, for_person: PersonId | None = None, browser: bytes = BROWSER
) -> OptIn:
    return await run(
        house.database,
        (),
        lambda conn: actions.start(conn, path, browser, "/my", for_person, house.clock.now()),
    )


async def accepted(
    house: House, path: CardPath, optin: OptIn, shown: CardAnswer, browser: bytes = BROWSER
) -> None:
    await run(
        house.database,
        (),
        lambda conn: actions.accept(conn, house, path, optin.id, browser, shown),
    )


async def claimed(house: House, optin: OptIn, browser: bytes = BROWSER) -> Proven | None:
    return await run(house.database, (), lambda conn: actions.claim(conn, optin.id, browser))


async def proven(
    house: House,
    cards: CardOffice,
    holder_id: str = "T-0001",
    for_person: PersonId | None = None,
) -> Proven:
    """The whole way in by card."""
    path = card_path(cards, house.clock)
    optin = await started(house, path, for_person)
    await accepted(house, path, optin, answer(cards, house, optin, holder_id))
    await actions.finish(house, path, optin.id)
    outcome = await claimed(house, optin)
    assert outcome is not None
    return outcome
