"""Usual things of the register; a test states only what matters to it."""

from datetime import date

import msgspec

from mieone.blocks.exchange.jobs import open_door
from mieone.blocks.identity.actions.offering import Offering
from mieone.blocks.registry import sample
from mieone.blocks.registry.actions import Delivery
from mieone.blocks.registry.model import HEAD, Entry, Extent, ResidentStatus, Sex
from mieone.core.block import Block
from mieone.core.clock import FixedClock
from mieone.core.database import Database
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.region import Region
from mieone.core.settings import Settings

TODAY = date(2026, 11, 22)


def entry(number: int = 1, **changed: object) -> Entry:
    usual = Entry(
        addressee_number=f"A-{number:05d}",
        household_number=f"S-{number:05d}",
        relationship=HEAD,
        name="見本　花子",
        name_kana="ミホン ハナコ",
        former_name=None,
        former_name_kana=None,
        alias=None,
        alias_kana=None,
        born_on=date(1980, 5, 5),
        sex=Sex.FEMALE,
        postal_code="5150300",
        oaza="大字見本",
        banchi="12番地3",
        building=None,
        moved_in_on=None,
        status=ResidentStatus.RESIDENT,
        status_on=None,
        protected_from=None,
        protected_until=None,
    )
    return msgspec.structs.replace(usual, **changed)


def content(*entries: Entry) -> bytes:
    return sample.write_csv(entries)


def delivery(
    town: TownCode, *entries: Entry, extent: Extent = Extent.WHOLE, source: str = "test"
) -> Delivery:
    return Delivery(town=town, content=content(*entries), source=source, extent=extent)


def importer(region: Region) -> Actor:
    return Actor(
        kind=ActorKind.OPERATOR, id="operator", organisation="test", towns=region.town_codes
    )


async def house(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    database: Database,
    *blocks: Block,
) -> House:
    """With the real door, and behind it what identity and the region's files put there."""
    offering = Offering()
    made = House(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=database,
        blocks=(*blocks, Block(name="identity", datasets=(offering.dataset,))),
    )
    offering.open(made)
    await open_door(made)
    async with database.transaction(region.town_codes):
        # Where all share one connection, whoever looks at it afterwards sees every town again.
        return made
