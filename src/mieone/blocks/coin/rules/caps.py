"""Limits by tier: what one payment, one day, one month and one wallet may hold."""

from datetime import datetime, time, timedelta

from mieone.blocks.coin.model import Account, Limits, Outcome, OutcomeCode
from mieone.core.clock import JST

from .expiry import add_months


def find_payment_cap(
    limits: Limits, account: Account, amount_yen: int, now: datetime
) -> Outcome | None:
    """The limit this payment would break, with the moment at which it opens again."""
    today = now.astimezone(JST).date()
    if limits.payment_yen is not None and amount_yen > limits.payment_yen:
        return _over(OutcomeCode.CAP_TX, account, amount_yen, limits.payment_yen)
    paid = account.paid_yen if account.paid_on == today else 0
    if limits.payment_day_yen is not None and paid + amount_yen > limits.payment_day_yen:
        midnight = datetime.combine(today + timedelta(days=1), time.min, JST)
        return _over(OutcomeCode.CAP_DAY, account, amount_yen, limits.payment_day_yen, midnight)
    return None


def find_sending_cap(
    limits: Limits, account: Account, amount_yen: int, now: datetime
) -> Outcome | None:
    month = now.astimezone(JST).date().replace(day=1)
    if limits.p2p_yen is not None and amount_yen > limits.p2p_yen:
        return _over(OutcomeCode.CAP_TX, account, amount_yen, limits.p2p_yen)
    sent = account.sent_yen if account.sent_month == month else 0
    if limits.p2p_month_yen is not None and sent + amount_yen > limits.p2p_month_yen:
        reset = datetime.combine(add_months(month, 1), time.min, JST)
        return _over(OutcomeCode.CAP_MONTH, account, amount_yen, limits.p2p_month_yen, reset)
    return None


def find_balance_cap(limits: Limits, account: Account, amount_yen: int) -> Outcome | None:
    if limits.balance_yen is not None and account.balance_yen + amount_yen > limits.balance_yen:
        return _over(OutcomeCode.CAP_BALANCE, account, amount_yen, limits.balance_yen)
    return None


def _over(
    code: OutcomeCode,
    account: Account,
    amount_yen: int,
    limit_yen: int,
    resets_at: datetime | None = None,
) -> Outcome:
    return Outcome(
        code=code,
        amount_yen=amount_yen,
        balance_yen=account.balance_yen,
        limit_yen=limit_yen,
        resets_at=resets_at,
    )
