"""Backup and restore: the data in one place, the keys in another, the destroyed stay destroyed."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
import msgspec

from .cluster import PROGRAMS, Cluster, run_apart
from .reach import HALF_RESTORED, remember_connections
from .roles import DATABASE, Connections, write_private
from .settings import Settings

DESTRUCTIONS = "destruction_list.jsonl"
"""Whose keys were destroyed; the application appends to it in the home."""
_DUMP = "database.dump"
_HEADS = "heads"
_KEYS = "keys"


class BackupError(Exception):
    """A backup cannot be made or restored; the text says why."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, so that a restore can refuse a damaged one or the wrong keys."""

    made_at: datetime
    dump_sha256: str
    keys: Mapping[str, str]
    """Fingerprints of the keys without which nothing sealed can be read."""
    chains: Mapping[str, int]
    """How far each chain was linked when the backup began."""


def make_backup(
    settings: Settings, connections: Connections, target: Path, keys_target: Path | None
) -> list[str]:
    """Write a backup into a new directory; the application may go on writing meanwhile."""
    _check_targets(target, keys_target)
    run_apart(_check_not_empty(connections.auditor_dsn))
    target.mkdir(mode=0o700, parents=True)
    home = settings.home
    # The heads first: each of them must be found in the data that is dumped after it.
    if (home / _HEADS).exists():
        shutil.copytree(home / _HEADS, target / _HEADS)
    if (home / DESTRUCTIONS).exists():
        shutil.copyfile(home / DESTRUCTIONS, target / DESTRUCTIONS)
    chains = run_apart(_linked(connections.auditor_dsn))
    _run_tool("pg_dump", _in_database(connections), ["-Fc", f"--file={target / _DUMP}"])
    (target / _DUMP).chmod(0o600)
    manifest = Manifest(
        made_at=datetime.now(UTC),
        dump_sha256=_sha256(target / _DUMP),
        keys=_fingerprints(home / _KEYS),
        chains=chains,
    )
    lines = [f"data: {target} ({(target / _DUMP).stat().st_size / 2**20:.1f} MiB)"]
    if keys_target is None:
        lines.append(f"keys: not copied; without {home / _KEYS} the backup cannot be read")
    else:
        shutil.copytree(home / _KEYS, keys_target)
        lines.append(f"keys: {keys_target}; keep them apart from the data")
    # Last of all: a directory without a manifest is no backup.
    write_private(target / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest)))
    lines += [f"chain {name}: {seq} entries" for name, seq in sorted(chains.items())]
    return lines


Reopen = Callable[[Settings, Connections], list[str]]
"""Brings the schema up to date, looks at the chains anew and replays the destruction list."""


def restore_backup(
    settings: Settings, source: Path, keys: Path, destructions: Path | None, reopen: Reopen
) -> list[str]:
    """Into an empty home. Until everything is replayed, no other command opens that home."""
    manifest = _check_source(settings, source, keys, destructions)
    home = settings.home
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / HALF_RESTORED).touch(mode=0o600)
    shutil.copytree(keys, home / _KEYS)
    (home / _KEYS).chmod(0o700)
    if (source / _HEADS).exists():
        shutil.copytree(source / _HEADS, home / _HEADS)
    lines = [f"backup of {manifest.made_at.isoformat(timespec='seconds')}"]
    newest = destructions or source / DESTRUCTIONS
    if newest.exists():
        shutil.copyfile(newest, home / DESTRUCTIONS)
    if destructions is None:
        lines.append(
            "destruction list: as old as the backup; if a newer one exists, "
            "restore again with --destructions"
        )
    with Cluster(home) as connections:
        _run_tool("pg_restore", _in_database(connections), ["-e", str(source / _DUMP)])
        remember_connections(home, connections)
        lines += reopen(settings, connections)
    (home / HALF_RESTORED).unlink()
    return lines


def _check_targets(target: Path, keys_target: Path | None) -> None:
    if target.exists():
        raise BackupError(f"{target} exists: name a directory that does not")
    if keys_target is None:
        return
    if keys_target.exists():
        raise BackupError(f"{keys_target} exists: name a directory that does not")
    places = (target.resolve(), keys_target.resolve())
    if places[1].is_relative_to(places[0]) or places[0].is_relative_to(places[1]):
        raise BackupError("keys and data lie in one directory: who finds it reads everything")


def _check_source(
    settings: Settings, source: Path, keys: Path, destructions: Path | None
) -> Manifest:
    if settings.database_url is not None:
        raise BackupError(
            "MIEONE_DATABASE_URL names a server of your own: restore it with that server's tools, "
            "then run `mieone replay` (docs/operations.md)"
        )
    if destructions is not None and not destructions.exists():
        raise BackupError(f"{destructions} does not exist")
    if settings.home.exists() and any(settings.home.iterdir()):
        raise BackupError(f"{settings.home} is not empty: set MIEONE_HOME to a new directory")
    try:
        manifest = msgspec.json.decode((source / "manifest.json").read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError) as reason:
        raise BackupError(f"{source} holds no whole backup: {reason}") from None
    if _sha256(source / _DUMP) != manifest.dump_sha256:
        raise BackupError(f"{source / _DUMP} was changed or damaged since the backup")
    given = _fingerprints(keys)
    missing = sorted(name for name, mark in manifest.keys.items() if given.get(name) != mark)
    if missing:
        raise BackupError(f"{keys} lacks the keys of this backup: {', '.join(missing)}")
    return manifest


def _fingerprints(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.glob("*")) if path.is_file() and path.name[0] != "."]
    return {path.name: _sha256(path)[:16] for path in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _in_database(connections: Connections) -> str:
    """As the one role that row security does not bind: a dump must not leave rows out."""
    parts = urlsplit(connections.maintenance_dsn)
    return urlunsplit(
        parts._replace(path=f"/{DATABASE}" if parts.path == "/postgres" else parts.path)
    )


def _without_password(dsn: str) -> str:
    parts = urlsplit(dsn)
    login, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login.partition(':')[0]}@{host}"))


def _run_tool(name: str, dsn: str, options: list[str]) -> None:
    # Debian's own tools speak TLS to a server elsewhere; the embedded ones do not.
    local = "host=%2F" in dsn
    tool = str(PROGRAMS / name) if local else shutil.which(name) or str(PROGRAMS / name)
    command = [tool, "--dbname", _without_password(dsn), *options]
    # Arguments are seen by every account of the machine, the environment is not.
    environment = {**os.environ, "PGPASSWORD": unquote(urlsplit(dsn).password or "")}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ran.returncode != 0:
        raise BackupError(f"{name} failed: {ran.stderr.strip()[-1000:]}")


async def _check_not_empty(auditor_dsn: str) -> None:
    conn = await asyncpg.connect(auditor_dsn)
    try:
        if await conn.fetchval("SELECT to_regclass('core.chain_state')") is None:
            raise BackupError("nothing was ever written here: there is nothing to back up")
    finally:
        await conn.close()


async def _linked(auditor_dsn: str) -> dict[str, int]:
    conn = await asyncpg.connect(auditor_dsn)
    try:
        rows = await conn.fetch("SELECT chain, seq FROM core.chain_state ORDER BY chain LIMIT 100")
    finally:
        await conn.close()
    return {row["chain"]: row["seq"] for row in rows}
