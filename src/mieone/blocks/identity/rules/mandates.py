"""Acting for another: within the mandate's scope and time, and never wider."""

from collections.abc import Sequence
from datetime import date, datetime, time

from mieone.blocks.identity.model import Mandate, MandateKind
from mieone.blocks.identity.problems import MandateRefused
from mieone.core.clock import JST

MAJORITY_YEARS = 18


def majority_from(born_on: date) -> datetime:
    """民法4条: adult at 18. An age is reached at the end of the day before the birthday."""
    year = born_on.year + MAJORITY_YEARS
    is_leap_day = (born_on.month, born_on.day) == (2, 29)
    # A leap day's year of age is complete when 28 February ends, so that 1 March begins it.
    birthday = (
        date(year, 3, 1)
        if is_leap_day and not _is_leap(year)
        else date(year, born_on.month, born_on.day)
    )
    return datetime.combine(birthday, time(), JST)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def bounded_until(kind: MandateKind, valid_until: datetime, child_born_on: date | None) -> datetime:
    """Parental authority ends with majority, whatever was asked for."""
    if kind is not MandateKind.PARENT:
        return valid_until
    if child_born_on is None:
        raise MandateRefused
    return min(valid_until, majority_from(child_born_on))


def allowed_scope(
    mandates: Sequence[Mandate], wanted: frozenset[str], now: datetime
) -> frozenset[str]:
    """The intersection rule: what is wanted, cut to what some valid mandate gives."""
    valid = (one.scope for one in mandates if one.valid_from <= now < one.valid_until)
    return wanted & frozenset[str]().union(*valid)
