"""The ledger in the database: keys, locks, constraints, refunds, midnight."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from mieone.blocks.coin.actions.flusher import Flusher
from mieone.blocks.coin.actions.posting import post
from mieone.blocks.coin.actions.upkeep import expire_ended, roll_up
from mieone.blocks.coin.model import (
    Charge,
    Expire,
    Grant,
    OutcomeCode,
    Pay,
    Refund,
    Reply,
    Request,
    Send,
)
from mieone.blocks.coin.store.book import list_takings
from mieone.core.roles import Connections
from tests.conftest import connected

from .conftest import Town
from .given import ANNA, BEN


async def shop_balance(town: Town, shop: str) -> int:
    async with town.database.transaction() as conn:
        return (await list_takings(conn, [town.shops[shop]]))[town.shops[shop]]


async def post_as(town: Town, key: str, *requests: Request) -> list[Reply]:
    commands = [town.command(request, key) for request in requests]
    async with town.database.transaction() as conn:
        return await post(conn, town.ledger, commands)


async def test_a_gift_is_paid_to_a_shop_and_the_shop_sees_it_at_once(town: Town) -> None:
    gift, paid = await town.ask(
        Grant(wallet=ANNA, campaign="gift", amount_yen=10_000),
        Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=1_200),
    )

    assert gift.is_accepted
    assert (paid.is_accepted, paid.balance_yen) == (True, 8_800)
    assert await shop_balance(town, "bakery") == 1_200


async def test_the_same_key_gets_the_same_answer(town: Town) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    pay = Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=3_000)

    (first,) = await post_as(town, "k", pay)
    town.wait(timedelta(minutes=5))
    (again,) = await post_as(town, "k", pay)

    assert (first.replayed, again.replayed) == (False, True)
    assert first.outcome == again.outcome
    assert await shop_balance(town, "bakery") == 3_000


async def test_a_refusal_keeps_its_key_too(town: Town) -> None:
    pay = Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=3_000)

    (first,) = await post_as(town, "k", pay)
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    (again,) = await post_as(town, "k", pay)

    assert first.outcome.code is OutcomeCode.INSUFFICIENT
    assert again.outcome == first.outcome
    assert again.replayed


async def test_a_key_with_another_body_is_a_conflict(town: Town) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    bakery = town.shops["bakery"]

    await post_as(town, "k", Pay(wallet=ANNA, shop=bakery, amount_yen=100))
    (other,) = await post_as(town, "k", Pay(wallet=ANNA, shop=bakery, amount_yen=200))

    assert other.outcome.code is OutcomeCode.KEY_CONFLICT
    assert await shop_balance(town, "bakery") == 100


async def test_a_key_that_comes_twice_in_one_flush_is_judged_once(town: Town) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    pay = Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=100)
    other = Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=101)

    first, second, third = await post_as(town, "k", pay, pay, other)

    assert first.outcome == second.outcome
    assert (first.replayed, second.replayed) == (False, True)
    assert third.outcome.code is OutcomeCode.KEY_CONFLICT
    assert await shop_balance(town, "bakery") == 100


async def test_nonsense_uses_up_no_key(town: Town) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    bakery = town.shops["bakery"]

    (nonsense,) = await post_as(town, "k", Pay(wallet=ANNA, shop=bakery, amount_yen=0))
    (sense,) = await post_as(town, "k", Pay(wallet=ANNA, shop=bakery, amount_yen=10))

    assert nonsense.outcome.code is OutcomeCode.BAD_REQUEST
    assert sense.outcome.is_accepted


async def test_the_answer_outlives_a_client_that_died_after_the_commit(town: Town) -> None:
    """The reply is lost, the money is not: the key tells what happened, in any process."""
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    flusher = Flusher(town.database, town.ledger, max_wait_s=0.05)
    await flusher.start()
    command = town.command(Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=700), "lost")
    asking = asyncio.create_task(flusher.submit(command))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await flusher.submit(town.command(Expire(wallet=BEN)))
    await flusher.stop()

    (again,) = await post_as(town, "lost", command.request)

    assert again.replayed
    assert again.outcome.is_accepted
    assert await shop_balance(town, "bakery") == 700


async def test_a_flush_that_breaks_leaves_nothing_behind(town: Town) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    pay = town.command(Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=700), "torn")

    with pytest.raises(ConnectionAbortedError):
        async with town.database.transaction() as conn:
            await post(conn, town.ledger, [pay])
            raise ConnectionAbortedError
    (again,) = await post_as(town, "torn", pay.request)

    assert not again.replayed
    assert await shop_balance(town, "bakery") == 700


async def test_one_popular_shop_holds_nobody_up(town: Town) -> None:
    """Payments never lock the shop: while one waits for its commit, another one passes."""
    await town.ask(
        Charge(wallet=ANNA, instrument="coin", amount_yen=5_000),
        Charge(wallet=BEN, instrument="coin", amount_yen=5_000),
    )
    bakery = town.shops["bakery"]
    slow = town.command(Pay(wallet=ANNA, shop=bakery, amount_yen=100))
    async with town.database.transaction() as conn:
        await post(conn, town.ledger, [slow])
        async with asyncio.timeout(60):
            (quick,) = await town.ask(Pay(wallet=BEN, shop=bakery, amount_yen=200))

    assert quick.is_accepted
    assert await shop_balance(town, "bakery") == 300


async def test_many_at_once_never_overspend(town: Town) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=1_000))
    flushers = [Flusher(town.database, town.ledger) for _ in range(3)]
    for flusher in flushers:
        await flusher.start()

    replies = await asyncio.gather(
        *(
            flushers[number % 3].submit(
                town.command(Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=100))
            )
            for number in range(30)
        )
    )
    for flusher in flushers:
        await flusher.stop()

    assert sum(reply.outcome.is_accepted for reply in replies) == 10
    assert await shop_balance(town, "bakery") == 1_000


async def test_crossing_transfers_do_not_lock_each_other(town: Town) -> None:
    await town.ask(
        Charge(wallet=ANNA, instrument="coin", amount_yen=10_000),
        Charge(wallet=BEN, instrument="coin", amount_yen=10_000),
    )

    async def send(source: object, target: object) -> None:
        for _ in range(10):
            await town.ask(
                *(
                    Send(wallet=source, receiver=target, amount_yen=10)  # type: ignore[arg-type]
                    for _ in range(5)
                ),
                Grant(wallet=source, campaign="gift", amount_yen=1),  # type: ignore[arg-type]
            )

    # A deadlock would raise 40P01 here.
    await asyncio.gather(send(ANNA, BEN), send(BEN, ANNA), send(ANNA, BEN), send(BEN, ANNA))


async def test_value_ends_at_midnight_in_japan(town: Town) -> None:
    midnight = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
    await town.ask(Grant(wallet=ANNA, campaign="gift", amount_yen=1_000, expires_at=midnight))
    pay = Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=100)

    town.now = midnight - timedelta(microseconds=1)
    (before,) = await town.ask(pay)
    town.now = midnight
    (after,) = await town.ask(pay)

    assert before.is_accepted
    assert (after.code, after.expired_yen) == (OutcomeCode.INSUFFICIENT, 900)


async def test_what_has_ended_is_booked_out_once(town: Town) -> None:
    end = town.now + timedelta(days=1)
    await town.ask(Grant(wallet=ANNA, campaign="gift", amount_yen=1_000, expires_at=end))
    assert await expire_ended(town.database, town.ledger) == 0
    town.now = end

    assert await expire_ended(town.database, town.ledger) == 1
    assert await expire_ended(town.database, town.ledger) == 0
    async with town.database.transaction() as conn:
        assert (
            await conn.fetchval(
                "SELECT sum(amount_yen) FROM coin.entry WHERE kind = 'expire' AND amount_yen > 0"
            )
            == 1_000
        )


async def test_a_shop_cancels_a_payment_into_the_same_lots(town: Town) -> None:
    soon = town.now + timedelta(days=10)
    await town.ask(
        Grant(wallet=ANNA, campaign="gift", amount_yen=500, expires_at=soon),
        Charge(wallet=ANNA, instrument="coin", amount_yen=500),
    )
    (paid,) = await town.ask(Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=800))
    assert paid.transfer_id is not None
    cancel = Refund(payment=paid.transfer_id, shop=town.shops["bakery"])

    (back,) = await town.ask(cancel)
    (twice,) = await town.ask(cancel)

    assert (back.code, back.amount_yen) == (OutcomeCode.ACCEPTED, 800)
    assert twice.code is OutcomeCode.REFUND_EXCEEDS
    assert await shop_balance(town, "bakery") == 0
    async with town.database.transaction() as conn:
        lots = await conn.fetch("SELECT open_yen, granted_yen FROM coin.lot")
    assert [tuple(lot.values()) for lot in lots] == [(500, 500), (500, 500)]


async def test_a_spent_lot_takes_new_value_of_the_same_terms(town: Town) -> None:
    charge = Charge(wallet=ANNA, instrument="coin", amount_yen=300)
    pay = Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=300)

    for _ in range(2):
        outcomes = await town.ask(charge, pay)
        assert all(outcome.is_accepted for outcome in outcomes)

    async with town.database.transaction() as conn:
        lots = await conn.fetch("SELECT open_yen, granted_yen FROM coin.lot")
    assert [tuple(lot.values()) for lot in lots] == [(0, 600)]


async def test_the_till_counts_snapshot_and_tail(town: Town) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))
    pay = Pay(wallet=ANNA, shop=town.shops["bakery"], amount_yen=100)

    for expected in (100, 200, 300):
        await town.ask(pay)
        async with town.database.transaction() as conn:
            await roll_up(conn)
        assert await shop_balance(town, "bakery") == expected
    async with town.database.transaction() as conn:
        assert (
            await conn.fetchval(
                "SELECT sum(balance_yen) FROM coin.account_snapshot WHERE account_id = $1",
                town.shops["bakery"],
            )
            == 300
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE coin.entry SET amount_yen = amount_yen + 1",
        "DELETE FROM coin.entry",
        "DELETE FROM coin.entry_2026_11",
        "UPDATE coin.transfer SET amount_yen = 1",
        "DELETE FROM coin.lot_move",
        "TRUNCATE coin.entry",
        "DELETE FROM coin.lot",
        "UPDATE coin.lot SET funding = 'free', legal_class = 'free'",
        "UPDATE coin.lot SET expires_at = now() + interval '1 year'",
        "UPDATE coin.lot SET issuer_id = 'other'",
    ],
)
async def test_not_even_the_owner_rewrites_the_books(
    town: Town, connections: Connections, statement: str
) -> None:
    await town.ask(Charge(wallet=ANNA, instrument="coin", amount_yen=5_000))

    async with connected(connections.owner_dsn) as owner:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.CheckViolationError)):
            await owner.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO coin.entry (entry_id, transfer_id, kind, account_id, instrument_id, amount_yen, "
        "booked_at, posting_sha256, mac) SELECT gen_random_uuid(), gen_random_uuid(), 'pay', "
        "gen_random_uuid(), 'coin', 1, now(), '', ''",
        "UPDATE coin.account SET balance_yen = 1000000",
        "UPDATE coin.lot SET open_yen = granted_yen",
        "INSERT INTO coin.lot SELECT * FROM coin.lot",
        "DELETE FROM coin.answer",
    ],
)
async def test_the_application_writes_money_only_through_the_posting_function(
    town: Town, connections: Connections, statement: str
) -> None:
    async with connected(connections.app_dsn) as app:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


async def test_a_lot_cannot_be_called_free_when_its_instrument_is_paid(
    town: Town, connections: Connections
) -> None:
    async with connected(connections.owner_dsn) as owner:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await owner.execute(
                "INSERT INTO coin.lot (lot_id, account_id, issuer_id, instrument_id, funding, "
                "legal_class, scope, issued_at, opened_by_id, granted_yen, open_yen) "
                "VALUES (gen_random_uuid(), $1, 'assoc', 'coin', 'free', 'free', 'common', now(), "
                "gen_random_uuid(), 1, 1)",
                ANNA,
            )


async def test_entries_that_do_not_balance_are_refused_by_the_database(town: Town) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with town.database.transaction() as conn:
            await conn.execute(
                "SELECT coin.post('{}', ARRAY[(gen_random_uuid(), gen_random_uuid(), 'pay', $1::uuid, "
                "'coin', 5, now(), ''::bytea, ''::bytea)::coin.entry_row], '{}', '{}', '{}', '{}')",
                ANNA,
            )
