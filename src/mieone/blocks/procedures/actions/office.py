"""What every action needs of the house: law as data, keys, the day."""

from datetime import date, datetime
from functools import cache
from pathlib import Path

import msgspec

from mieone.blocks.procedures.model import CaseFile
from mieone.blocks.procedures.rules.library import DefinitionFile, Library, read_definition
from mieone.blocks.procedures.store import cases, files
from mieone.core.clock import JST, Clock
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.settings import Profile


class Office(msgspec.Struct, frozen=True, kw_only=True):
    library: Library
    keyring: KeyRing
    region: Region
    clock: Clock
    profile: Profile

    def now(self) -> datetime:
        return self.clock.now()

    def today(self) -> date:
        return self.clock.today()

    async def definition_of(self, conn: Conn, case: CaseFile) -> DefinitionFile:
        """The version the case was pinned to, even when its file has gone."""
        known = self.library.by_hash.get(case.definition_hash)
        if known is not None:
            return known
        text = await cases.find_definition(conn, case.definition_hash)
        if text is None:
            return self.library.definition_by_hash(case.definition_hash)
        return read_definition(text, case.definition_hash)


def office_of(house: House) -> Office:
    return Office(
        library=library_at(house.region.directory),
        keyring=house.keyring,
        region=house.region,
        clock=house.clock,
        profile=house.settings.profile,
    )


@cache
def library_at(directory: Path) -> Library:
    """Files do not change under a running house: read once."""
    return files.load_library(Region.load(directory))


def day_of(at: datetime) -> date:
    """The calendar day in Japan on which something happened."""
    return at.astimezone(JST).date()
