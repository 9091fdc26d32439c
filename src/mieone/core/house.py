"""The composed application, handed to jobs, event handlers and commands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mieone.core.clock import Clock
from mieone.core.database import Database
from mieone.core.keys import KeyRing
from mieone.core.ports import ConsentGate, Disclose, Notify, Pay
from mieone.core.region import Region
from mieone.core.settings import Settings

if TYPE_CHECKING:
    from mieone.core.block import Block


class House:
    """What every floor may ask for. Ports are set once, by main, before anything runs."""

    disclose: Disclose
    pay: Pay
    notify: Notify
    consent_gate: ConsentGate

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        keyring: KeyRing,
        region: Region,
        database: Database,
        blocks: "Sequence[Block]",
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.keyring = keyring
        self.region = region
        self.database = database
        self.blocks = tuple(blocks)
