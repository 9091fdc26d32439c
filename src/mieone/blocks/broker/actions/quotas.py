"""What each tenant may use of this process: rates, and how much at once. No tenant crowds out another."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Final

from mieone.blocks.broker.model import Quota, Tenant

from .lanes import Company, Kind, Lane
from .turns import Load, Places

STRANGERS: Final = Quota(writes_per_s=200, reads_per_s=200, at_once=8)
"""All who name no tenant that we know of, or write without a key that we have seen."""
OUTSIDE_AT_ONCE: Final = 16
WAITING_OUTSIDE: Final = 64
WAITING_BYTES: Final = 64 * 1024 * 1024
"""Of bodies: those that do not tell their length pay for it only when they are read."""


class Share:
    """One tenant's part of this process."""

    def __init__(self, name: str, quota: Quota, company: Company) -> None:
        self.name = name
        self.quota = quota
        self.lanes = {
            Kind.READ: Lane(name, Kind.READ, quota.reads_per_s, quota.at_once, company),
            Kind.WRITE: Lane(name, Kind.WRITE, quota.writes_per_s, quota.at_once, company),
        }
        self.outside = Places(
            WAITING_OUTSIDE,
            lambda: OUTSIDE_AT_ONCE,
            "too many requests of this tenant wait for other servers",
        )
        self.bodies = Load(WAITING_BYTES, "too much of this tenant is being sent at once")


class Ticket:
    """One request that was let in, until its answer goes out."""

    def __init__(self, share: Share, kind: Kind, paid: float) -> None:
        self._share = share
        self._lane = share.lanes[kind]
        self._paid = paid
        self._holds_place = False
        self._steps_out = 0
        self._door = asyncio.Lock()

    async def enter(self) -> None:
        """Raises OverQuota."""
        await self._lane.enter()
        self._holds_place = True

    def leave(self) -> None:
        if self._holds_place:
            self._holds_place = False
            if not self._steps_out:
                self._lane.leave()

    def charge(self, tokens: float) -> None:
        """What it costs altogether, as soon as that is known. Raises OverQuota."""
        if tokens > self._paid:
            self._lane.charge(tokens - self._paid)
            self._paid = tokens

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[None]:
        """Others may have the place meanwhile; several at once count once. Raises OverQuota."""
        async with self._door:
            if not self._steps_out:
                await self._step_out()
            self._steps_out += 1
        try:
            yield
        finally:
            self._steps_out -= 1
            if not self._steps_out:
                self._step_in()

    async def _step_out(self) -> None:
        if self._holds_place:
            self._lane.leave()
        try:
            await self._share.outside.enter()
        except BaseException:
            if self._holds_place:
                self._lane.enter_again()
            raise

    def _step_in(self) -> None:
        self._share.outside.leave()
        if self._holds_place:
            self._lane.enter_again()


_TICKET: Final[ContextVar[Ticket | None]] = ContextVar("broker_ticket", default=None)


@contextmanager
def holding(ticket: Ticket) -> Iterator[None]:
    """What is done here is done for this request."""
    before = _TICKET.set(ticket)
    try:
        yield
    finally:
        _TICKET.reset(before)
        ticket.leave()


def charge(tokens: float) -> None:
    """What the request at hand costs altogether. Raises OverQuota."""
    ticket = _TICKET.get()
    if ticket is not None:
        ticket.charge(tokens)


@asynccontextmanager
async def outside() -> AsyncIterator[None]:
    """Around every wait for another server: no place is held meanwhile. Raises OverQuota."""
    ticket = _TICKET.get()
    if ticket is None:
        yield
        return
    async with ticket.outside():
        yield


class Quotas:
    """Rates hold for each process by itself: an operator who starts four divides by four."""

    def __init__(self) -> None:
        self._shares: dict[str, Share] = {}
        self._company = Company()
        self._strangers = Share("", STRANGERS, self._company)

    def share_of(self, tenant: Tenant | None) -> Share:
        """None: of those who are nobody's."""
        if tenant is None:
            return self._strangers
        share = self._shares.get(tenant.name)
        if share is None or share.quota != tenant.quota:
            share = self._shares[tenant.name] = Share(tenant.name, tenant.quota, self._company)
        return share
