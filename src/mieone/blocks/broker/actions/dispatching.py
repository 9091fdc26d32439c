"""Which subscriptions a change concerns, put on record in the transaction of the change."""

from collections.abc import Sequence
from datetime import datetime

from mieone.blocks.broker.model import Outcome, Tenant
from mieone.core.database import Conn
from mieone.core.house import House


class Dispatcher:
    def __init__(self, house: House) -> None:
        self._house = house

    async def record_due(
        self, conn: Conn, tenant: Tenant, outcomes: Sequence[Outcome], at: datetime
    ) -> None:
        """Called by the write path only, with outcomes that have no problem."""
        raise NotImplementedError
