"""The auditor's own derivation: nothing here uses the rules that decided, only what stands on record."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from mieone.blocks.coin.rules.digest import posting_digest
from mieone.blocks.coin.store.statements import AUDIT
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.verify import Finding

_CHECKS = (
    "list_unbalanced_transfers",
    "list_drifted_accounts",
    "list_drifted_lots",
    "list_unexplained_wallet_entries",
    "list_open_circles",
    "list_drifted_snapshots",
    "list_orphans",
    "list_doubled_answers",
)
_PAGE = 1_000
_MOST = 50


async def verify_books(_house: House, conn: Conn) -> Sequence[Finding]:
    """Balances, lots, circles and snapshots, derived anew from the entries."""
    return [
        Finding(check=f"coin:{name.removeprefix('list_')}", where=row["place"], what=row["what"])
        for name in _CHECKS
        for row in await conn.fetch(AUDIT[name])
    ]


async def verify_postings(_house: House, conn: Conn) -> Sequence[Finding]:
    """Every transfer, move and opened lot against the digest in its chained entries."""
    findings: list[Finding] = []
    after: UUID | None = None
    while len(findings) < _MOST:
        transfers = await conn.fetch(AUDIT["page_transfers"], after, _PAGE)
        if not transfers:
            break
        findings += await _check_page(conn, transfers)
        after = transfers[-1]["transfer_id"]
    return findings


async def _check_page(conn: Conn, transfers: Sequence[asyncpg.Record]) -> list[Finding]:
    ids = [row["transfer_id"] for row in transfers]
    moves: dict[UUID, list[tuple[object, ...]]] = defaultdict(list)
    for row in await conn.fetch(AUDIT["list_moves_of"], ids[0], ids[-1]):
        moves[row["transfer_id"]].append(tuple(row.values())[1:])
    lots: dict[UUID, list[tuple[object, ...]]] = defaultdict(list)
    for row in await conn.fetch(AUDIT["list_lots_opened_by"], ids):
        lots[row["opened_by_id"]].append(tuple(row.values()))
    chained: dict[UUID, set[tuple[object, ...]]] = defaultdict(set)
    for row in await conn.fetch(AUDIT["list_entry_digests_of"], ids):
        chained[row["transfer_id"]].add(tuple(row.values())[1:])
    return [
        Finding(
            check="coin:postings",
            where=f"coin.transfer {row['transfer_id']}",
            what="the transfer, a lot move or an opened lot was changed",
        )
        for row in transfers
        if chained[row["transfer_id"]] != _expected(row, moves, lots)
    ]


def _expected(
    row: asyncpg.Record,
    moves: dict[UUID, list[tuple[object, ...]]],
    lots: dict[UUID, list[tuple[object, ...]]],
) -> set[tuple[object, ...]]:
    id = row["transfer_id"]
    digest = posting_digest(tuple(row.values()), moves[id], lots[id])
    return {(row["kind"], row["booked_at"], digest)}
