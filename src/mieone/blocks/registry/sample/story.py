"""The story's people, found by rule among those who were made, and what their cards say."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from uuid import uuid4

import msgspec

from mieone.blocks.registry.model import Entry, Sex
from mieone.blocks.registry.rules.addresses import write_address
from mieone.blocks.registry.rules.ages import age_on
from mieone.blocks.registry.rules.characters import decide_printable
from mieone.blocks.registry.rules.matching import substitutes_of
from mieone.core.model import TownCode
from mieone.core.region import Region

from .towns import StoryPerson

PEOPLE_FILE = "sample_people.json"


class SamplePerson(msgspec.Struct, frozen=True, kw_only=True):
    """One of the synthetic people. `name_on_card` and `address` are what their card says."""

    key: str
    town: TownCode
    entry: Entry
    address: str
    name_on_card: str
    name_flags: tuple[int, ...]
    """Places of `name_on_card` where the card had to replace a character."""

    @property
    def card_number(self) -> str:
        """Names the person for the simulated card issuer."""
        return f"{self.town}-{self.entry.addressee_number}"

    @property
    def flags_on_card(self) -> str:
        places = range(len(self.name_on_card))
        return "".join("1" if place in self.name_flags else "0" for place in places)


class StoredPeople(msgspec.Struct, frozen=True, kw_only=True):
    """What the card simulator reads: when and from which seed the sample was made."""

    seed: int
    on: date
    people: tuple[SamplePerson, ...]


def choose_people(
    story: Sequence[StoryPerson],
    towns: dict[TownCode, tuple[Entry, ...]],
    on: date,
    region: Region,
) -> list[SamplePerson]:
    """Whoever cannot be found in a region is left out."""
    found = []
    for wanted in story:
        candidates = _candidates(wanted.key, towns.get(wanted.town, ()), on)
        if candidates:
            chosen = min(candidates, key=lambda one: one.addressee_number)
            found.append(as_person(wanted.key, wanted.town, chosen, region))
    return found


def as_person(key: str, town: TownCode, entry: Entry, region: Region) -> SamplePerson:
    printable = decide_printable(entry.name, substitutes_of(region))
    return SamplePerson(
        key=key,
        town=town,
        entry=entry,
        address=write_address(town, entry.oaza, entry.banchi, entry.building, region),
        name_on_card=printable.text,
        name_flags=(*printable.substituted, *printable.missing),
    )


def write_people(home: Path, stored: StoredPeople) -> None:
    """The file appears whole or not at all."""
    draft = home / f".{PEOPLE_FILE}.{uuid4().hex}"
    draft.write_bytes(msgspec.json.encode(stored))
    draft.replace(home / PEOPLE_FILE)


def read_people(home: Path) -> StoredPeople | None:
    path = home / PEOPLE_FILE
    return msgspec.json.decode(path.read_bytes(), type=StoredPeople) if path.exists() else None


def _candidates(key: str, entries: Sequence[Entry], on: date) -> list[Entry]:
    homes: dict[str, list[Entry]] = {}
    for entry in entries:
        homes.setdefault(entry.household_number, []).append(entry)
    open_homes = [home for home in homes.values() if home[0].protected_from is None]
    match key:
        case "newborn_mother":
            return _mothers_of_newborns(open_homes, on)
        case "lives_alone_79":
            alone = [home[0] for home in open_homes if len(home) == 1]
            return [one for one in alone if age_on(one.born_on, on) == 79]
        case "protected":
            grown = [one for one in entries if age_on(one.born_on, on) >= 20]
            return [one for one in grown if one.protected_from is not None]
        case "variant_name":
            heads = [home[0] for home in open_homes]
            return [one for one in heads if any(ord(letter) > 0xFFFF for letter in one.name)]
        case _:
            return []


def _mothers_of_newborns(homes: Sequence[Sequence[Entry]], on: date) -> list[Entry]:
    """With a spouse and an older child; of all of them those whose child is the youngest."""
    fitting: list[tuple[date, Entry]] = []
    for home in homes:
        wives = [one for one in home if one.relationship == "妻" and one.sex is Sex.FEMALE]
        children = [
            one for one in home if one.relationship == "子" and age_on(one.born_on, on) < 15
        ]
        if len(wives) == 1 and len(children) > 1 and len(home) == len(children) + 2:
            fitting.append((max(one.born_on for one in children), wives[0]))
    latest = max((born_on for born_on, _ in fitting), default=None)
    return [mother for born_on, mother in fitting if born_on == latest]
