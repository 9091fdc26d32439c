"""What all writes of histories share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.problems import BadRequestData
from mieone.core.database import Conn


@asynccontextmanager
async def storing(broker: Broker) -> AsyncIterator[Conn]:
    """A transaction; what the database cannot hold was sent wrongly."""
    try:
        async with broker.house.database.transaction() as conn:
            yield conn
    except (asyncpg.DataError, UnicodeEncodeError):
        raise BadRequestData("a text or number in it cannot be stored") from None
