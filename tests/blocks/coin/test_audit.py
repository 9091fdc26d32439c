"""The auditor finds what was changed by hand, and nothing where nothing was."""

import pytest

from mieone.blocks.coin.actions.audit import verify_books, verify_postings
from mieone.blocks.coin.model import Charge, Expire, Grant, Pay, Refund, Send
from mieone.blocks.coin.store.posting import ENTRY_CHAIN
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.roles import Connections
from mieone.core.sealer import seal
from mieone.core.verify import Finding, verify_chain
from tests.conftest import connected

from .conftest import Town
from .given import ANNA, BEN


async def a_busy_day(town: Town) -> None:
    paid = (
        await town.ask(
            Grant(wallet=ANNA, campaign="gift", amount_yen=10_000),
            Charge(wallet=ANNA, instrument="coin", amount_yen=5_000),
            Send(wallet=ANNA, receiver=BEN, amount_yen=500),
            Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=1_200),
            Pay(wallet=BEN, shop=town.shops["market"], amount_yen=300),
            Expire(wallet=ANNA),
        )
    )[3]
    assert paid.transfer_id is not None
    await town.ask(Refund(payment=paid.transfer_id, shop=town.shops["bakery"], amount_yen=200))


async def findings_of(connections: Connections, house: House) -> list[Finding]:
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        _, chained = await verify_chain(auditor, house.keyring, ENTRY_CHAIN)
        books = await verify_books(house, auditor)
        return [*chained, *books, *await verify_postings(house, auditor)]


async def test_an_honest_ledger_has_no_findings(
    town: Town, house: House, connections: Connections, sealer: PooledDatabase
) -> None:
    await a_busy_day(town)
    async with sealer.transaction() as conn:
        assert await seal(conn, house.keyring, ENTRY_CHAIN, None) > 0

    assert await findings_of(connections, house) == []


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        (
            "UPDATE coin.account SET balance_yen = balance_yen + 1 WHERE class = 'wallet'",
            "accounts",
        ),
        ("UPDATE coin.account SET balance_yen = 9 WHERE class = 'campaign_budget'", "accounts"),
        ("UPDATE coin.lot SET open_yen = open_yen - 1 WHERE open_yen > 0", "lots"),
        ("UPDATE coin.entry SET amount_yen = amount_yen + 1 WHERE kind = 'pay'", "chain"),
        ("UPDATE coin.entry SET account_id = gen_random_uuid() WHERE kind = 'pay'", "orphans"),
        ("UPDATE coin.transfer SET amount_yen = amount_yen + 1 WHERE kind = 'pay'", "postings"),
        ("UPDATE coin.transfer SET reason = 'x' WHERE kind = 'grant'", "postings"),
        ("UPDATE coin.lot_move SET lot_id = gen_random_uuid() WHERE ordinal = 0", "postings"),
        ("UPDATE coin.lot SET expires_at = NULL WHERE funding = 'free'", "postings"),
        ("DELETE FROM coin.entry WHERE kind = 'pay'", "chain"),
        ("DELETE FROM coin.transfer WHERE kind = 'send'", "orphans"),
    ],
)
async def test_whatever_is_changed_by_hand_is_named(
    town: Town,
    house: House,
    connections: Connections,
    sealer: PooledDatabase,
    statement: str,
    check: str,
) -> None:
    await a_busy_day(town)
    async with sealer.transaction() as conn:
        await seal(conn, house.keyring, ENTRY_CHAIN, None)

    # A superuser who switches every guard off.
    async with connected(connections.maintenance_dsn) as hand:
        await hand.execute("SET session_replication_role = replica")
        changed = await hand.execute(statement)

    assert not changed.endswith(" 0")
    found = await findings_of(connections, house)
    assert any(check in finding.check for finding in found), found
