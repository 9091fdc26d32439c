"""What people and shops look at: a wallet, a history, one payment."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from mieone.blocks.coin.model import AccountId, AccountStatus, Lot, Shop, Terms, TransferId
from mieone.blocks.coin.rules.expiry import is_over
from mieone.blocks.coin.rules.lots import is_spendable, spending_order
from mieone.blocks.coin.store import wallets as store
from mieone.blocks.coin.store.shops import ShopRecord
from mieone.blocks.coin.store.wallets import Booked, HistoryLine
from mieone.core.database import Conn

HISTORY_LINES = 20


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody holds now: only what still counts."""

    account: AccountId
    status: AccountStatus
    lots: tuple[Lot, ...]
    """In the order in which they are spent."""

    @property
    def balance_yen(self) -> int:
        return sum(lot.open_yen for lot in self.lots)

    def spendable_yen(self, shop: ShopRecord, terms: Terms, now: datetime) -> int:
        facts = Shop(town=shop.town, shop_class=shop.shop_class, status=shop.status)
        return sum(lot.open_yen for lot in self.lots if is_spendable(lot, facts, terms.scopes, now))


async def get_wallet(conn: Conn, account: AccountId, terms: Terms, now: datetime) -> Wallet:
    balance = await store.find_balance(conn, account)
    assert balance is not None
    lots = [
        lot
        for lot in await store.list_open_lots(conn, account)
        if not is_over(lot.terms.expires_at, now)
    ]
    return Wallet(
        account=account,
        status=balance.status,
        lots=tuple(spending_order(lots, terms.scopes)),
    )


async def list_history(
    conn: Conn, account: AccountId, before: TransferId | None = None, limit: int = HISTORY_LINES
) -> Sequence[HistoryLine]:
    return await store.list_history(conn, account, before, limit)


async def find_booked(conn: Conn, transfer: TransferId, account: AccountId) -> Booked | None:
    """A transfer this account had a part in; anybody else's is not there."""
    booked = await store.find_transfer(conn, transfer)
    if booked is None or account not in (booked.payer_id, booked.payee_id):
        return None
    return booked
