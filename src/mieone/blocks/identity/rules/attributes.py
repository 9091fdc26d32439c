"""Reading the four attributes strictly, and deciding from an address whether somebody lives here."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

from mieone.blocks.identity.model import FourAttributes, RawAttributes, Residency, Sex
from mieone.blocks.identity.problems import AttributesUnparsable
from mieone.core.model import TownCode
from mieone.core.region import Region, Town
from mieone.core.region_tables import AddressSpelling

_ERA_BIRTH = re.compile(r"([0-5])(\d{4})(\d{2})(\d{2})")
_BIRTH = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_SEXES: Mapping[str, Sex] = {
    "1": Sex.MALE,
    "2": Sex.FEMALE,
    "3": Sex.UNKNOWN,
    "male": Sex.MALE,
    "female": Sex.FEMALE,
    "other": Sex.UNKNOWN,
}
_ERA_STARTS: Mapping[str, date] = {
    "1": date(1868, 1, 25),
    "2": date(1912, 7, 30),
    "3": date(1926, 12, 25),
    "4": date(1989, 1, 8),
    "5": date(2019, 5, 1),
}
LONGEST_ADDRESS = 200


def read_attributes(raw: RawAttributes | None, today: date) -> FourAttributes:
    """Raises AttributesUnparsable rather than guess."""
    if raw is None or not raw.name.strip() or not raw.address.strip():
        raise AttributesUnparsable
    if len(raw.address) > LONGEST_ADDRESS or raw.sex not in _SEXES:
        raise AttributesUnparsable
    if not (_are_flags(raw.name_flags, raw.name) and _are_flags(raw.address_flags, raw.address)):
        raise AttributesUnparsable
    return FourAttributes(
        name=raw.name.strip(),
        address=raw.address.strip(),
        born_on=read_birth(raw.birth, today),
        sex=_SEXES[raw.sex],
        name_flags=raw.name_flags,
        address_flags=raw.address_flags,
    )


def _are_flags(flags: str, text: str) -> bool:
    """One 0 or 1 for each character, or nothing at all."""
    return not flags or (len(flags) == len(text) and set(flags) <= {"0", "1"})


def read_birth(text: str, today: date) -> date:
    """EYYYYMMDD with a Gregorian year, YYYYMMDD or YYYY-MM-DD; the era must fit the date."""
    with_era = _ERA_BIRTH.fullmatch(text)
    plain = _BIRTH.fullmatch(text)
    match = with_era or plain
    if match is None:
        raise AttributesUnparsable
    year, month, day = match.groups()[-3:]
    try:
        born_on = date(int(year), int(month), int(day))
    except ValueError:
        raise AttributesUnparsable from None
    if with_era and not _fits_era(with_era[1], born_on):
        raise AttributesUnparsable
    if born_on > today or born_on.year < 1868:
        raise AttributesUnparsable
    return born_on


def _fits_era(era: str, born_on: date) -> bool:
    if era == "0":
        return True
    later = [start for start in _ERA_STARTS.values() if start > _ERA_STARTS[era]]
    return _ERA_STARTS[era] <= born_on and (not later or born_on < min(later))


def decide_residency(
    address: str, region: Region, today: date
) -> tuple[Residency, TownCode | None]:
    """Members only where county and town both match; what names no municipality is undetermined."""
    spelling = region.spelling
    written = _same_spelling(address, spelling)
    rest = written.removeprefix(_same_spelling(region.prefecture.ja, spelling))
    named_prefecture = rest != written
    for town in region.towns:
        if _is_in(rest, town, spelling):
            member = town.is_member(today)
            return (Residency.RESIDENT, town.code) if member else (Residency.VISITOR, None)
    if any(_is_former(rest, former.county, former.names, spelling) for former in spelling.former):
        return Residency.UNDETERMINED, None
    if named_prefecture or re.match(r"[^\d]{1,6}?[都道府県市郡区町村]", written):
        return Residency.VISITOR, None
    return Residency.UNDETERMINED, None


def _is_in(address: str, town: Town, spelling: AddressSpelling) -> bool:
    """The town's whole name must follow its county, or stand alone in front."""
    name = _same_spelling(town.name.ja, spelling)
    county = _same_spelling(town.county or "", spelling)
    return address.startswith((county + name, name))


def _is_former(address: str, county: str, names: Sequence[str], spelling: AddressSpelling) -> bool:
    plain = address.removeprefix(_same_spelling(county, spelling))
    return any(plain.startswith(_same_spelling(name, spelling)) for name in names)


def _same_spelling(text: str, spelling: AddressSpelling) -> str:
    """For comparing only: one form of each character, no spaces, half-width digits."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    table = {ord(other): row[0] for row in spelling.characters for other in row[1:]}
    return plain.translate(table)
