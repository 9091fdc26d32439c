"""The synthetic residents of a demonstration, through the same import as everybody's."""

import asyncio
from collections.abc import Sequence
from datetime import date

from mieone.blocks.registry import sample, store
from mieone.blocks.registry.model import Entry
from mieone.core.clock import JST
from mieone.core.house import House
from mieone.core.model import TownCode, system_actor

from .imports import Delivery, import_register


async def load_sample(house: House) -> None:
    """Safe to run twice: the people of the first time are made again, and nothing changes."""
    on = await _day_of_sample(house)
    population = await asyncio.to_thread(sample.generate, house.region, on)
    actor = system_actor("registry.sample", house.region.town_codes)
    for town, entries in population.towns.items():
        delivery = Delivery(town=town, content=sample.write_csv(entries), source=sample.SOURCE)
        async with house.database.transaction([town]) as conn:
            await import_register(conn, house.keyring, house.clock, house.region, actor, delivery)
    people = sample.sample_people(population, house.region)
    sample.write_people(
        house.settings.home,
        sample.StoredPeople(seed=population.seed, on=on, people=tuple(people)),
    )


async def _import_town(
    house: House, town: TownCode, entries: Sequence[Entry], turns: asyncio.Semaphore
) -> None:
    actor = system_actor("registry.sample", frozenset({town}))
    async with turns, house.database.transaction([town]) as conn:
        delivery = Delivery(town=town, content=sample.write_csv(entries), source=sample.SOURCE)
        await import_register(conn, house.keyring, house.clock, house.region, actor, delivery)


async def _day_of_sample(house: House) -> date:
    """Ages follow the day of the first load; another day would change everybody's birth date."""
    async with house.database.transaction(house.region.town_codes) as conn:
        first = await store.find_first_run(conn, sorted(house.region.town_codes), sample.SOURCE)
    return house.clock.today() if first is None else first.astimezone(JST).date()
