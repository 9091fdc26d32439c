"""What every table here is printed with: the machine, the server's settings, the disk's sync rate."""

import os
import platform
import tempfile
import time
from pathlib import Path

import asyncpg

SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_connections",
    "data_checksums",
)


def sync_rate(seconds: float = 1.0) -> float:
    """fsyncs of one 8 KiB block a second, in the folder PostgreSQL would use."""
    block = os.urandom(8192)
    with tempfile.NamedTemporaryFile(dir=Path.cwd()) as file:
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            file.seek(0)
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            count += 1
        return count / (time.perf_counter() - started)


def machine() -> list[tuple[str, str]]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        ("cores", str(os.cpu_count())),
        ("memory", f"{memory:.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("python", platform.python_version()),
        ("fsync rate", f"{sync_rate():.0f}/s (8 KiB)"),
    ]


async def server(dsn: str) -> list[tuple[str, str]]:
    conn = await asyncpg.connect(dsn)
    try:
        return [(name, await conn.fetchval(f"SHOW {name}")) for name in SETTINGS]
    finally:
        await conn.close()


def table(title: str, columns: list[str], rows: list[list[str]]) -> str:
    """A table that reads in a terminal and in a document."""
    lines = [f"### {title}", "", "| " + " | ".join(columns) + " |"]
    lines.append("|" + "|".join("---" for _ in columns) + "|")
    lines.extend("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join(lines) + "\n"


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
