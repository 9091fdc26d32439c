"""The only place that commits."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from mieone.core.database import Conn, Database
from mieone.core.model import TownCode
from mieone.core.problems import Refusal

T = TypeVar("T")


async def run(
    database: Database,
    towns: Collection[TownCode],
    act: Callable[[Conn], Awaitable[T | Refusal]],
) -> T:
    """One action, one transaction: a raised Problem undoes it, a returned Refusal keeps it."""
    async with database.transaction(towns) as conn:
        outcome = await act(conn)
    if isinstance(outcome, Refusal):
        # Already committed; rendered where every problem is.
        raise outcome.problem
    return outcome
