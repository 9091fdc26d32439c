"""The one write path: requests that arrive together are decided together and written in one transaction."""

from collections.abc import Sequence

from mieone.blocks.broker.model import Change, Outcome, Tenant
from mieone.core.house import House

from .dispatching import Dispatcher


class Writer:
    def __init__(self, house: House, dispatcher: Dispatcher) -> None:
        self._house = house
        self._dispatcher = dispatcher

    async def start(self) -> None:
        """From now on requests are gathered."""

    async def stop(self) -> None:
        """What waits is told so."""

    async def write(self, tenant: Tenant, changes: Sequence[Change]) -> list[Outcome]:
        """One outcome a change, in order; durable when it returns. Atomic per entity.

        Never raises for what one change asks wrongly: that is in its outcome's `problem`.
        """
        raise NotImplementedError
