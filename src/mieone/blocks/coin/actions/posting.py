"""Post what arrived together: one lock, one decision, one statement, an answer for each."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from mieone.blocks.coin.model import (
    Account,
    AccountClass,
    AccountId,
    Allot,
    Command,
    Grant,
    Outcome,
    OutcomeCode,
    Pay,
    Payment,
    Refund,
    Reply,
    Request,
    Send,
    TransferId,
    system_account,
)
from mieone.blocks.coin.rules.book import Book
from mieone.blocks.coin.rules.decide import Decision, Item, decide
from mieone.blocks.coin.store import book as reading
from mieone.blocks.coin.store import posting as writing
from mieone.blocks.coin.store.book import Answer, Key
from mieone.blocks.coin.store.configuration import Configuration
from mieone.blocks.coin.store.ids import ids_at
from mieone.core.clock import JST
from mieone.core.database import Conn
from mieone.core.keys import KeyRing


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What every posting needs beside the database."""

    keyring: KeyRing
    configuration: Configuration
    read_clock: Callable[[Conn], Awaitable[datetime]] = reading.read_clock
    """The database's clock; tests and simulated days put their own here."""


async def post(conn: Conn, ledger: Ledger, commands: Sequence[Command]) -> list[Reply]:
    """Answers in the order of the commands. The same key and body get the same answer as before."""
    digests = {_key(command): _digest(command.request) for command in reversed(commands)}
    firsts = {_key(command): command for command in reversed(commands)}
    fresh = await reading.claim_answers(conn, digests)
    # One that comes twice in a flush is judged once, at its first place.
    judged = [firsts[key] for key in dict.fromkeys(map(_key, commands)) if key in fresh]
    known = {} if len(fresh) == len(firsts) else await _list_known(conn, set(firsts) - fresh)
    for command, outcome in zip(judged, await _judge(conn, ledger, judged), strict=True):
        known[_key(command)] = Answer(body_sha256=digests[_key(command)], outcome=outcome)
    return _replies(commands, known, fresh)


async def _list_known(conn: Conn, keys: set[Key]) -> dict[Key, Answer]:
    return await reading.list_answers(conn, sorted(keys))


def _replies(commands: Sequence[Command], known: dict[Key, Answer], fresh: set[Key]) -> list[Reply]:
    replies: list[Reply] = []
    told: set[Key] = set()
    for command in commands:
        key = _key(command)
        answer = known[key]
        if answer.body_sha256 != _digest(command.request):
            replies.append(Reply(outcome=Outcome(code=OutcomeCode.KEY_CONFLICT)))
            continue
        replies.append(Reply(outcome=answer.outcome, replayed=key not in fresh or key in told))
        told.add(key)
    return replies


def _key(command: Command) -> Key:
    return (command.client_id, command.key)


def _digest(request: Request) -> bytes:
    return hashlib.sha256(msgspec.json.encode(request, order="sorted")).digest()


async def _judge(conn: Conn, ledger: Ledger, commands: Sequence[Command]) -> list[Outcome]:
    if not commands:
        return []
    requests = [command.request for command in commands]
    book, now = await _read_book(conn, ledger, requests)
    ids = ids_at(now)
    items = [Item(transfer_id=TransferId(next(ids)), request=request) for request in requests]
    terms = ledger.configuration.terms_on(now.astimezone(JST).date())
    decision = decide(book, terms, now, items)
    reasons = {
        item.transfer_id: command.reason for item, command in zip(items, commands, strict=True)
    }
    answers = {
        _key(command): None if outcome.code is OutcomeCode.BAD_REQUEST else outcome
        for command, outcome in zip(commands, decision.outcomes, strict=True)
    }
    postings = [(posting, reasons[posting.transfer.id]) for posting in decision.postings]
    usage = _changed_usage(book, decision)
    await writing.post(conn, ledger.keyring, ids, postings, usage, answers)
    return list(decision.outcomes)


def _changed_usage(book: Book, decision: Decision) -> list[Account]:
    """Accounts whose counters of the day or month moved."""
    return [
        after
        for before, after in zip(
            book.accounts.values(), decision.book.accounts.values(), strict=True
        )
        if (before.paid_on, before.paid_yen, before.sent_month, before.sent_yen)
        != (after.paid_on, after.paid_yen, after.sent_month, after.sent_yen)
    ]


async def _read_book(
    conn: Conn, ledger: Ledger, requests: Sequence[Request]
) -> tuple[Book, datetime]:
    """Lock first, in one order everywhere; read what the locks protect in later statements."""
    refunds = [one for one in requests if isinstance(one, Refund)]
    payments = await _find_payments(conn, refunds)
    bills = [one.bill for one in requests if isinstance(one, Pay) and one.bill is not None]
    locked_bills = await reading.lock_bills(conn, bills) if bills else {}
    accounts = await reading.lock_accounts(conn, _accounts_to_lock(requests, payments))
    now = await ledger.read_clock(conn)
    wallets = [one.id for one in accounts.values() if one.kind is AccountClass.WALLET]
    lots = await reading.list_lots(conn, wallets, list(payments), now)
    shops = [one.shop for one in requests if isinstance(one, Pay)]
    book = Book(
        accounts=accounts,
        lots=lots,
        shops=await reading.list_shop_facts(conn, shops) if shops else {},
        bills=locked_bills,
    )
    if payments:
        takes = await reading.list_takes(conn, list(payments))
        book.payments = {
            id: msgspec.structs.replace(payment, takes=takes.get(id, ()))
            for id, payment in payments.items()
        }
        book.takings = await reading.list_takings(conn, [one.shop for one in refunds])
    return book, now


async def _find_payments(conn: Conn, refunds: Sequence[Refund]) -> dict[TransferId, Payment]:
    if not refunds:
        return {}
    return await reading.list_payments(conn, [one.payment for one in refunds])


def _accounts_to_lock(
    requests: Sequence[Request], payments: dict[TransferId, Payment]
) -> set[AccountId]:
    """Every wallet whose lots may change, budgets, and shops that give back; never a shop that takes."""
    accounts: set[AccountId] = set()
    for request in requests:
        match request:
            case Allot():
                accounts.add(system_account(AccountClass.CAMPAIGN_BUDGET, request.campaign))
            case Grant():
                accounts.add(system_account(AccountClass.CAMPAIGN_BUDGET, request.campaign))
                accounts.add(request.wallet)
            case Refund():
                if payment := payments.get(request.payment):
                    accounts |= {payment.wallet, request.shop}
            case Send():
                accounts |= {request.wallet, request.receiver}
            case _:
                accounts.add(request.wallet)
    return accounts
