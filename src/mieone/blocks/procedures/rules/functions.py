"""The functions rules may call: ages, fiscal years, months and rounding, all pure."""

import calendar as gregorian
from datetime import date, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

ONE_DAY = timedelta(days=1)
FISCAL_YEAR_ENDS = (3, 31)


def add_days(day: date, days: int) -> date:
    return day + timedelta(days=days)


def add_months(day: date, months: int) -> date:
    """The same day of a later month; the month's last day where that day does not exist."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = gregorian.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def months_between(start: date, end: date) -> int:
    """Full months from start to end; negative when end comes first."""
    if end < start:
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def attains_age_on(birth: date, years: int) -> date:
    """年齢計算ニ関スル法律: an age is reached at the end of the day before the birthday."""
    target = birth.year + years
    if (birth.month, birth.day) == (2, 29) and not gregorian.isleap(target):
        return date(target, 2, 28)
    return birth.replace(year=target) - ONE_DAY


def age_on(birth: date, day: date) -> int:
    """Completed years on that day."""
    years = day.year - birth.year
    return years if attains_age_on(birth, years) < day else years - 1


def fy_end(day: date) -> date:
    """The first 31 March on or after the day."""
    end = date(day.year, *FISCAL_YEAR_ENDS)
    return end if day <= end else date(day.year + 1, *FISCAL_YEAR_ENDS)


def fy_end_after_age(birth: date, years: int) -> date:
    """「n歳に達する日以後の最初の3月31日」: who is born on 1 April attains the age on 31 March."""
    return fy_end(attains_age_on(birth, years))


def month_start(day: date) -> date:
    return day.replace(day=1)


def round_half_up(amount: int | Decimal, unit: int) -> int:
    steps = (Decimal(amount) / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return int(steps) * unit


def floor_to(amount: int | Decimal, unit: int) -> int:
    steps = (Decimal(amount) / unit).quantize(Decimal(1), rounding=ROUND_FLOOR)
    return int(steps) * unit
