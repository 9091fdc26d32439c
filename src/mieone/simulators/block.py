"""The card simulator as a part of the house: mounted outside production only."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from litestar import Router
from litestar.di import Provide

from mieone.blocks.identity import CardPath, CardReader, Usage, open_realm, read_profile
from mieone.core.block import Block, Command
from mieone.core.house import House
from mieone.simulators.cards import CardOffice, Directory, HolderUnknown
from mieone.simulators.operator import SimulatedOperator
from mieone.simulators.pages import ACTION, PAGES

FILE = "simulators/cards.sqlite3"
PROFILE = "jpki_profile.yaml"
OpenDirectory = Callable[[House], Directory]


class SimulatedCards:
    """The card office of the house at hand, opened once."""

    def __init__(self, open_directory: OpenDirectory) -> None:
        self._open_directory = open_directory
        self._held: tuple[House, CardOffice] | None = None

    def office(self, house: House) -> CardOffice:
        assert house.settings.simulators_allowed
        if self._held is None or self._held[0] is not house:
            directory = self._open_directory(house)
            path = house.settings.home / FILE
            self._held = (house, CardOffice(path, directory, house.clock))
        return self._held[1]

    def were_used(self, home: Path) -> bool:
        """Whether people in this home may have been proved by a simulated card."""
        return (home / FILE).exists()

    def card_path(self, house: House) -> CardPath | None:
        """Test realm, simulated operator and card; none of them in production.

        Raises RealmRefused when the region's profile mixes the two realms.
        """
        profile = read_profile(house.region.file(PROFILE))
        if not house.settings.simulators_allowed:
            return None
        office = self.office(house)
        anchors = {Usage(name): ders for name, ders in office.anchors().items()}
        return CardPath(
            realm=open_realm(profile, "test", anchors),
            operator=SimulatedOperator(office, house.clock),
            reader=CardReader(
                template="simulators/card_reader.html", action=ACTION, is_simulated=True
            ),
        )

    def block(self) -> Block:
        pages = Router(
            path="/",
            route_handlers=PAGES,
            dependencies={"office": Provide(self.office, sync_to_thread=False)},
        )
        return Block(
            name="simulators",
            templates=Path(__file__).parent / "templates",
            simulators=(pages,),
            commands=tuple(self._commands()),
        )

    def _commands(self) -> Sequence[Command]:
        events: tuple[tuple[str, Callable[[CardOffice], Callable[[str], None]]], ...] = (
            ("renew", lambda office: office.renew),
            ("lose", lambda office: office.lose),
            ("reissue", lambda office: office.reissue),
            ("die", lambda office: office.die),
            ("reset-pin", lambda office: office.reset_pin),
        )
        return [
            Command(
                noun="card",
                verb="list",
                help="print some sample people with their simulated cards",
                arguments=lambda parser: None,
                run=self._print_cards,
            ),
            *(
                Command(
                    noun="card",
                    verb=verb,
                    help=f"simulated card: {verb}",
                    arguments=_card_argument,
                    run=self._event(event),
                )
                for verb, event in events
            ),
        ]

    async def _print_cards(self, house: House, arguments: argparse.Namespace) -> int:
        if not house.settings.simulators_allowed:
            return _refuse()
        for holder in self.office(house).shown_holders():
            sys.stdout.write(f"{holder.id}\t{holder.name}\t{holder.address}\tPIN 1234\n")
        return 0

    def _event(
        self, event: Callable[[CardOffice], Callable[[str], None]]
    ) -> Callable[[House, argparse.Namespace], Awaitable[int]]:
        async def run(house: House, arguments: argparse.Namespace) -> int:
            if not house.settings.simulators_allowed:
                return _refuse()
            try:
                await asyncio.to_thread(event(self.office(house)), arguments.card)
            except HolderUnknown:
                sys.stderr.write("no such card\n")
                return 1
            return 0

        return run


def _refuse() -> int:
    sys.stderr.write("there are no simulated cards in production\n")
    return 1


def _card_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("card", help="the number printed on the card")
