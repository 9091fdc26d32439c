"""What the loops of one worker share."""

import asyncio
import time

from mieone.core.house import House

from .board import Board
from .book import Book
from .leases import Leases
from .policy import Policy
from .rendering import Renderer


class Held:
    def __init__(self, house: House, holder: str, policy: Policy, renderer: Renderer) -> None:
        self.house = house
        self.holder = holder
        self.policy = policy
        self.leases = Leases(house.database, holder, policy)
        self.board = Board(policy)
        self.book = Book()
        self.renderer = renderer
        self.wake = asyncio.Event()
        """There may be something to send."""

    @property
    def now_s(self) -> float:
        """For all waiting in memory: the clock on the wall may be set back."""
        return time.monotonic()
