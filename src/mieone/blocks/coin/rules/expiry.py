"""When value ends: exclusive instants in Japan's time, and the six-month rule for exempt instruments."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta

from mieone.blocks.coin.model import ExpiryKind, ExpiryRule, LegalClass
from mieone.core.clock import JST


def exclusive_instant(last_day: date) -> datetime:
    """「2027-03-31まで」 is the first moment of 2027-04-01 in Japan."""
    return datetime.combine(last_day + timedelta(days=1), time.min, JST)


def last_day_of(expires_at: datetime) -> date:
    """The last day on which the value counts, as it is printed."""
    return (expires_at.astimezone(JST) - timedelta(microseconds=1)).date()


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def last_day_within_six_months(recorded_on: date) -> date:
    # 資金決済法4条2号 counts from the later of recording and delivery; recording is the stricter day.
    return add_months(recorded_on, 6) - timedelta(days=1)


def decide_expiry(rule: ExpiryRule, recorded_at: datetime) -> datetime | None:
    recorded_on = recorded_at.astimezone(JST).date()
    match rule.kind:
        case ExpiryKind.NEVER:
            return None
        case ExpiryKind.SIX_MONTHS:
            return exclusive_instant(last_day_within_six_months(recorded_on))
        case ExpiryKind.MONTHS:
            return exclusive_instant(add_months(recorded_on, rule.months) - timedelta(days=1))
        case ExpiryKind.FIXED:
            if rule.last_day is None:
                raise ValueError("a fixed expiry rule names its last day")
            return exclusive_instant(rule.last_day)


def keeps_exemption(
    legal_class: LegalClass, recorded_at: datetime, expires_at: datetime | None
) -> bool:
    """Whether a lot may be called exempt_6m with this expiry; other classes may end whenever they like."""
    if legal_class is not LegalClass.EXEMPT_6M:
        return True
    latest = exclusive_instant(last_day_within_six_months(recorded_at.astimezone(JST).date()))
    return expires_at is not None and expires_at <= latest


def is_over(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is not None and expires_at <= now
