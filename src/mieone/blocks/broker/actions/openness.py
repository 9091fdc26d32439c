"""The region's list of what is personal, read when the house opens."""

from typing import Final

import msgspec

from mieone.blocks.broker.rules.personal import PersonalGroup, PersonalTerms
from mieone.core.house import House

_FILE: Final = "personal.yaml"


def read_personal_terms(house: House) -> PersonalTerms:
    """A region without the file has nothing refused but numbers of persons."""
    path = house.settings.region_dir / "broker" / _FILE
    if not path.exists():
        return PersonalTerms(())
    return PersonalTerms(msgspec.yaml.decode(path.read_bytes(), type=list[PersonalGroup]))
