"""Ten thousand random interleavings at the door.

    python -m proofs.door_interleavings [how many] [first seed]

Afterwards every chain is sealed and verified. Writes results/door_interleavings.md; exit 1 when one
disclosure was unlawful or is not on record.
"""

import asyncio
import sys
import time
from pathlib import Path

from tests.door.interleaving import SteppedDatabase, Tally, run_scenarios, watch_provider

from mieone.blocks.access.store import CHAIN as ACCESS
from mieone.blocks.consent.store import CHAIN as CONSENT
from mieone.core.cluster import temporary_cluster
from mieone.core.keys import KeyRing
from mieone.core.roles import Connections
from mieone.core.sealer import seal
from mieone.core.verify import verify_chain

from . import door_ground as ground

AT_ONCE = 6


async def prove(connections: Connections, count: int, first: int) -> tuple[Tally, list[str], float]:
    await ground.build(connections)
    with ground.home_folder() as home:
        return await _prove(connections, home, count, first)


async def _prove(
    connections: Connections, home: Path, count: int, first: int
) -> tuple[Tally, list[str], float]:
    tally, started = Tally(), time.monotonic()
    async with ground.pool(connections.app_dsn, 24) as database:
        world = await ground.world_in(home, SteppedDatabase(database))
        watch_provider(world)
        for begin in range(first, first + count, 500):
            seeds = range(begin, min(begin + 500, first + count))
            await run_scenarios(world, seeds, tally, AT_ONCE)
            world.register.forget()
            spent = time.monotonic() - started
            sys.stderr.write(f"{tally.scenarios} scenarios, {spent:.0f} s\n")
        findings = await _verify(connections, world.house.keyring)
    return tally, findings, time.monotonic() - started


async def _verify(connections: Connections, keyring: KeyRing) -> list[str]:
    async with ground.pool(connections.sealer_dsn, 2) as sealer:
        for chain in (ACCESS, CONSENT):
            sealed = 1
            while sealed:
                async with sealer.transaction() as conn:
                    sealed = await seal(conn, keyring, chain, None)
    lines = []
    async with ground.pool(connections.auditor_dsn, 2) as auditor:
        for chain in (ACCESS, CONSENT):
            async with auditor.transaction() as conn:
                checked, findings = await verify_chain(conn, keyring, chain)
            lines.append(f"chain {chain.name}: {checked} entries, {len(findings)} findings")
    return lines


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with temporary_cluster() as connections:
        tally, findings, seconds = asyncio.run(prove(connections, count, first))
    lines = [
        "Each scenario: one household, one to four requests, people giving and withdrawing; a seeded",
        "scheduler orders every statement; tasks are cancelled and connections cut between any two.",
        "Judged from the provider's and the receiver's own logs against people's own acts.",
        "",
        "| what | count |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in _figures(tally)),
        *(f"| {line.split(': ')[0]} | {line.split(': ')[1]} |" for line in findings),
        "",
        f"Seeds {first} to {first + count - 1}, {seconds:.0f} s.",
        *(f"- {one}" for one in (*tally.unlawful, *tally.unlogged)[:50]),
    ]
    path = ground.write_result("door_interleavings", lines)
    sys.stdout.write(path.read_text("utf-8"))
    clean = all(line.endswith(", 0 findings") for line in findings)
    return 0 if clean and not tally.unlawful and not tally.unlogged else 1


def _figures(tally: Tally) -> list[tuple[str, int]]:
    return [
        ("interleavings", tally.scenarios),
        ("steps scheduled", tally.steps),
        ("requests", tally.requests),
        ("released", tally.released),
        ("rows of people released", tally.released_rows),
        ("refused", tally.refused),
        ("tasks cancelled", tally.cancelled),
        ("connections cut", tally.dropped),
        ("rows withdrawn in flight", tally.withdrawn_in_flight),
        ("permits without outcome (count as disclosed)", tally.permits_without_outcome),
        ("access rows", tally.access_rows),
        ("**unlawful disclosures**", len(tally.unlawful)),
        ("**disclosures or requests not on record**", len(tally.unlogged)),
    ]


if __name__ == "__main__":
    sys.exit(main())
