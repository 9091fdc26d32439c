"""Ledgers: what is appended is linked in order, and whatever is changed by hand is found and named."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.core.chain import GENESIS, Chain, append, append_many, canonical, link
from mieone.core.database import PooledDatabase
from mieone.core.keys import KeyRing
from mieone.core.roles import Connections
from mieone.core.sealer import after_restore, seal
from mieone.core.verify import Finding, verify_chain
from tests.conftest import connected

NOTES = Chain(
    name="notes", table="notes.note", columns=("at", "who", "text", "amount", "seq", "hash")
)
TABLE = """
SELECT core.create_block_schema('notes');
CREATE TABLE notes.note (
    entry_id uuid PRIMARY KEY, mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL, who uuid NOT NULL, text text NOT NULL, amount bigint, seq integer, hash text
);
SELECT core.make_ledger('notes.note');
"""


def note(text: str, amount: int | None = 1) -> dict[str, object]:
    return {
        "at": datetime.now(UTC),
        "who": uuid4(),
        "text": text,
        "amount": amount,
        "seq": 7,
        "hash": "its own",
    }


@pytest.fixture
async def ledger(connections: Connections) -> None:
    async with connected(connections.owner_dsn) as owner:
        await owner.execute(TABLE)


async def sealed(sealer: PooledDatabase, keyring: KeyRing, heads: Path | None = None) -> int:
    async with sealer.transaction() as conn:
        return await seal(conn, keyring, NOTES, heads)


async def findings(
    connections: Connections, keyring: KeyRing, heads: Path | None = None
) -> list[Finding]:
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        return (await verify_chain(auditor, keyring, NOTES, heads))[1]


@pytest.mark.usefixtures("ledger")
async def test_rows_of_a_running_transaction_wait_and_none_is_skipped(
    database: PooledDatabase, sealer: PooledDatabase, keyring: KeyRing, connections: Connections
) -> None:
    async with database.transaction() as slow:
        await append(slow, keyring, NOTES, note("slow"))
        async with database.transaction() as quick:
            await append(quick, keyring, NOTES, note("quick"))
        while_running = await sealed(sealer, keyring)
    afterwards = await sealed(sealer, keyring)

    assert (while_running, afterwards) == (0, 2)
    assert await findings(connections, keyring) == []


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("UPDATE notes.note SET text = 'changed' WHERE text = 'two'", "the row was changed"),
        ("DELETE FROM notes.note WHERE text = 'two'", "the row is gone"),
        (
            (
                "INSERT INTO notes.note VALUES "
                "(gen_random_uuid(), '\\x00', DEFAULT, now(), gen_random_uuid(), 'forged')"
            ),
            "not written by the application",
        ),
        ("DELETE FROM core.chain_link WHERE seq = 3", "beyond the last link"),
    ],
)
async def test_whatever_an_administrator_changes_by_hand_is_found_and_named(
    database: PooledDatabase,
    sealer: PooledDatabase,
    keyring: KeyRing,
    connections: Connections,
    deed: str,
    words: str,
) -> None:
    async with database.transaction() as conn:
        await append_many(conn, keyring, NOTES, [note("one"), note("two"), note("three")])
    await sealed(sealer, keyring)

    async with connected(connections.maintenance_dsn) as superuser:
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute(deed)

    found = await findings(connections, keyring)
    assert any(words in finding.what for finding in found)


@pytest.mark.usefixtures("ledger")
async def test_no_login_of_ours_can_change_a_ledger(
    database: PooledDatabase, keyring: KeyRing, connections: Connections
) -> None:
    async with database.transaction() as conn:
        await append(conn, keyring, NOTES, note("kept"))

    for dsn in (connections.app_dsn, connections.owner_dsn, connections.sealer_dsn):
        for deed in ("UPDATE notes.note SET text = ''", "DELETE FROM notes.note"):
            async with connected(dsn) as somebody:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await somebody.execute(deed)


@pytest.mark.usefixtures("ledger")
async def test_heads_that_left_the_machine_outlive_a_rewritten_chain(
    database: PooledDatabase,
    sealer: PooledDatabase,
    keyring: KeyRing,
    connections: Connections,
    tmp_path: Path,
) -> None:
    async with database.transaction() as conn:
        await append(conn, keyring, NOTES, note("one"))
    await sealed(sealer, keyring, tmp_path)
    line = json.loads((tmp_path / "notes.jsonl").read_text("utf-8"))

    async with connected(connections.maintenance_dsn) as superuser:
        await superuser.execute("SET session_replication_role = replica")
        for table in ("notes.note", "core.chain_link", "core.chain_head", "core.chain_state"):
            await superuser.execute(f"DELETE FROM {table}")

    found = await findings(connections, keyring, tmp_path)
    assert line["seq"] == 1
    assert [finding.what for finding in found] == ["an exported head is no longer in the chain"]


@pytest.mark.usefixtures("ledger")
async def test_after_a_restore_every_row_is_linked_once(
    database: PooledDatabase, sealer: PooledDatabase, keyring: KeyRing, connections: Connections
) -> None:
    async with database.transaction() as conn:
        await append_many(conn, keyring, NOTES, [note(str(n)) for n in range(20)])
    await sealed(sealer, keyring)
    async with database.transaction() as conn:
        await append(conn, keyring, NOTES, note("late"))

    async with sealer.transaction() as conn:
        await after_restore(conn, [NOTES])
    linked = await sealed(sealer, keyring)

    assert linked == 1
    assert await findings(connections, keyring) == []


@pytest.mark.usefixtures("ledger")
async def test_two_sealers_at_once_make_one_chain(
    database: PooledDatabase, sealer: PooledDatabase, keyring: KeyRing, connections: Connections
) -> None:
    async def write() -> None:
        for number in range(25):
            async with database.transaction() as conn:
                await append(conn, keyring, NOTES, note(str(number)))
            await sealed(sealer, keyring)

    await asyncio.gather(write(), write(), write())
    await sealed(sealer, keyring)

    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        count, found = await verify_chain(auditor, keyring, NOTES)
    assert (count, found) == (75, [])


@for_all(text=st.text(), amount=st.none() | st.integers(-(2**63), 2**63 - 1))
def test_entries_that_differ_have_different_canonical_bytes(text: str, amount: int | None) -> None:
    entry_id, values = uuid4(), note(text, amount)
    changed = {**values, "text": text + "x"}

    assert canonical(NOTES, entry_id, values) != canonical(NOTES, entry_id, changed)
    assert link(GENESIS, canonical(NOTES, entry_id, values)) != GENESIS
