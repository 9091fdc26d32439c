"""A few hundred random interleavings; `proofs/door_interleavings.py` runs ten thousand."""

import pytest

from mieone.core.clock import FixedClock
from mieone.core.database import PooledDatabase
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.settings import Settings

from . import given
from .interleaving import Scenario, SteppedDatabase, Tally, run_scenarios, watch_provider

SCENARIOS = 100


async def test_no_interleaving_discloses_unlawfully_or_unlogged(
    connections: Connections,
    database: PooledDatabase,
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
) -> None:
    await given.prepare_stand_in(connections.owner_dsn)
    world = await given.world(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=SteppedDatabase(database),
        households=[],
    )
    watch_provider(world)
    tally = Tally()

    await run_scenarios(world, range(SCENARIOS), tally)

    assert (tally.unlawful, tally.unlogged) == ([], [])
    assert tally.scenarios == SCENARIOS
    # The dice really rolled: every way a request can end has happened.
    assert min(tally.released, tally.refused, tally.cancelled, tally.dropped) > 5
    assert min(tally.withdrawn_in_flight, tally.permits_without_outcome) > 0


@pytest.mark.parametrize("seed", [1])
async def test_the_judge_finds_an_unlawful_release(
    connections: Connections,
    database: PooledDatabase,
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    seed: int,
) -> None:
    """The proof is worth what its judge is worth: told that nobody ever agreed, it complains."""
    await given.prepare_stand_in(connections.owner_dsn)
    world = await given.world(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=SteppedDatabase(database),
        households=[],
    )
    watch_provider(world)
    tally = Tally()
    for number in range(seed, seed + 10):
        scenario = Scenario(world, number)
        await scenario.run()
        for acts in scenario.acts.values():
            acts.clear()
        await scenario.judge(tally)

    assert tally.released > 0
    assert tally.unlawful
