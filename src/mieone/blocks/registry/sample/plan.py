"""How many people of which kind live together: households that add up to a town's real figures."""

from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from mieone.core.model import TownCode
from mieone.core.region import Region

SIBLING_SHARES = ((1, 35), (2, 45), (3, 20))


class FigureNames(msgspec.Struct, frozen=True, kw_only=True):
    people: str
    children: str
    working: str
    elderly: str
    households: str
    single_elderly: str
    births: str


class TownFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a town's people must add up to. The age groups include those of unknown age."""

    town: TownCode
    children: int
    working: int
    elderly: int
    households: int
    single_elderly: int
    births: int

    @property
    def people(self) -> int:
        return self.children + self.working + self.elderly


class Unit(msgspec.Struct, kw_only=True):
    """One household while it is planned. `parents` are 15 to 64 and head it with `elders`."""

    children: int = 0
    parents: int = 0
    grown: int = 0
    """Grown-up children of the parents, 15 and older."""
    elders: int = 0

    @property
    def size(self) -> int:
        return self.children + self.parents + self.grown + self.elders


class DoesNotAddUp(Exception):
    """The figures cannot be met by plausible households."""


def list_figures(region: Region, names: FigureNames) -> tuple[TownFigures, ...]:
    return tuple(figures_of(town.code, region.summaries[town.code], names) for town in region.towns)


def figures_of(town: TownCode, summary: Mapping[str, float], names: FigureNames) -> TownFigures:
    groups = [int(summary[name]) for name in (names.children, names.working, names.elderly)]
    children, working, elderly = spread_unknown(int(summary[names.people]), groups)
    return TownFigures(
        town=town,
        children=children,
        working=working,
        elderly=elderly,
        households=int(summary[names.households]),
        single_elderly=int(summary[names.single_elderly]),
        births=int(summary[names.births]),
    )


def spread_unknown(total: int, groups: Sequence[int]) -> list[int]:
    """People of unknown age go to the groups by their share, largest remainder first."""
    known = sum(groups)
    missing = total - known
    exact = [missing * size / known for size in groups]
    spread = [size + int(part) for size, part in zip(groups, exact, strict=True)]
    by_remainder = sorted(range(len(groups)), key=lambda i: (int(exact[i]) - exact[i], i))
    for place in by_remainder[: total - sum(spread)]:
        spread[place] += 1
    return spread


def plan_households(figures: TownFigures, random: Random) -> list[Unit]:
    """Exactly the town's households and people. Raises DoesNotAddUp."""
    families = _plan_families(figures.children, random)
    together = figures.elderly - figures.single_elderly
    couples = [Unit(elders=2) for _ in range(int(together * 0.4) // 2)]
    rest = figures.households - figures.single_elderly - len(families) - len(couples)
    adults = [Unit(parents=1) for _ in range(rest)]
    spare = figures.working - sum(unit.parents for unit in families) - rest
    if rest < 0 or spare < 0 or together < 0:
        raise DoesNotAddUp(figures.town)
    _place_elders(together - 2 * len(couples), families, adults, random)
    _place_working(spare, families, adults, random)
    alone = [Unit(elders=1) for _ in range(figures.single_elderly)]
    return [*families, *adults, *couples, *alone]


def _plan_families(children: int, random: Random) -> list[Unit]:
    sizes, weights = zip(*SIBLING_SHARES, strict=True)
    families: list[Unit] = []
    left = children
    while left:
        size = min(left, random.choices(sizes, weights)[0])
        families.append(Unit(children=size, parents=1 if random.random() < 0.1 else 2))
        left -= size
    return families


def _place_elders(
    elders: int, families: Sequence[Unit], adults: Sequence[Unit], random: Random
) -> None:
    """One or two of them with a grown-up child; a third of the families has three generations."""
    hosts = [unit for unit in families if random.random() < 0.33]
    rest = [*adults]
    random.shuffle(rest)
    hosts += rest
    left = elders
    for unit in hosts:
        if not left:
            return
        unit.elders = min(left, 2 if random.random() < 0.55 else 1)
        left -= unit.elders
    for unit in [*hosts, *families]:
        taken = min(left, max(0, 2 - unit.elders))
        unit.elders += taken
        left -= taken
    if left:
        raise DoesNotAddUp("elders")


def _place_working(
    spare: int, families: Sequence[Unit], adults: Sequence[Unit], random: Random
) -> None:
    """Spouses first, then grown-up children, until everybody of working age has a home."""
    left = spare
    for unit in adults:
        # With parents in the house, fewer are married; without, half of them live alone.
        if left and random.random() < (0.35 if unit.elders else 0.5):
            unit.parents, left = 2, left - 1
    homes = [*families, *[unit for unit in adults if unit.parents == 2]]
    while left and homes:
        for unit in homes:
            if left and unit.grown < 3 and random.random() < 0.4:
                unit.grown, left = unit.grown + 1, left - 1
        homes = [unit for unit in homes if unit.grown < 3]
    for unit in adults:
        if left and unit.parents == 1:
            unit.parents, left = 2, left - 1
    if left:
        raise DoesNotAddUp("working")
