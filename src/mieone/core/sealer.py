"""Links what the ledgers hold, behind the snapshot horizon, and signs the heads."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from mieone.core.chain import GENESIS, Chain, canonical, link
from mieone.core.database import Conn
from mieone.core.keys import KeyRing

BATCH = 5_000


class Head(msgspec.Struct, frozen=True, kw_only=True):
    chain: str
    seq: int
    hash: str
    signed_at: str
    key_id: str
    signature: str


class ChangedBeforeSealing(Exception):
    """A row's MAC is wrong before it was ever linked: somebody wrote past the application."""


def head_message(chain: str, seq: int, digest: bytes, signed_at: datetime) -> bytes:
    return f"mieone-head|{chain}|{seq}|{digest.hex()}|{signed_at.isoformat()}".encode()


async def seal(conn: Conn, keyring: KeyRing, chain: Chain, heads: Path | None) -> int:
    """Link one batch in the caller's transaction; returns how many rows were linked.

    Only rows of transactions older than every running one are taken, so that a slow writer can
    never slip in behind a link.
    """
    state = await _lock_state(conn, chain)
    limit = await conn.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())")
    rows = await _list_unlinked(conn, chain, state["horizon"], limit)
    digest, seq, links = state["hash"], state["seq"], []
    for row in rows:
        body = canonical(chain, row["entry_id"], row)
        digest, seq = link(digest, body), seq + 1
        links.append((chain.name, seq, row["entry_id"], digest))
    horizon = rows[-1]["xact_id"] if len(rows) == BATCH else limit
    await _record(conn, chain, links, horizon, seq, digest)
    if links:
        await _sign(conn, keyring, chain, seq, digest, heads)
    return len(links)


async def _lock_state(conn: Conn, chain: Chain) -> "asyncpg.Record":
    await conn.execute(
        "INSERT INTO core.chain_state (chain, horizon, seq, hash, sealed_at) "
        "VALUES ($1, '0', 0, $2, clock_timestamp()) ON CONFLICT DO NOTHING",
        chain.name,
        GENESIS,
    )
    row = await conn.fetchrow(
        "SELECT horizon, seq, hash FROM core.chain_state WHERE chain = $1 FOR UPDATE", chain.name
    )
    assert row is not None
    return row


async def _list_unlinked(
    conn: Conn, chain: Chain, horizon: int, limit: int
) -> list["asyncpg.Record"]:
    columns = ", ".join(f"e.{name}" for name in chain.columns)
    return await conn.fetch(
        f"SELECT e.entry_id, e.xact_id, {columns} FROM {chain.table} AS e "  # noqa: S608
        "WHERE e.xact_id >= $2 AND e.xact_id < $3 AND NOT EXISTS ("
        "SELECT FROM core.chain_link AS l WHERE l.chain = $1 AND l.entry_id = e.entry_id) "
        "ORDER BY e.xact_id, e.entry_id LIMIT $4",
        chain.name,
        horizon,
        limit,
        BATCH,
    )


async def _record(
    conn: Conn,
    chain: Chain,
    links: Sequence[tuple[str, int, UUID, bytes]],
    horizon: int,
    seq: int,
    digest: bytes,
) -> None:
    if links:
        await conn.execute(
            "INSERT INTO core.chain_link (chain, seq, entry_id, hash) "
            "SELECT $1, * FROM unnest($2::bigint[], $3::uuid[], $4::bytea[])",
            chain.name,
            [item[1] for item in links],
            [item[2] for item in links],
            [item[3] for item in links],
        )
    await conn.execute(
        "UPDATE core.chain_state SET horizon = $2, seq = $3, hash = $4, "
        "sealed_at = clock_timestamp() WHERE chain = $1",
        chain.name,
        horizon,
        seq,
        digest,
    )


async def _sign(
    conn: Conn, keyring: KeyRing, chain: Chain, seq: int, digest: bytes, heads: Path | None
) -> None:
    key_id, key = keyring.ed25519("heads")
    signed_at = await conn.fetchval("SELECT clock_timestamp()")
    signature = key.sign(head_message(chain.name, seq, digest, signed_at))
    await conn.execute(
        "INSERT INTO core.chain_head (chain, seq, hash, signed_at, key_id, signature) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        chain.name,
        seq,
        digest,
        signed_at,
        key_id,
        signature,
    )
    if heads is not None:
        _export(heads, chain.name, seq, digest, signed_at, key_id, signature)


def _export(
    folder: Path,
    chain: str,
    seq: int,
    digest: bytes,
    signed_at: datetime,
    key_id: str,
    signature: bytes,
) -> None:
    """Heads leave the database at once; an operator ships this folder to another machine."""
    folder.mkdir(parents=True, exist_ok=True)
    line = {
        "chain": chain,
        "seq": seq,
        "hash": digest.hex(),
        "signed_at": signed_at.isoformat(),
        "key_id": key_id,
        "signature": signature.hex(),
    }
    with (folder / f"{chain}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


async def after_restore(conn: Conn, chains: Sequence[Chain]) -> None:
    """Transaction numbers start anew in a restored server: look at every row once more."""
    for chain in chains:
        await conn.execute("UPDATE core.chain_state SET horizon = '0' WHERE chain = $1", chain.name)
