"""Usual things of Mie-Coin for tests: terms with every kind of value, wallets, shops, lots."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from mieone.blocks.coin.model import (
    Account,
    AccountClass,
    AccountId,
    Campaign,
    ExpiryKind,
    ExpiryRule,
    Funding,
    Instrument,
    Issuer,
    IssuerKind,
    LegalClass,
    Limits,
    Lot,
    LotTerms,
    Request,
    Scope,
    Shop,
    ShopStatus,
    Terms,
    Tier,
    TransferId,
    ValueKind,
    system_account,
)
from mieone.blocks.coin.rules.book import Book
from mieone.blocks.coin.rules.decide import Item
from mieone.blocks.coin.rules.lots import lot_id
from mieone.blocks.coin.store.configuration import Configuration, DatedLimits, Rulebook
from mieone.core.region import Names

SPACE = UUID(int=7)
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
START = date(2026, 4, 1)


def account_id(name: str) -> AccountId:
    return AccountId(uuid5(SPACE, name))


def transfer_id(number: int) -> TransferId:
    return TransferId(uuid5(SPACE, f"transfer {number}"))


def named(text: str) -> Names:
    return Names(ja=text, kana=text, yasashii=text, en=text)


def instrument(id: str, kind: ValueKind, **changes: object) -> Instrument:
    usual: dict[str, object] = {
        "issuer": "assoc",
        "name": named(id),
        "funding": Funding.FREE,
        "legal_class": LegalClass.FREE,
        "scope": "common",
        "expiry": ExpiryRule(kind=ExpiryKind.MONTHS, months=6),
        "valid_from": START,
    }
    return Instrument(id=id, value_kind=kind, **(usual | changes))  # type: ignore[arg-type]


COIN = instrument(
    "coin",
    ValueKind.COIN,
    funding=Funding.PAID,
    legal_class=LegalClass.PREPAID,
    expiry=ExpiryRule(kind=ExpiryKind.NEVER),
    p2p_allowed=True,
)
SHORT = instrument(
    "short",
    ValueKind.COIN,
    funding=Funding.PAID,
    legal_class=LegalClass.EXEMPT_6M,
    expiry=ExpiryRule(kind=ExpiryKind.SIX_MONTHS),
)
POINT = instrument("point", ValueKind.POINT)
LOCAL = instrument("local", ValueKind.VOUCHER, scope="local")
INSTRUMENTS = {one.id: one for one in (COIN, SHORT, POINT, LOCAL)}


def campaign(id: str, instrument: str, **changes: object) -> Campaign:
    usual: dict[str, object] = {
        "name": named(id),
        "town": "000019",
        "purpose": "gift",
        "funder": "town",
        "budget_yen": 0,
        "grant_max_yen": 50_000,
        "starts_at": NOW - timedelta(days=100),
    }
    return Campaign(id=id, instrument=instrument, **(usual | changes))  # type: ignore[arg-type]


def terms(**changes: object) -> Terms:
    usual: dict[str, object] = {
        "issuers": {"assoc": Issuer(id="assoc", kind=IssuerKind.ASSOCIATION, name=named("assoc"))},
        "instruments": INSTRUMENTS,
        "scopes": {
            "common": Scope(id="common", name=named("common"), breadth=100),
            "local": Scope(
                id="local", name=named("local"), breadth=10, shop_classes=frozenset({"local"})
            ),
        },
        "campaigns": {
            "gift": campaign("gift", "point"),
            "vouchers": campaign("vouchers", "local"),
        },
        "limits": {
            Tier.T0: limits(p2p_allowed=False),
            Tier.T1: limits(),
            Tier.T2: limits(payment_yen=300_000, payment_day_yen=300_000),
        },
    }
    return Terms(**(usual | changes))  # type: ignore[arg-type]


def limits(**changes: object) -> Limits:
    usual: dict[str, object] = {
        "balance_yen": 100_000,
        "payment_yen": 40_000,
        "payment_day_yen": 60_000,
        "p2p_allowed": True,
        "p2p_yen": 20_000,
        "p2p_month_yen": 30_000,
    }
    return Limits(**(usual | changes))  # type: ignore[arg-type]


ANNA, BEN, CHIYO = account_id("anna"), account_id("ben"), account_id("chiyo")
BAKERY, MARKET, CLOSED = account_id("bakery"), account_id("market"), account_id("closed")
SHOPS = {
    BAKERY: Shop(town="000019", shop_class="local"),
    MARKET: Shop(town="000027", shop_class="chain"),
    CLOSED: Shop(town="000019", shop_class="local", status=ShopStatus.CLOSED),
}
GIFT_BUDGET = system_account(AccountClass.CAMPAIGN_BUDGET, "gift")
VOUCHER_BUDGET = system_account(AccountClass.CAMPAIGN_BUDGET, "vouchers")


def lot_terms(instrument: str, expires_at: datetime | None = None, **changes: object) -> LotTerms:
    kind = INSTRUMENTS[instrument]
    usual: dict[str, object] = {"funder": "", "legal_class": kind.legal_class, "scope": kind.scope}
    return LotTerms(
        issuer=kind.issuer,
        instrument=instrument,
        funding=kind.funding,
        expires_at=expires_at,
        **(usual | changes),  # type: ignore[arg-type]
    )


def lot(
    number: int,
    instrument: str,
    open_yen: int,
    expires_at: datetime | None = None,
    of: AccountId = ANNA,
) -> Lot:
    return Lot(
        id=lot_id(transfer_id(-1), number),
        account=of,
        terms=lot_terms(instrument, expires_at),
        issued_at=NOW - timedelta(days=90),
        granted_yen=open_yen,
        open_yen=open_yen,
    )


def book(*lots: Lot, budget_yen: int = 100_000, tier: Tier = Tier.T1) -> Book:
    """Three wallets holding these lots, two budgets, three shops that may all give back."""
    accounts = {
        wallet: Account(
            id=wallet,
            kind=AccountClass.WALLET,
            tier=tier,
            balance_yen=sum(one.open_yen for one in lots if one.account == wallet),
        )
        for wallet in (ANNA, BEN, CHIYO)
    }
    for budget in (GIFT_BUDGET, VOUCHER_BUDGET):
        accounts[budget] = Account(
            id=budget, kind=AccountClass.CAMPAIGN_BUDGET, balance_yen=budget_yen
        )
    by_account: dict[AccountId, dict] = {}  # type: ignore[type-arg]
    for one in lots:
        by_account.setdefault(one.account, {})[one.id] = one
    return Book(
        accounts=accounts,
        lots=by_account,
        shops=dict(SHOPS),
        takings=dict.fromkeys(SHOPS, 0),
        payments={},
        bills={},
    )


def items(*requests: Request, start: int = 0) -> list[Item]:
    return [
        Item(transfer_id=transfer_id(number), request=request)
        for number, request in enumerate(requests, start=start)
    ]


def configuration(**changes: object) -> Configuration:
    usual = terms(**changes)
    return Configuration(
        rulebook=Rulebook(
            qr_guid="example.mieone.coin",
            bill_lifetime_s=300,
            refund_days=0,
            source="test",
            confirmed=False,
        ),
        issuers=tuple(usual.issuers.values()),
        scopes=tuple(usual.scopes.values()),
        instruments=tuple(usual.instruments.values()),
        campaigns=tuple(usual.campaigns.values()),
        limits=tuple(
            DatedLimits(tier=tier, valid_from=START, limits=row, source="test", confirmed=False)
            for tier, row in usual.limits.items()
        ),
    )
