"""Postings as rows, handed to `coin.post` in one statement."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.coin.model import Account, AccountId, Lot, Outcome, Posting
from mieone.blocks.coin.rules.digest import posting_digest
from mieone.core.chain import Chain, mac_of
from mieone.core.database import Conn
from mieone.core.keys import KeyRing

from .book import Key
from .statements import QUERIES

ENTRY_CHAIN = Chain(
    name="coin",
    table="coin.entry",
    columns=(
        "transfer_id",
        "kind",
        "account_id",
        "instrument_id",
        "amount_yen",
        "booked_at",
        "posting_sha256",
    ),
)

Row = tuple[object, ...]


async def post(
    conn: Conn,
    keyring: KeyRing,
    ids: Iterator[UUID],
    postings: Sequence[tuple[Posting, str]],
    usage: Sequence[Account],
    answers: Mapping[Key, Outcome | None],
) -> None:
    """Postings with their reasons. An answer of None gives its key back."""
    transfers = [_transfer_row(posting, reason) for posting, reason in postings]
    moves = [_move_rows(posting) for posting, _ in postings]
    lots = [[_lot_row(posting, lot) for lot in posting.opened] for posting, _ in postings]
    entries = [
        row
        for (posting, _), transfer, moved, opened in zip(
            postings, transfers, moves, lots, strict=True
        )
        for row in _entry_rows(
            keyring, ids, posting, posting_digest(transfer, [move[2:] for move in moved], opened)
        )
    ]
    await conn.execute(
        QUERIES["post"],
        transfers,
        entries,
        [row for rows in moves for row in rows],
        [row for rows in lots for row in rows],
        [_usage_row(account) for account in usage],
        [_answer_row(key, outcome) for key, outcome in answers.items()],
    )


def _transfer_row(posting: Posting, reason: str) -> Row:
    one = posting.transfer
    return (
        one.id,
        one.kind.value,
        one.booked_at,
        one.amount_yen,
        one.payer,
        one.payee,
        one.reverses,
        one.bill,
        one.campaign,
        reason,
    )


def _move_rows(posting: Posting) -> list[Row]:
    one = posting.transfer
    return [
        (one.id, one.kind.value, ordinal, move.lot, move.account, move.amount_yen, move.source)
        for ordinal, move in enumerate(posting.moves)
    ]


def _lot_row(posting: Posting, lot: Lot) -> Row:
    terms = lot.terms
    return (
        lot.id,
        lot.account,
        terms.issuer,
        terms.instrument,
        terms.funding.value,
        terms.funder,
        terms.legal_class.value,
        terms.scope,
        terms.expires_at,
        terms.campaign,
        terms.grant_run,
        lot.issued_at,
        posting.transfer.id,
        lot.parent,
    )


def _entry_rows(
    keyring: KeyRing, ids: Iterator[UUID], posting: Posting, digest: bytes
) -> Iterator[Row]:
    one = posting.transfer
    for entry in posting.entries:
        entry_id = next(ids)
        values: dict[str, UUID | str | int | datetime | bytes | AccountId] = {
            "transfer_id": one.id,
            "kind": one.kind.value,
            "account_id": entry.account,
            "instrument_id": entry.instrument,
            "amount_yen": entry.amount_yen,
            "booked_at": one.booked_at,
            "posting_sha256": digest,
        }
        mac = mac_of(keyring, ENTRY_CHAIN, entry_id, values)
        yield (entry_id, *values.values(), mac)


def _usage_row(account: Account) -> Row:
    return (
        account.id,
        account.paid_on,
        account.paid_yen,
        account.sent_month,
        account.sent_yen,
    )


def _answer_row(key: Key, outcome: Outcome | None) -> Row:
    return (*key, None if outcome is None else msgspec.json.encode(outcome).decode())
