"""Checks a chain from the outside: every row, every link, every head, in order."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mieone.core.chain import GENESIS, Chain, canonical, link
from mieone.core.database import Conn
from mieone.core.keys import KeyRing
from mieone.core.sealer import head_message

MAX_FINDINGS = 50


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that should not be, named so that a person can look at it."""

    check: str
    where: str
    what: str


async def verify_chain(
    conn: Conn, keyring: KeyRing, chain: Chain, heads: Path | None = None
) -> tuple[int, list[Finding]]:
    """How many entries were checked, and what is wrong, the first bad entry first."""
    public = keyring.ed25519("heads")[1].public_key()
    findings: list[Finding] = []
    signed = await _signed_heads(conn, chain, public, findings)
    digest, count = GENESIS, 0
    async for row in _linked_rows(conn, chain):
        if len(findings) >= MAX_FINDINGS:
            break
        count += 1
        digest = _check_row(keyring, chain, row, count, digest, findings)
        head = signed.pop(count, None)
        if head is not None and head != row["link_hash"]:
            findings.append(_finding(chain, f"seq {count}", "the signed head is another hash"))
    findings.extend(
        _finding(chain, f"seq {seq}", "a signed head lies beyond the last link") for seq in signed
    )
    findings.extend(await _unlinked(conn, keyring, chain))
    if heads is not None:
        findings.extend(await _missing_exports(conn, chain, heads))
    return count, findings


def _finding(chain: Chain, where: str, what: str) -> Finding:
    return Finding(check=f"chain:{chain.name}", where=where, what=what)


def _check_row(
    keyring: KeyRing,
    chain: Chain,
    row: "asyncpg.Record",
    expected_seq: int,
    previous: bytes,
    findings: list[Finding],
) -> bytes:
    where = f"{chain.table} {row['linked_id']} (seq {row['link_seq']})"
    if row["link_seq"] != expected_seq:
        findings.append(_finding(chain, where, f"expected seq {expected_seq}"))
    if row["entry_id"] is None:
        findings.append(_finding(chain, where, "the row is gone"))
        return bytes(row["link_hash"])
    body = canonical(chain, row["entry_id"], row)
    if not keyring.mac_is_right(f"chain:{chain.name}", body, row["mac"]):
        findings.append(_finding(chain, where, "the row was changed"))
    elif link(previous, body) != row["link_hash"]:
        findings.append(_finding(chain, where, "the link does not follow from the one before"))
    return bytes(row["link_hash"])


async def _linked_rows(conn: Conn, chain: Chain) -> AsyncIterator["asyncpg.Record"]:
    columns = ", ".join(f"e.{name}" for name in chain.columns)
    statement = (
        # A ledger may have columns called seq or hash of its own.
        "SELECT l.seq AS link_seq, l.hash AS link_hash, l.entry_id AS linked_id, "  # noqa: S608
        f"e.entry_id, e.mac, {columns} "
        f"FROM core.chain_link AS l LEFT JOIN {chain.table} AS e ON e.entry_id = l.entry_id "
        "WHERE l.chain = $1 ORDER BY l.seq"
    )
    async for row in conn.cursor(statement, chain.name, prefetch=2000):
        yield row


async def _signed_heads(
    conn: Conn, chain: Chain, public: Ed25519PublicKey, findings: list[Finding]
) -> dict[int, bytes]:
    rows = await conn.fetch(
        "SELECT seq, hash, signed_at, signature FROM core.chain_head WHERE chain = $1 ORDER BY seq",
        chain.name,
    )
    for row in rows:
        message = head_message(chain.name, row["seq"], row["hash"], row["signed_at"])
        try:
            public.verify(row["signature"], message)
        except InvalidSignature:
            findings.append(_finding(chain, f"head {row['seq']}", "the signature is wrong"))
    return {row["seq"]: row["hash"] for row in rows}


async def _unlinked(conn: Conn, keyring: KeyRing, chain: Chain) -> list[Finding]:
    """Rows behind the horizon that no link names: put in by hand, or hidden from the sealer."""
    columns = ", ".join(f"e.{name}" for name in chain.columns)
    rows = await conn.fetch(
        f"SELECT e.entry_id, e.mac, {columns}, e.xact_id < s.horizon AS behind "  # noqa: S608
        f"FROM {chain.table} AS e LEFT JOIN core.chain_state AS s ON s.chain = $1 "
        "WHERE NOT EXISTS (SELECT FROM core.chain_link AS l "
        "WHERE l.chain = $1 AND l.entry_id = e.entry_id) LIMIT 1000",
        chain.name,
    )
    findings: list[Finding] = []
    for row in rows:
        where = f"{chain.table} {row['entry_id']} (not yet sealed)"
        body = canonical(chain, row["entry_id"], row)
        if not keyring.mac_is_right(f"chain:{chain.name}", body, row["mac"]):
            findings.append(_finding(chain, where, "the row was not written by the application"))
        elif row["behind"]:
            findings.append(_finding(chain, where, "the row stands behind the sealed horizon"))
    return findings


async def _missing_exports(conn: Conn, chain: Chain, heads: Path) -> list[Finding]:
    """Every head that left the machine must still be the link of that number."""
    path = heads / f"{chain.name}.jsonl"
    if not path.exists():
        return []
    exported = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    rows = await conn.fetch(
        "SELECT seq, hash FROM core.chain_link WHERE chain = $1 AND seq = ANY($2::bigint[])",
        chain.name,
        [item["seq"] for item in exported],
    )
    found = {row["seq"]: row["hash"].hex() for row in rows}
    return [
        _finding(chain, f"seq {item['seq']}", "an exported head is no longer in the chain")
        for item in exported
        if found.get(item["seq"]) != item["hash"]
    ]
