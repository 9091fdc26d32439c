"""Lots: in which order they are spent, which shop may have them, where value goes back to."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

from mieone.blocks.coin.model import (
    Funding,
    Instrument,
    Lot,
    LotId,
    LotTerms,
    Scope,
    Shop,
    Take,
    Terms,
    TransferId,
)

from .expiry import is_over

_ENDLESS = datetime.max.replace(tzinfo=UTC)


def lot_id(transfer: TransferId, ordinal: int) -> LotId:
    return LotId(uuid5(UUID(int=transfer.int), str(ordinal)))


def spending_order(lots: Iterable[Lot], scopes: dict[str, Scope]) -> list[Lot]:
    """Soonest end first, then the narrowest scope, free before paid, then by id."""

    def rank(lot: Lot) -> tuple[datetime, int, bool, UUID]:
        terms = lot.terms
        return (
            terms.expires_at or _ENDLESS,
            scopes[terms.scope].breadth,
            terms.funding is Funding.PAID,
            lot.id,
        )

    return sorted(lots, key=rank)


def admits(scope: Scope, shop: Shop) -> bool:
    in_town = not scope.towns or shop.town in scope.towns
    return in_town and (not scope.shop_classes or shop.shop_class in scope.shop_classes)


def is_spendable(lot: Lot, shop: Shop, scopes: dict[str, Scope], now: datetime) -> bool:
    return (
        lot.open_yen > 0
        and not is_over(lot.terms.expires_at, now)
        and admits(scopes[lot.terms.scope], shop)
    )


def is_sendable(lot: Lot, instruments: dict[str, Instrument], now: datetime) -> bool:
    instrument = instruments[lot.terms.instrument]
    # Only paid coin leaves a wallet for another: points, vouchers and benefits are personal.
    return (
        lot.open_yen > 0
        and instrument.p2p_allowed
        and lot.terms.funding is Funding.PAID
        and not is_over(lot.terms.expires_at, now)
    )


def take_from(lots: Sequence[Lot], amount_yen: int) -> tuple[Take, ...]:
    """One pass over lots that are already in order and together hold enough."""
    takes: list[Take] = []
    missing = amount_yen
    for lot in lots:
        if missing == 0:
            break
        taken = min(lot.open_yen, missing)
        takes.append(Take(lot.id, lot.terms.instrument, taken))
        missing -= taken
    assert missing == 0
    return tuple(takes)


def give_back(takes: Sequence[Take], amount_yen: int) -> tuple[Take, ...]:
    """Last taken, first restored: paying P and giving back R leaves the lots of paying P−R."""
    backs: list[Take] = []
    missing = amount_yen
    for take in reversed(takes):
        back = min(take.amount_yen - take.restored_yen, missing)
        if back > 0:
            backs.append(Take(take.lot, take.instrument, back))
            missing -= back
    assert missing == 0
    return tuple(backs)


def find_equal(lots: Iterable[Lot], terms: LotTerms) -> Lot | None:
    """The lot that new value of the same terms joins, so that a wallet keeps few lots."""
    return next((lot for lot in lots if lot.terms == terms), None)


def lot_terms(
    terms: Terms, instrument_id: str, expires_at: datetime | None, **origin: str
) -> LotTerms:
    instrument = terms.instruments[instrument_id]
    return LotTerms(
        issuer=instrument.issuer,
        instrument=instrument.id,
        funding=instrument.funding,
        funder=origin.get("funder", ""),
        legal_class=instrument.legal_class,
        scope=instrument.scope,
        expires_at=expires_at,
        campaign=origin.get("campaign", ""),
        grant_run=origin.get("grant_run", ""),
    )
