"""How a query is carried out: the indexes give candidates, the documents decide.

Where one condition is rare, its few candidates are taken all at once; else the most telling index is
walked in the order of making until the page is full. What looks common is walked a step before its
candidates are counted. What is walked far in vain is tried once more as a set before it is given up
as too complex.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import msgspec

from mieone.blocks.broker.model import Entity, Query, Tenant
from mieone.blocks.broker.problems import TooComplexQuery
from mieone.blocks.broker.rules.narrowing import (
    ByAll,
    ByAny,
    ByBounds,
    ByIds,
    ByNames,
    ByPattern,
    ByScopes,
    ByTypes,
    ByValues,
    Narrowing,
    Plan,
)
from mieone.blocks.broker.store import querying
from mieone.core.database import Conn

from .indexes import choose, is_walkable, probe, walk

_FIRST_STEP: Final = 64
_LONGEST_STEP: Final = 4_096
_DOCUMENTS_AT_ONCE: Final = 500
_LEAST_PORTION: Final = 16
_FEW: Final = 32
"""The documents of so many are read sooner than they are put to another index."""
_WIDER: Final = 8
"""Places stand in no order of making: looking for them on the way costs more than taking more at once."""
_RARE: Final = 3
"""A commonness below which a condition is likely to hold few."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a query may cost, in entities."""

    rare: int = 500
    """So few candidates are taken all at once."""
    long_walk: int = 8_192
    """After so many walked past, larger sets are looked at."""
    many: int = 100_000
    longest_walk: int = 1_000_000
    documents: int = 50_000
    sorted: int = 20_000


USUAL: Final = Limits()
_CERTAIN: Final = (ByIds, ByTypes, ByNames, ByPattern)


class Search:
    """One query on its way; its candidates are asked for once."""

    def __init__(
        self, conn: Conn, tenant: Tenant, query: Query, plan: Plan, limits: Limits, *, after: int
    ) -> None:
        self._limits = limits
        self._conn = conn
        self._tenant = tenant.name
        self._parts = sorted(plan.parts, key=_commonness)
        self._after = after
        self._expired: set[int] = set()
        self._skip = 0
        self._others: list[Narrowing] = []
        page = query.offset + query.limit + 1
        self._step = min(_LONGEST_STEP, max(_FIRST_STEP, page))
        self._portion = min(_DOCUMENTS_AT_ONCE, max(_LEAST_PORTION, page))

    async def skip(self, plan: Plan, offset: int) -> bool:
        """Pass over so many without their documents, where the indexes alone tell who fits."""
        if not plan.is_exact or not all(isinstance(part, _CERTAIN) for part in plan.parts):
            return False
        self._expired = await querying.list_expired_sequences(self._conn, self._tenant)
        self._skip = offset
        self._portion = max(_LEAST_PORTION, self._portion - offset)
        return True

    async def documents(self) -> AsyncIterator[tuple[int, Entity]]:
        """Every candidate with its document, in the order of making. Raises TooComplexQuery."""
        looked_at = 0
        async for sequences in self.candidates():
            if self._skip:
                sequences = [one for one in sequences if one not in self._expired]
            start = min(self._skip, len(sequences))
            self._skip -= start
            while start < len(sequences):
                some = sequences[start : start + self._portion]
                for found in await querying.list_documents(self._conn, self._tenant, some):
                    yield found
                looked_at += len(some)
                if looked_at > self._limits.documents:
                    raise TooComplexQuery(
                        f"more than {self._limits.documents} entities would be looked at"
                    )
                start += len(some)
                self._portion = min(_DOCUMENTS_AT_ONCE, 2 * self._portion)

    async def candidates(self) -> AsyncIterator[list[int]]:
        """Sequence numbers in order, in portions. Raises TooComplexQuery."""
        limits = self._limits
        worth = self._is_worth_gathering()
        looks_rare = any(_commonness(part) < _RARE for part in self._parts)
        whole = await self._gather(limits.rare) if worth and looks_rare else None
        walked = 0
        steps = self._walk()
        while whole is None:
            step = await anext(steps, None)
            if step is None:
                return
            yield step[1]
            if worth and walked == 0 and not looks_rare:
                whole = await self._gather(limits.rare)
            elif worth and walked <= limits.long_walk < walked + step[0]:
                whole = await self._gather(limits.many)
            walked += step[0]
            if walked > limits.longest_walk:
                raise TooComplexQuery(
                    f"more than {limits.longest_walk} entities would be walked past"
                )
        await steps.aclose()
        start, step_length = 0, _FIRST_STEP
        while start < len(whole):
            yield await self._pass(whole[start : start + step_length], self._others)
            start += step_length
            step_length = min(_LONGEST_STEP, 2 * step_length)

    def _is_worth_gathering(self) -> bool:
        """A single condition whose index stands in the order of making is simply walked."""
        return len(self._parts) > 1 or any(not is_walkable(part) for part in self._parts)

    async def _gather(self, limit: int) -> list[int] | None:
        """All that one part holds after where we are, or None when every part has too many.

        The others are left to be passed, portion by portion: a page seldom needs the whole.
        """
        for part in self._parts:
            most = limit * _WIDER if isinstance(part, ByBounds) else limit
            found = await probe(self._conn, self._tenant, part, self._after, most)
            if found is not None:
                self._others = [other for other in self._parts if other is not part]
                return sorted(found.sequences)
        return None

    async def _walk(self) -> AsyncGenerator[tuple[int, list[int]], None]:
        """How many were walked past, and those of them that pass all parts."""
        guide, others = self._find_guide()
        while True:
            limit = self._step
            step = await walk(self._conn, self._tenant, guide, self._after, limit)
            if step:
                self._after = step[-1]
                yield len(step), await self._pass(step, others)
            if len(step) < limit:
                return
            self._step = min(_LONGEST_STEP, self._step * 2)

    def _find_guide(self) -> tuple[Narrowing | None, list[Narrowing]]:
        """What to walk, and what is then still to be passed."""
        for part in self._parts:
            if is_walkable(part):
                return part, [other for other in self._parts if other is not part]
            if isinstance(part, ByValues | ByBounds) and part.name is not None:
                return ByNames(names=(part.name,), is_exact=True), self._parts
        return None, self._parts

    async def _pass(self, sequences: list[int], parts: list[Narrowing]) -> list[int]:
        for part in parts:
            if not sequences or (len(sequences) <= _FEW and not self._skip):
                # Skipping reads no documents: there the indexes alone must tell.
                break
            kept = await choose(self._conn, self._tenant, part, sequences)
            sequences = [sequence for sequence in sequences if sequence in kept]
        return sequences


def _commonness(part: Narrowing) -> int:
    """A guess at how much it holds, rarest first."""
    match part:
        case ByIds():
            return 0
        case ByValues() if is_walkable(part):
            return 1
        case ByBounds():
            return 2
        case ByValues() if part.is_joined:
            return 2
        case ByValues() | ByAny() | ByAll():
            return 3
        case ByScopes():
            return 4
        case ByNames():
            return 5
        case ByTypes():
            return 6
        case ByPattern():
            return 7


async def count_exactly(conn: Conn, tenant: Tenant, plan: Plan, limits: Limits) -> int | None:
    """How many fit, from the indexes alone; None where only the documents can tell."""
    if not plan.is_exact:
        return None
    if not plan.parts:
        return await querying.count_everything(conn, tenant.name)
    expired = await querying.list_expired_sequences(conn, tenant.name)
    match plan.parts:
        case (ByTypes() as only,) if not expired:
            return await querying.count_types(conn, tenant.name, only.types)
    whole: set[int] | None = None
    for part in plan.parts:
        found = await probe(conn, tenant.name, part, 0, limits.longest_walk)
        if found is None or not found.is_certain:
            return None
        whole = found.sequences if whole is None else whole & found.sequences
    return None if whole is None else len(whole - expired)
