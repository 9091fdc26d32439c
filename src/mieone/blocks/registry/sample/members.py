"""Who lives in a planned household: ages, sexes and 続柄 that fit together."""

from random import Random

import msgspec

from mieone.blocks.registry.model import HEAD, Sex

from .plan import Unit

YOUNGEST_GAP = 18
"""Nobody becomes a parent younger than this among synthetic people."""
ELDER_HEADS_UNTIL = 78
_ELDER_BANDS = ((65, 69, 24), (70, 74, 26), (75, 79, 18), (80, 84, 15), (85, 89, 11), (90, 99, 6))


class Member(msgspec.Struct, kw_only=True):
    age: int
    sex: Sex
    relationship: str


class Ages:
    """Children's ages of one town: as many newborns as births, few siblings of one age."""

    def __init__(self, children: int, births: int, random: Random) -> None:
        newborns = min(births, children)
        older = random.choices(range(1, 15), range(30, 44), k=children - newborns)
        self._pool = [0] * newborns + older
        self._random = random
        random.shuffle(self._pool)

    def draw(self, count: int) -> list[int]:
        drawn: list[int] = []
        for _ in range(count):
            place = len(self._pool) - 1
            for _ in range(6):
                if self._pool[place] not in drawn:
                    break
                place = self._random.randrange(len(self._pool))
            self._pool[place], self._pool[-1] = self._pool[-1], self._pool[place]
            drawn.append(self._pool.pop())
        return sorted(drawn, reverse=True)


def draw_members(unit: Unit, ages: Ages, random: Random) -> list[Member]:
    """The head first."""
    if unit.children:
        return _draw_family(unit, ages, random)
    if unit.parents:
        return _draw_adults(unit, random)
    return _draw_elders_alone(unit, random)


def _draw_family(unit: Unit, ages: Ages, random: Random) -> list[Member]:
    young = ages.draw(unit.children)
    grown = sorted((random.randint(15, 24) for _ in range(unit.grown)), reverse=True)
    oldest, youngest = (grown or young)[0], young[-1]
    widest = max(20, min(34, 45 - (oldest - youngest)))
    mother_age = min(64, oldest + random.randint(20, widest))
    father_age = min(64, max(oldest + YOUNGEST_GAP, mother_age + random.randint(-2, 5)))
    father = Member(age=father_age, sex=Sex.MALE, relationship=HEAD)
    mother = Member(age=mother_age, sex=Sex.FEMALE, relationship="妻")
    if unit.parents == 2:
        parents = [father, mother]
    else:
        alone = father if random.random() < 0.15 else mother
        alone.relationship = HEAD
        parents = [alone]
    children = [_draw_child(age, "子", random) for age in (*grown, *young)]
    elders = _draw_parents_of(parents[0].age, unit.elders, random)
    return [*parents, *children, *elders]


def _draw_adults(unit: Unit, random: Random) -> list[Member]:
    elder_age = _draw_elder_age(random) if unit.elders else None
    first_age = _draw_adult_age(unit, elder_age, random)
    has_couple = unit.parents == 2
    first_sex = Sex.MALE if has_couple or random.random() < 0.55 else Sex.FEMALE
    least = 36 if unit.grown else 20
    adults = [Member(age=first_age, sex=first_sex, relationship=HEAD)]
    if has_couple:
        spouse_age = min(64, max(least, first_age + random.randint(-5, 4)))
        adults.append(Member(age=spouse_age, sex=Sex.FEMALE, relationship="妻"))
    limit = min(40, min(one.age for one in adults) - YOUNGEST_GAP)
    grown = [_draw_child(random.randint(15, limit), "子", random) for _ in range(unit.grown)]
    if elder_age is None:
        return [*_with_head_by_chance(adults, random), *grown]
    elders = _draw_elders(elder_age, first_age, unit.elders, random)
    if elder_age >= ELDER_HEADS_UNTIL:
        return [*adults, *grown, *_as_parents(elders)]
    return _headed_by_elder(elders, adults, grown)


def _draw_adult_age(unit: Unit, elder_age: int | None, random: Random) -> int:
    youngest = 40 if unit.grown else 20
    if elder_age is not None:
        wanted = elder_age - random.randint(20, 36)
        return min(64, elder_age - YOUNGEST_GAP, max(youngest, wanted))
    return random.randint(youngest + 5 if unit.parents == 2 else youngest, 64)


def _with_head_by_chance(adults: list[Member], random: Random) -> list[Member]:
    if len(adults) == 2 and random.random() < 0.07:
        husband, wife = adults
        wife.relationship, husband.relationship = HEAD, "夫"
        return [wife, husband]
    return adults


def _headed_by_elder(
    elders: list[Member], adults: list[Member], grown: list[Member]
) -> list[Member]:
    elders[0].relationship = HEAD
    for spouse in elders[1:]:
        spouse.relationship = "妻"
    adults[0].relationship = "子"
    for spouse in adults[1:]:
        spouse.relationship = "子の妻"
    for one in grown:
        one.relationship = "子の子"
    return [*elders, *adults, *grown]


def _draw_elders_alone(unit: Unit, random: Random) -> list[Member]:
    age = _draw_elder_age(random)
    elders = _draw_elders(age, 0, unit.elders, random)
    elders[0].relationship = HEAD
    for spouse in elders[1:]:
        spouse.relationship = "妻"
    return elders


def _draw_parents_of(child_age: int, count: int, random: Random) -> list[Member]:
    if not count:
        return []
    age = max(65, child_age + random.randint(20, 35))
    return _as_parents(_draw_elders(age, child_age, count, random))


def _draw_elders(age: int, child_age: int, count: int, random: Random) -> list[Member]:
    """A couple, the husband first, or one; each of them old enough for the child."""
    if count == 1:
        sex = Sex.FEMALE if random.random() < 0.7 else Sex.MALE
        return [Member(age=age, sex=sex, relationship="")]
    spouse_age = max(65, child_age + YOUNGEST_GAP, age - random.randint(-2, 6))
    return [
        Member(age=age, sex=Sex.MALE, relationship=""),
        Member(age=spouse_age, sex=Sex.FEMALE, relationship=""),
    ]


def _as_parents(elders: list[Member]) -> list[Member]:
    for one in elders:
        one.relationship = "父" if one.sex is Sex.MALE else "母"
    return elders


def _draw_elder_age(random: Random) -> int:
    bands = [(low, high) for low, high, _ in _ELDER_BANDS]
    low, high = random.choices(bands, [weight for _, _, weight in _ELDER_BANDS])[0]
    return random.randint(low, high)


def _draw_child(age: int, relationship: str, random: Random) -> Member:
    sex = Sex.FEMALE if random.random() < 0.487 else Sex.MALE
    return Member(age=age, sex=sex, relationship=relationship)
