"""A plain ledger in Python beside the one in SQL, over long random days; the auditor after each."""

import random
from collections import defaultdict
from datetime import timedelta
from uuid import UUID

import pytest

from mieone.blocks.coin.actions.audit import verify_books, verify_postings
from mieone.blocks.coin.actions.upkeep import roll_up
from mieone.blocks.coin.model import (
    AccountId,
    Charge,
    Expire,
    Grant,
    OutcomeCode,
    Pay,
    Refund,
    Request,
    Send,
)
from mieone.blocks.coin.store.book import list_takings
from mieone.core.house import House
from mieone.core.roles import Connections
from tests.conftest import connected

from .conftest import Town
from .given import ANNA, BEN, CHIYO

WALLETS = (ANNA, BEN, CHIYO)


class PlainLedger:
    """Sums only, kept by what the outcomes say."""

    def __init__(self) -> None:
        self.wallets: dict[AccountId, int] = defaultdict(int)
        self.shops: dict[AccountId, int] = defaultdict(int)
        self.payments: dict[UUID, tuple[AccountId, AccountId, int]] = {}

    def note(self, request: Request, amount: int, lapsed: int, id: UUID) -> None:
        match request:
            case Grant() | Charge():
                self.wallets[request.wallet] += amount
            case Pay():
                self.wallets[request.wallet] -= amount
                self.shops[request.shop] += amount
                self.payments[id] = (request.wallet, request.shop, amount)
            case Refund():
                wallet, shop, left = self.payments[request.payment]
                self.payments[request.payment] = (wallet, shop, left - amount)
                self.shops[shop] -= amount
                self.wallets[wallet] += amount - lapsed
            case Send():
                self.wallets[request.wallet] -= amount
                self.wallets[request.receiver] += amount
            case Expire():
                self.wallets[request.wallet] -= amount


def any_request(chance: random.Random, town: Town, plain: PlainLedger) -> Request:
    wallet, other = chance.choice(WALLETS), chance.choice(WALLETS)
    amount = chance.choice((1, 100, 777, 5_000, 20_000))
    shop = chance.choice(list(town.shops.values()))
    ends = chance.choice((None, town.now + timedelta(hours=chance.randint(1, 60))))
    kind = chance.choice("ggcpppprse")
    if kind == "r" and plain.payments:
        payment = chance.choice(list(plain.payments))
        return Refund(payment=payment, shop=plain.payments[payment][1], amount_yen=amount)  # type: ignore[arg-type]
    match kind:
        case "g":
            campaign = chance.choice(("gift", "vouchers"))
            return Grant(wallet=wallet, campaign=campaign, amount_yen=amount, expires_at=ends)
        case "c":
            instrument = chance.choice(("coin", "short"))
            return Charge(wallet=wallet, instrument=instrument, amount_yen=amount)
        case "s":
            return Send(wallet=wallet, receiver=other, amount_yen=amount)
        case "e":
            return Expire(wallet=wallet)
        case _:
            return Pay(wallet=wallet, shop=shop, amount_yen=amount)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_ledger_agrees_with_a_plain_one_day_after_day(
    town: Town, house: House, connections: Connections, seed: int
) -> None:
    chance, plain = random.Random(seed), PlainLedger()
    for _ in range(25):
        requests = [any_request(chance, town, plain) for _ in range(chance.randint(1, 12))]
        commands = [town.command(request) for request in requests]
        outcomes = await town.ask(*[command.request for command in commands])
        for request, outcome in zip(requests, outcomes, strict=True):
            if outcome.code is OutcomeCode.ACCEPTED and outcome.transfer_id is not None:
                plain.note(request, outcome.amount_yen, outcome.lapsed_yen, outcome.transfer_id)
        town.wait(timedelta(hours=chance.randint(0, 5)))
        await agree(town, plain, chance)
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        assert await verify_books(house, auditor) == []
        assert await verify_postings(house, auditor) == []
    assert sum(plain.shops.values()) > 0


async def agree(town: Town, plain: PlainLedger, chance: random.Random) -> None:
    async with town.database.transaction() as conn:
        if chance.random() < 0.3:
            await roll_up(conn)
        rows = await conn.fetch(
            "SELECT a.account_id, a.balance_yen, coalesce(sum(l.open_yen), 0) AS open_yen "
            "FROM coin.account AS a LEFT JOIN coin.lot AS l USING (account_id) "
            "WHERE a.class = 'wallet' GROUP BY 1, 2"
        )
        takings = await list_takings(conn, town.shops.values())
    for row in rows:
        assert row["balance_yen"] == row["open_yen"] == plain.wallets[row["account_id"]]
    for shop in town.shops.values():
        assert takings[shop] == plain.shops[shop]
