"""A town's core system (住民記録) outside of ours: it holds the synthetic residents and sends files.

It also tells the simulated card issuer who may have a card. Everybody in it is invented.
"""

from collections.abc import Sequence
from pathlib import Path

from mieone.blocks import registry
from mieone.core.model import TownCode
from mieone.core.region import Region
from mieone.simulators.authority import Holder

_SEX_CODES = {registry.Sex.MALE: "1", registry.Sex.FEMALE: "2", registry.Sex.OTHER: "3"}


class TownCore:
    """The towns' core systems of one installation, read from what `mieone sample` left there."""

    def __init__(self, home: Path, region: Region) -> None:
        self._home = home
        self._region = region

    def list_people(self) -> list[registry.SamplePerson]:
        """The story's people."""
        return registry.read_sample_people(self._home)

    def list_holders(self) -> Sequence[Holder]:
        return [self._holder(one) for one in self.list_people()]

    def find_holder(self, holder_id: str) -> Holder | None:
        """Any synthetic resident; the people of the story are found without making the others."""
        for one in self.list_people():
            if one.card_number == holder_id:
                return self._holder(one)
        stored = registry.read_sample(self._home)
        if stored is None:
            return None
        found = registry.find_sample_person(stored, self._region, holder_id)
        return None if found is None else self._holder(found)

    def send_file(self, town: TownCode) -> bytes | None:
        """The whole register of a town as its core system would send it."""
        stored = registry.read_sample(self._home)
        if stored is None or not self._region.has_town(town):
            return None
        entries = registry.generate_town(self._region, town, stored.on, stored.seed)
        return registry.write_register_file(entries)

    def _holder(self, person: registry.SamplePerson) -> Holder:
        town = self._region.town(person.town)
        return Holder(
            id=person.card_number,
            name=person.name_on_card,
            address=person.address,
            born_on=person.entry.born_on,
            sex=_SEX_CODES[person.entry.sex],
            prefecture=self._region.prefecture.ja,
            city=f"{town.county or ''}{town.name.ja}",
            name_flags=person.flags_on_card,
        )
