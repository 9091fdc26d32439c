"""Every no of Mie-Coin that belongs to normal business."""

from typing import ClassVar

from mieone.core.problems import KeyReused, Problem
from mieone.web import Yen

from .model import Outcome, OutcomeCode


class Refused(Problem):
    """The ledger said no; the outcome says why and what helps. One type a code."""

    slug: ClassVar[str] = "coin/refused"
    status: ClassVar[int] = 409

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(
            amount=Yen(outcome.amount_yen),
            balance=Yen(outcome.balance_yen or 0),
            eligible=Yen(outcome.eligible_yen or 0),
            elsewhere=Yen(outcome.elsewhere_yen),
            expired=Yen(outcome.expired_yen),
            limit=Yen(outcome.limit_yen or 0),
            resets_at=outcome.resets_at or outcome.booked_at or "",
        )


class Insufficient(Refused):
    slug: ClassVar[str] = "coin/insufficient"


class ShopClassNotAllowed(Refused):
    slug: ClassVar[str] = "coin/shop-class-not-allowed"


class KycRequired(Refused):
    slug: ClassVar[str] = "coin/kyc-required"


class SendingNotAllowed(Refused):
    slug: ClassVar[str] = "coin/p2p-not-allowed"


class OverPaymentCap(Refused):
    slug: ClassVar[str] = "coin/cap-tx"


class OverDayCap(Refused):
    slug: ClassVar[str] = "coin/cap-day"


class OverMonthCap(Refused):
    slug: ClassVar[str] = "coin/cap-month"


class OverBalanceCap(Refused):
    slug: ClassVar[str] = "coin/cap-balance"


class BudgetExhausted(Refused):
    slug: ClassVar[str] = "coin/budget-exhausted"


class OutsideWindow(Refused):
    slug: ClassVar[str] = "coin/outside-window"


class OverCampaignCap(Refused):
    slug: ClassVar[str] = "coin/campaign-cap"


class CodeExpired(Refused):
    slug: ClassVar[str] = "coin/code-expired"


class CodeUsed(Refused):
    slug: ClassVar[str] = "coin/code-used"


class CodeWrongShop(Refused):
    slug: ClassVar[str] = "coin/code-wrong-shop"


class AccountFrozen(Refused):
    slug: ClassVar[str] = "coin/account-frozen"


class ShopClosed(Refused):
    slug: ClassVar[str] = "coin/merchant-closed"


class UnknownAccount(Refused):
    slug: ClassVar[str] = "coin/unknown-account"
    status: ClassVar[int] = 404


class RefundExceeds(Refused):
    slug: ClassVar[str] = "coin/refund-exceeds"


class RefundWindowClosed(Refused):
    slug: ClassVar[str] = "coin/refund-window-closed"


class BadRequest(Refused):
    slug: ClassVar[str] = "coin/bad-request"
    status: ClassVar[int] = 400


class KeyConflict(Refused, KeyReused):
    """Other blocks that pay through the port catch it as core's `KeyReused`."""

    slug: ClassVar[str] = "coin/key-conflict"


class UnknownShop(Problem):
    slug: ClassVar[str] = "coin/unknown-shop"
    status: ClassVar[int] = 404


class UnknownBill(Problem):
    slug: ClassVar[str] = "coin/unknown-bill"
    status: ClassVar[int] = 404


class UnknownCampaign(Problem):
    slug: ClassVar[str] = "coin/unknown-campaign"
    status: ClassVar[int] = 404


class BadCode(Problem):
    """What was scanned or typed is no code that can be paid here."""

    slug: ClassVar[str] = "coin/bad-code"
    status: ClassVar[int] = 422


class WrongToken(Problem):
    slug: ClassVar[str] = "coin/wrong-token"
    status: ClassVar[int] = 401


class KeyMissing(Problem):
    """A write of money came without its Idempotency-Key."""

    slug: ClassVar[str] = "coin/key-missing"
    status: ClassVar[int] = 400


_BY_CODE: dict[OutcomeCode, type[Refused]] = {
    OutcomeCode.INSUFFICIENT: Insufficient,
    OutcomeCode.SHOP_CLASS_NOT_ALLOWED: ShopClassNotAllowed,
    OutcomeCode.KYC_REQUIRED: KycRequired,
    OutcomeCode.P2P_NOT_ALLOWED: SendingNotAllowed,
    OutcomeCode.CAP_TX: OverPaymentCap,
    OutcomeCode.CAP_DAY: OverDayCap,
    OutcomeCode.CAP_MONTH: OverMonthCap,
    OutcomeCode.CAP_BALANCE: OverBalanceCap,
    OutcomeCode.BUDGET_EXHAUSTED: BudgetExhausted,
    OutcomeCode.OUTSIDE_WINDOW: OutsideWindow,
    OutcomeCode.CAMPAIGN_CAP: OverCampaignCap,
    OutcomeCode.CODE_EXPIRED: CodeExpired,
    OutcomeCode.CODE_USED: CodeUsed,
    OutcomeCode.CODE_WRONG_SHOP: CodeWrongShop,
    OutcomeCode.ACCOUNT_FROZEN: AccountFrozen,
    OutcomeCode.MERCHANT_CLOSED: ShopClosed,
    OutcomeCode.UNKNOWN_ACCOUNT: UnknownAccount,
    OutcomeCode.REFUND_EXCEEDS: RefundExceeds,
    OutcomeCode.REFUND_WINDOW_CLOSED: RefundWindowClosed,
    OutcomeCode.BAD_REQUEST: BadRequest,
    OutcomeCode.KEY_CONFLICT: KeyConflict,
}


def refusal_of(outcome: Outcome) -> Refused:
    return _BY_CODE[outcome.code](outcome)
