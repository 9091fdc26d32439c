"""Addresses (住所): which town they lie in, and when two spellings are one place.

What is stored and shown stays as written. How one place is spelt differently is data of the region.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from mieone.core.model import TownCode
from mieone.core.region import Region, Town

ANY_CHARACTER = "\ufffc"
"""Stands where a certificate had to replace a character; matches whatever the register has."""

_PREFECTURE = re.compile(r"^(?:東京都|北海道|(?:大阪|京都)府|[^\d市町村区]{2,3}県)")
_COUNTY = re.compile(r"^[^\d市町村区]{1,5}?郡")
_MUNICIPALITY = re.compile(r"^[^\d]{1,7}?[市町村区]")
_DASHES = re.compile(r"[‐‑‒–—―−ー－ｰ]")
_NUMBER_WORDS = re.compile(r"(?<=\d)(?:番地の|番地ノ|番地|番の|番|の|ノ|丁目)(?=\d)")
_LAST_NUMBER_WORD = re.compile(r"(?<=\d)(?:番地|番|号)(?!\d)")
_HYPHEN_THEN_END = re.compile(r"(?<=\d)号(?=\d)")


class ResidencyKind(StrEnum):
    RESIDENT = "resident"
    VISITOR = "visitor"
    UNDETERMINED = "undetermined"


class Residency(msgspec.Struct, frozen=True, kw_only=True):
    kind: ResidencyKind
    town: TownCode | None = None


UNDETERMINED = Residency(kind=ResidencyKind.UNDETERMINED)
VISITOR = Residency(kind=ResidencyKind.VISITOR)


class AddressKey(msgspec.Struct, frozen=True, kw_only=True):
    """Equal for two spellings of one place; only for comparing."""

    town: TownCode
    place: str


def decide_residency(address: str, region: Region) -> Residency:
    """A member town only when the address names it; whatever is unclear goes to the counter."""
    text = fold(address, region)
    prefecture = _PREFECTURE.match(text)
    if prefecture and prefecture.group() != fold(region.prefecture.ja, region):
        return VISITOR
    rest = text[prefecture.end() :] if prefecture else text
    town = _find_town(rest, region)
    if town is not None:
        place = _after_town(rest, town, region)
        named_in_full = prefecture is not None or _starts_with_county(rest, town, region)
        # Another prefecture may have a town of the same name: then its 大字 decides.
        if named_in_full or _starts_with_locality(place, (town,), region):
            return Residency(kind=ResidencyKind.RESIDENT, town=town.code)
        return UNDETERMINED
    return _decide_elsewhere(rest, prefecture is not None, region)


def find_address_key(address: str, region: Region) -> AddressKey | None:
    """None when the address lies in no member town."""
    residency = decide_residency(address, region)
    if residency.town is None:
        return None
    town = region.town(residency.town)
    text = fold(address, region)
    prefecture = _PREFECTURE.match(text)
    place = _after_town(text[prefecture.end() :] if prefecture else text, town, region)
    return AddressKey(town=town.code, place=_fold_numbers(_without_prefixes(place, town, region)))


def is_same_address(one: str, other: str, region: Region) -> bool:
    first, second = find_address_key(one, region), find_address_key(other, region)
    if first is None or second is None or first.town != second.town:
        return False
    return len(first.place) == len(second.place) and all(
        a == b or ANY_CHARACTER in (a, b) for a, b in zip(first.place, second.place, strict=True)
    )


def fold(address: str, region: Region) -> str:
    """One width, no spaces, and every character of the region's variant rows as the row's first."""
    narrow = unicodedata.normalize("NFKC", address)
    joined = _DASHES.sub("-", "".join(narrow.split()))
    joined = _keep_long_vowels(joined)
    return joined.translate(_variant_table(region))


def _keep_long_vowels(text: str) -> str:
    """A bar between digits is a hyphen, after kana it was a long vowel and falls away alike."""
    return re.sub(r"(?<=[ァ-ヴぁ-ゔ])-", "ー", text)


def _variant_table(region: Region) -> dict[int, str]:
    return {ord(variant): row[0] for row in region.spelling.characters for variant in row[1:]}


def _find_town(rest: str, region: Region) -> Town | None:
    for town in region.towns:
        name, county = fold(town.name.ja, region), fold(town.county or "", region)
        if rest.startswith((county + name, name)):
            return town
    return None


def _starts_with_county(rest: str, town: Town, region: Region) -> bool:
    return town.county is not None and rest.startswith(fold(town.county, region))


def _after_town(rest: str, town: Town, region: Region) -> str:
    county = fold(town.county or "", region)
    return rest.removeprefix(county).removeprefix(fold(town.name.ja, region))


def _decide_elsewhere(rest: str, has_prefecture: bool, region: Region) -> Residency:
    county = _COUNTY.match(rest)
    after = rest[county.end() :] if county else rest
    municipality = _MUNICIPALITY.match(after)
    is_known_form = has_prefecture or county is not None
    if municipality is None or not (is_known_form or municipality.group().endswith("市")):
        return UNDETERMINED
    former = (fold(name, region) for row in region.spelling.former for name in row.names)
    prefixes = tuple(fold(prefix, region) for prefix in region.spelling.prefixes)
    if after.startswith((*former, *prefixes)):
        return UNDETERMINED
    named_county = county.group() if county else ""
    ours = [town for town in region.towns if fold(town.county or "", region) == named_county]
    # A 大字 right after our county: the town's name is missing, and 町 belongs to something else.
    contradicts = named_county in _counties(region) and municipality.group() in _names(region)
    is_unclear = contradicts or _starts_with_locality(after, ours, region)
    return UNDETERMINED if is_unclear else VISITOR


def _counties(region: Region) -> frozenset[str]:
    return frozenset(fold(town.county, region) for town in region.towns if town.county)


def _names(region: Region) -> frozenset[str]:
    return frozenset(fold(town.name.ja, region) for town in region.towns)


def _starts_with_locality(place: str, towns: Iterable[Town], region: Region) -> bool:
    codes = {town.code for town in towns}
    names = {fold(row.oaza, region) for row in region.addresses if row.town in codes}
    names |= {fold(row.name, region) for row in region.spelling.places if row.town in codes}
    bare = place
    for town in towns:
        bare = _without_prefixes(bare, town, region)
    return bool(names) and bare.startswith(tuple(names))


def _without_prefixes(place: str, town: Town, region: Region) -> str:
    """Without 大字 and without the districts that only everyday addresses name."""
    spelling = region.spelling
    districts = [name for row in spelling.districts if row.town == town.code for name in row.names]
    for optional in (*districts, *spelling.prefixes):
        place = place.removeprefix(fold(optional, region))
    return place


def _fold_numbers(place: str) -> str:
    hyphened = _NUMBER_WORDS.sub("-", place)
    hyphened = _HYPHEN_THEN_END.sub("-", hyphened)
    return _LAST_NUMBER_WORD.sub("", hyphened)


def write_address(
    town: TownCode, oaza: str, banchi: str | None, building: str | None, region: Region
) -> str:
    """The whole address as a card or a letter shows it."""
    place = region.town(town)
    line = f"{region.prefecture.ja}{place.county or ''}{place.name.ja}{oaza}{banchi or ''}"
    return f"{line}　{building}" if building else line
