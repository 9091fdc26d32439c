"""Mie-Coin's ground: a ledger on a database of its own, with test terms, shops and wallets."""

from datetime import datetime, timedelta

import pytest

from mieone.blocks.coin.actions.posting import Ledger, post
from mieone.blocks.coin.actions.shops import NewShop, add_shop
from mieone.blocks.coin.actions.upkeep import open_months, record_configuration
from mieone.blocks.coin.model import (
    AccountClass,
    AccountId,
    Allot,
    Command,
    Outcome,
    Request,
    Tier,
)
from mieone.blocks.coin.store.wallets import record_account
from mieone.core.database import Conn, Database, PooledDatabase
from mieone.core.keys import KeyRing

from . import given


class Town:
    """A small town with a ledger: what a test asks of it comes back as outcomes."""

    def __init__(self, database: Database, keyring: KeyRing) -> None:
        self.database = database
        self.now = given.NOW
        self.ledger = Ledger(
            keyring=keyring, configuration=given.configuration(), read_clock=self._read_clock
        )
        self.shops: dict[str, AccountId] = {}
        self._keys = 0

    async def _read_clock(self, conn: Conn) -> datetime:
        return self.now

    async def build(self) -> None:
        async with self.database.transaction() as conn:
            await record_configuration(conn, self.ledger.configuration)
            await open_months(conn, self.now.date())
            for name, number, shop_class in (
                ("bakery", "100001", "local"),
                ("market", "100002", "chain"),
            ):
                shop = await add_shop(
                    conn,
                    NewShop(
                        town="000019",
                        name=name,
                        name_latin=name,
                        city_latin="X",
                        shop_class=shop_class,
                        number=number,
                    ),
                )
                self.shops[name] = AccountId(shop.account_id)
            for wallet in (given.ANNA, given.BEN, given.CHIYO):
                await record_account(conn, wallet, AccountClass.WALLET, tier=Tier.T1)
        await self.ask(Allot(campaign="gift", amount_yen=1_000_000))
        await self.ask(Allot(campaign="vouchers", amount_yen=1_000_000))

    def command(self, request: Request, key: str = "") -> Command:
        self._keys += 1
        return Command(client_id="test", key=key or f"k{self._keys}", request=request)

    async def ask(self, *requests: Request) -> list[Outcome]:
        commands = [self.command(request) for request in requests]
        async with self.database.transaction() as conn:
            return [reply.outcome for reply in await post(conn, self.ledger, commands)]

    def wait(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
async def town(database: PooledDatabase, keyring: KeyRing) -> Town:
    made = Town(database, keyring)
    await made.build()
    return made
