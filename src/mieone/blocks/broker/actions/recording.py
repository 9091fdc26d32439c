"""The history of attributes, written in the transaction of the change."""

from collections.abc import Sequence
from datetime import datetime

from mieone.blocks.broker.model import Outcome, Tenant
from mieone.core.database import Conn


async def record_history(
    conn: Conn, tenant: Tenant, outcomes: Sequence[Outcome], at: datetime
) -> None:
    """Called by the write path only, with outcomes that have no problem."""
    raise NotImplementedError
