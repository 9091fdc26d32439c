"""Who on the register is the person before us: exact, or somebody at the counter decides."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from mieone.blocks.registry.model import Sex
from mieone.core.region import Region

from .addresses import ANY_CHARACTER, is_same_address
from .characters import GETA, comparable_name, split_clusters

_REPLACEMENTS = frozenset({GETA, "●", "■", "□", "?", "？", "\ufffd", "*", "＊"})
_FIRST_WAIT = timedelta(seconds=15)
_LONGEST_WAIT = timedelta(hours=1)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The four attributes of a certificate. Flags name the clusters it had to replace."""

    name: str
    address: str
    born_on: date
    sex: Sex
    name_flags: tuple[int, ...] = ()
    address_flags: tuple[int, ...] = ()


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says of somebody who may be meant. Former and common names count too."""

    resident_id: UUID
    names: tuple[str, ...]
    address: str
    born_on: date
    sex: Sex


class MatchKind(StrEnum):
    EXACT = "exact"
    NONE = "none"
    SEVERAL = "several"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    kind: MatchKind
    resident_id: UUID | None = None


def decide_match(claim: Claim, candidates: Sequence[Candidate], region: Region) -> Match:
    """All four must agree, and with one resident only."""
    substitutes = substitutes_of(region)
    agreeing = [
        one for one in candidates if not list_disagreements(claim, one, region, substitutes)
    ]
    if not agreeing:
        return Match(kind=MatchKind.NONE)
    if len(agreeing) > 1:
        return Match(kind=MatchKind.SEVERAL)
    return Match(kind=MatchKind.EXACT, resident_id=agreeing[0].resident_id)


def substitutes_of(region: Region) -> Mapping[str, str]:
    return {row.original: row.substitute for row in region.characters}


def is_same_name(
    claimed: str, flags: Iterable[int], registered: str, substitutes: Mapping[str, str]
) -> bool:
    """Cluster by cluster; a replaced one agrees with every variant of what replaced it."""
    replaced = frozenset(flags)
    seen = [(place, one) for place, one in enumerate(split_clusters(claimed)) if not one.isspace()]
    held = [one for one in split_clusters(registered) if not one.isspace()]
    return len(seen) == len(held) and all(
        _is_same_cluster(one, place in replaced, other, substitutes)
        for (place, one), other in zip(seen, held, strict=True)
    )


def _is_same_cluster(
    claimed: str, was_replaced: bool, registered: str, substitutes: Mapping[str, str]
) -> bool:
    mine, theirs = (comparable_name(one, substitutes) for one in (claimed, registered))
    if was_replaced:
        return claimed in _REPLACEMENTS or theirs in (mine, GETA)
    # 〓 is the absence of a character: two of them are not known to be one.
    return mine == theirs and (GETA not in mine or claimed == registered)


def list_disagreements(
    claim: Claim, candidate: Candidate, region: Region, substitutes: Mapping[str, str]
) -> tuple[str, ...]:
    """In which of the four the two differ; none means that all agree."""
    has_name = any(
        is_same_name(claim.name, claim.name_flags, name, substitutes) for name in candidate.names
    )
    agreements = {
        "name": has_name,
        "address": is_same_address(_with_wildcards(claim), candidate.address, region),
        "born_on": claim.born_on == candidate.born_on,
        "sex": claim.sex is candidate.sex,
    }
    return tuple(name for name, agrees in agreements.items() if not agrees)


def _with_wildcards(claim: Claim) -> str:
    return "".join(
        ANY_CHARACTER if place in claim.address_flags else cluster
        for place, cluster in enumerate(split_clusters(claim.address))
    )


def wait_after(attempts: int) -> timedelta:
    """Until the next attempt; the first wait outlasts any answer of the door."""
    return min(_FIRST_WAIT * (1 << min(attempts, 10)), _LONGEST_WAIT)
