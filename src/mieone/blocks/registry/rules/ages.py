"""Ages as Japanese law counts them (年齢計算ニ関する法律, 民法143条)."""

from datetime import date, timedelta

ADULT_AGE = 18
"""民法4条, since 2022-04-01."""


def reached_on(born_on: date, age: int) -> date:
    """The day at whose end the age is reached: the one before the birthday.

    Who is born on 29 February reaches it on 28 February, whether or not the year has a 29th.
    """
    year = born_on.year + age
    if (born_on.month, born_on.day) == (2, 29):
        return date(year, 2, 28)
    return date(year, born_on.month, born_on.day) - timedelta(days=1)


def age_on(born_on: date, on: date) -> int:
    """The age somebody has all day long. Not for law that asks who reaches an age on a day."""
    age = on.year - born_on.year
    return age if reached_on(born_on, age) < on else age - 1


def age_at_end_of(born_on: date, on: date) -> int:
    """The age reached by the end of the day: one more than `age_on` on the eve of a birthday."""
    age = on.year - born_on.year
    if (born_on.month, born_on.day) == (1, 1) and (on.month, on.day) == (12, 31):
        return age + 1
    return age if reached_on(born_on, age) <= on else age - 1


def is_adult(born_on: date, on: date) -> bool:
    return age_on(born_on, on) >= ADULT_AGE
