"""The region's list of what is personal, read when the house opens; what is found is counted."""

from collections.abc import Sequence
from typing import Final

import msgspec
from prometheus_client import Counter

from mieone.blocks.broker.model import Entity, Fragment, Iri
from mieone.blocks.broker.problems import PersonalAttribute
from mieone.blocks.broker.rules.personal import PersonalGroup, PersonalTerms
from mieone.core.house import House

_FILE: Final = "personal.yaml"
FOUND = Counter(
    "mieone_broker_personal_total",
    "What is personal: refused of what was written or told, or cut from another broker's answer",
    ["what"],
)


class CountedTerms(PersonalTerms):
    """A rise is for somebody to look at: a town or a source sends what is no open data."""

    def check_open(
        self, entity_id: str, fragment: Fragment, known_types: Sequence[Iri] = ()
    ) -> None:
        try:
            super().check_open(entity_id, fragment, known_types)
        except PersonalAttribute:
            FOUND.labels("refused").inc()
            raise

    def cut_personal(self, entity: Entity) -> tuple[Entity | None, tuple[Iri, ...]]:
        kept, cut = super().cut_personal(entity)
        FOUND.labels("cut").inc(len(cut))
        return kept, cut


def read_personal_terms(house: House) -> PersonalTerms:
    """A region without the file has nothing refused but numbers of persons."""
    path = house.settings.region_dir / "broker" / _FILE
    if not path.exists():
        return CountedTerms(())
    return CountedTerms(msgspec.yaml.decode(path.read_bytes(), type=list[PersonalGroup]))
