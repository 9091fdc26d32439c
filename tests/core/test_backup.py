"""Backup and restore: nothing is lost, nothing is left unlinked, and keys never lie beside data."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from mieone.core.backup import DESTRUCTIONS, BackupError, make_backup, restore_backup
from mieone.core.chain import Chain, append
from mieone.core.cluster import Cluster, ClusterError
from mieone.core.database import PooledDatabase
from mieone.core.keys import KeyRing
from mieone.core.reach import HALF_RESTORED, reached
from mieone.core.roles import Connections
from mieone.core.schema import all_migrations, migrate
from mieone.core.sealer import seal
from mieone.core.settings import Settings
from tests.conftest import connected

NOTES = Chain(name="notes", table="notes.note", columns=("at", "town", "text"))
TABLES = """
SELECT core.create_block_schema('notes');
CREATE TABLE notes.note (
    entry_id uuid PRIMARY KEY, mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL, town text NOT NULL, text text NOT NULL
);
SELECT core.make_ledger('notes.note');
CREATE TABLE notes.card (town text NOT NULL, holder uuid NOT NULL);
SELECT core.secure_by_town('notes.card');
"""


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mieone-backup-") as made:
        yield Path(made)


def settings_of(home: Path) -> Settings:
    return Settings(home=home, region_dir=Path("regions/mie"))


def nothing_to_do(_settings: Settings, _connections: Connections) -> list[str]:
    return []


async def fill(connections: Connections, home: Path, entries: int) -> None:
    """A ledger with every entry linked but the last, and a table under row security."""
    keyring = KeyRing.open(home)
    await migrate(connections.owner_dsn, all_migrations([]))
    async with connected(connections.owner_dsn) as owner:
        await owner.execute(TABLES)
    database = await PooledDatabase.open(connections.app_dsn, 1)
    for number in range(entries):
        async with database.transaction(["240001"]) as conn:
            values = {"at": datetime.now(UTC), "town": "240001", "text": str(number)}
            await append(conn, keyring, NOTES, values)
            await conn.execute("INSERT INTO notes.card VALUES ('240001', $1)", uuid4())
        if number < entries - 1:
            await link(connections, keyring, home)
    await database.close()


async def link(connections: Connections, keyring: KeyRing, home: Path) -> None:
    sealer = await PooledDatabase.open(connections.sealer_dsn, 1)
    async with sealer.transaction() as conn:
        await seal(conn, keyring, NOTES, home / "heads")
    await sealer.close()


async def counted(connections: Connections, table: str) -> int:
    async with connected(connections.auditor_dsn) as auditor:
        return int(await auditor.fetchval(f"SELECT count(*) FROM {table}"))


async def test_a_restored_home_holds_every_row_and_every_link(place: Path) -> None:
    ours, theirs = settings_of(place / "ours"), settings_of(place / "theirs")
    with Cluster(ours.home) as connections:
        await fill(connections, ours.home, entries=5)
        (ours.home / DESTRUCTIONS).write_text("{}\n")
        lines = make_backup(ours, connections, place / "data", place / "keys")

    reopened: list[int] = []

    def reopen(_settings: Settings, _connections: Connections) -> list[str]:
        reopened.append(1)
        return ["reopened"]

    told = restore_backup(theirs, place / "data", place / "keys", None, reopen)

    assert any(line.startswith("chain notes: 4") for line in lines)
    assert told[-1] == "reopened"
    assert reopened == [1]
    with reached(theirs) as connections:
        assert await counted(connections, "notes.note") == 5
        assert await counted(connections, "notes.card") == 5
        assert await counted(connections, "core.chain_link") == 4
        async with connected(connections.app_dsn) as app:
            # Row security came back with the data.
            assert await app.fetchval("SELECT count(*) FROM notes.card") == 0
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute("DELETE FROM notes.note")
    assert (theirs.home / "keys/master-1.key").read_bytes() == (
        (ours.home / "keys/master-1.key").read_bytes()
    )
    assert (theirs.home / "heads/notes.jsonl").exists()
    assert (theirs.home / DESTRUCTIONS).exists()


async def test_no_key_lies_in_the_data(place: Path) -> None:
    ours = settings_of(place / "ours")
    with Cluster(ours.home) as connections:
        await fill(connections, ours.home, entries=1)
        make_backup(ours, connections, place / "data", None)
        with pytest.raises(BackupError, match="one directory"):
            make_backup(ours, connections, place / "other", place / "other/keys")
        with pytest.raises(BackupError, match="exists"):
            make_backup(ours, connections, place / "data", None)

    master = (ours.home / "keys/master-1.key").read_bytes()
    found = [path for path in (place / "data").rglob("*") if path.is_file()]
    assert {path.name for path in found} == {"database.dump", "manifest.json"}
    assert all(master not in path.read_bytes() for path in found)
    assert all(path.stat().st_mode & 0o077 == 0 for path in found)


async def test_what_cannot_be_restored_is_refused_before_anything_is_touched(place: Path) -> None:
    ours, theirs = settings_of(place / "ours"), settings_of(place / "theirs")
    with Cluster(ours.home) as connections:
        await fill(connections, ours.home, entries=1)
        make_backup(ours, connections, place / "data", place / "keys")
    data, keys = place / "data", place / "keys"
    other = KeyRing.open(place / "stranger")

    with pytest.raises(BackupError, match=r"lacks the keys.*master-1\.key"):
        restore_backup(theirs, data, place / "stranger/keys", None, nothing_to_do)
    with pytest.raises(BackupError, match="not empty"):
        restore_backup(ours, data, keys, None, nothing_to_do)
    with pytest.raises(BackupError, match="no whole backup"):
        restore_backup(theirs, keys, keys, None, nothing_to_do)
    with (data / "database.dump").open("r+b") as dump:
        dump.seek(4000)
        dump.write(b"????")
    with pytest.raises(BackupError, match="damaged"):
        restore_backup(theirs, data, keys, None, nothing_to_do)
    assert not theirs.home.exists()
    assert other.current == 1


async def test_a_restore_that_was_not_finished_opens_no_door(place: Path) -> None:
    ours, theirs = settings_of(place / "ours"), settings_of(place / "theirs")
    with Cluster(ours.home) as connections:
        await fill(connections, ours.home, entries=1)
        make_backup(ours, connections, place / "data", place / "keys")

    def power_cut(_settings: Settings, _connections: Connections) -> list[str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_backup(theirs, place / "data", place / "keys", None, power_cut)

    assert (theirs.home / HALF_RESTORED).exists()
    with pytest.raises(ClusterError, match="not finished"), reached(theirs):
        pass
