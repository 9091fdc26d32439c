"""A narrowing put to the indexes: all it holds, what comes next of it, or which of some are in it."""

from typing import Final, assert_never

import msgspec

from mieone.blocks.broker.model import TenantName
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
)
from mieone.blocks.broker.rules.patterns import is_found
from mieone.blocks.broker.store import querying
from mieone.core.database import Conn


class Hits(msgspec.Struct, frozen=True):
    """All that a narrowing holds after some number."""

    sequences: set[int]
    is_certain: bool = True
    """False where some may be no hits, though the narrowing is exact otherwise."""


_NOTHING: Final = Hits(set())


async def probe(
    conn: Conn, tenant: TenantName, part: Narrowing, after: int, limit: int
) -> Hits | None:
    """None when there are `limit` of them or more."""
    match part:
        case ByIds():
            room = max(limit, 2 * len(part.ids)) + 1
            found = await querying.probe_ids(conn, tenant, after, room, part.ids, is_v2=part.is_v2)
            return Hits(set(found))
        case ByPattern():
            return None
        case ByTypes():
            found = await querying.walk_types(conn, tenant, after, limit, part.types)
        case ByScopes():
            found = await querying.walk_scopes(conn, tenant, after, limit, part.keys)
        case ByNames():
            found = await querying.walk_names(conn, tenant, after, limit, part.names)
        case ByValues():
            rows = await querying.probe_values(conn, tenant, after, limit, part)
            is_certain = not any(is_opaque for _, is_opaque in rows)
            full = len(rows) >= limit
            return None if full else Hits({sequence for sequence, _ in rows}, is_certain)
        case ByBounds():
            found = await querying.probe_bounds(conn, tenant, after, limit, part)
        case ByAny():
            return await _probe_any(conn, tenant, part, after, limit)
        case ByAll():
            return await _probe_all(conn, tenant, part, after, limit)
        case _ as never:
            assert_never(never)
    return None if len(found) >= limit else Hits(set(found))


async def _probe_any(
    conn: Conn, tenant: TenantName, asked: ByAny, after: int, limit: int
) -> Hits | None:
    whole = _NOTHING
    for part in asked.parts:
        found = await probe(conn, tenant, part, after, limit)
        if found is None:
            return None
        is_certain = whole.is_certain and found.is_certain
        whole = Hits(whole.sequences | found.sequences, is_certain)
    return whole


async def _probe_all(
    conn: Conn, tenant: TenantName, asked: ByAll, after: int, limit: int
) -> Hits | None:
    whole: Hits | None = None
    is_certain = True
    for part in asked.parts:
        found = await probe(conn, tenant, part, after, limit)
        is_certain = is_certain and found is not None and found.is_certain
        if found is not None:
            kept = found.sequences if whole is None else whole.sequences & found.sequences
            whole = Hits(kept)
    return None if whole is None else Hits(whole.sequences, is_certain)


def is_walkable(part: Narrowing) -> bool:
    """Whether its index gives its hits in the order of making."""
    match part:
        case ByTypes() | ByNames() | ByScopes():
            return True
        case ByValues():
            return not (part.number_ranges or part.instant_ranges)
        case _:
            return False


async def walk(
    conn: Conn, tenant: TenantName, guide: Narrowing | None, after: int, limit: int
) -> list[int]:
    """The next in the order of making; without a guide, of everything."""
    match guide:
        case ByTypes():
            return await querying.walk_types(conn, tenant, after, limit, guide.types)
        case ByScopes():
            return await querying.walk_scopes(conn, tenant, after, limit, guide.keys)
        case ByNames():
            return await querying.walk_names(conn, tenant, after, limit, guide.names)
        case ByValues():
            return await querying.walk_values(conn, tenant, after, limit, guide)
        case _:
            assert guide is None
            return await querying.walk_everything(conn, tenant, after, limit)


async def choose(conn: Conn, tenant: TenantName, part: Narrowing, sequences: list[int]) -> set[int]:
    """Those of `sequences` that it holds."""
    match part:
        case ByIds():
            found = await querying.probe_ids(
                conn, tenant, sequences[0] - 1, 2 * len(part.ids) + 1, part.ids, is_v2=part.is_v2
            )
            return set(found).intersection(sequences)
        case ByPattern():
            ids = await querying.list_ids(conn, tenant, sequences, is_v2=part.is_v2)
            return {sequence for sequence, one in ids if is_found(part.pattern, one)}
        case ByTypes():
            return await querying.filter_types(conn, tenant, sequences, part.types)
        case ByScopes():
            return await querying.filter_scopes(conn, tenant, sequences, part.keys)
        case ByNames():
            return await querying.filter_names(conn, tenant, sequences, part.names)
        case ByValues():
            return await querying.filter_values(conn, tenant, sequences, part)
        case ByBounds():
            return await querying.filter_bounds(conn, tenant, sequences, part)
        case ByAny():
            some = [await choose(conn, tenant, one, sequences) for one in part.parts]
            return set().union(*some)
        case ByAll():
            left = sequences
            for one in part.parts:
                kept = await choose(conn, tenant, one, left) if left else set()
                left = [sequence for sequence in left if sequence in kept]
            return set(left)
        case _ as never:
            assert_never(never)
