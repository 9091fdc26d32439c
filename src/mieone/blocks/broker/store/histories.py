"""Reading histories: one statement a function, in the variant of the time that is asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from mieone.blocks.broker.model import AttributeKind, Instance, Iri
from mieone.blocks.broker.model.temporal import Recorded, TemporalEntity, TimeProperty
from mieone.core.database import Conn
from mieone.core.queries import load_queries

from .history import decode_instance, read_temporal_row

QUERIES = load_queries(Path(__file__).parent / "queries_histories.sql")
_BY_OTHER_TIME: Final = {
    name: text.replace("broker.told_by_moment(", "broker.told_by_other_time(")
    for name, text in QUERIES.items()
}
EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
NO_ID: Final = UUID(int=0)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """From `low` (which counts) up to `high` (which does not), by one of the times."""

    low: datetime = EARLIEST
    high: datetime = LATEST
    time: TimeProperty | None = None
    """None: observed, or else recorded."""

    @property
    def is_by_moment(self) -> bool:
        return self.time in (None, TimeProperty.OBSERVED_AT)


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """What of a question the tables can narrow down; None does not matter."""

    types: Sequence[Iri] | None = None
    """Any of these."""
    ids: Sequence[str] | None = None
    names: Sequence[Iri] | None = None
    """Attributes, of which one has an instance in the window."""
    datasets: Sequence[str] | None = None


class Bound(msgspec.Struct, frozen=True):
    """From which instance on a series counts."""

    at: datetime = EARLIEST
    instance_id: UUID = NO_ID


class Extent(msgspec.Struct, frozen=True):
    first_at: datetime
    last_at: datetime


class Slicing(msgspec.Struct, frozen=True, kw_only=True):
    """How time is cut: into equal steps from each series' anchor, or at these starts."""

    anchors: Sequence[datetime]
    step: timedelta | None = None
    starts: Sequence[datetime] = ()


class Sums(msgspec.Struct, frozen=True):
    """In the order of the statement's columns."""

    place: int
    start: datetime
    total: int
    numbers: int
    sum: float | None
    average: float | None
    minimum: float | None
    maximum: float | None
    spread: int
    deviation: float | None
    squares: float | None
    texts: int


def _statement(name: str, window: Window) -> str:
    return QUERIES[name] if window.is_by_moment else _BY_OTHER_TIME[name]


def _window(window: Window) -> tuple[datetime, datetime, bool | str]:
    if window.is_by_moment:
        return window.low, window.high, window.time is not None
    assert window.time is not None
    return window.low, window.high, window.time.value


async def prefer_indexes(conn: Conn) -> None:
    """Before the other questions of a transaction."""
    await conn.execute(QUERIES["prefer_indexes"])


async def list_candidates(
    conn: Conn, tenant: str, window: Window, asked: Candidates, after: int, limit: int
) -> list[TemporalEntity]:
    rows = await conn.fetch(
        _statement("list_candidates", window),
        tenant,
        *_window(window),
        after,
        asked.types,
        asked.ids,
        asked.names,
        asked.datasets,
        limit,
    )
    return [read_temporal_row(row) for row in rows]


async def count_candidates(conn: Conn, tenant: str, window: Window, asked: Candidates) -> int:
    count = await conn.fetchval(
        _statement("count_candidates", window),
        tenant,
        *_window(window),
        asked.types,
        asked.ids,
        asked.names,
        asked.datasets,
    )
    return int(count)


async def list_oldest(
    conn: Conn, tenant: str, window: Window, series: Sequence[UUID], each: int, limit: int
) -> list[tuple[int, Recorded]]:
    """Of the first `each` of every series the first `limit`, with all that share the last one's time.

    Each with the place of its series, from 0, in the order of time.
    """
    rows = await conn.fetch(
        _statement("list_oldest", window), tenant, *_window(window), series, each, limit
    )
    return [(row["place"] - 1, _recorded(row)) for row in rows]


async def list_newest(
    conn: Conn,
    tenant: str,
    window: Window,
    series: Sequence[UUID],
    last_n: int,
    each: int,
    limit: int,
) -> list[tuple[int, Recorded]]:
    """Of the newest `last_n` of each series the newest `limit` of all, backwards in time.

    `each` is how many of a series are looked at.
    """
    rows = await conn.fetch(
        _statement("list_newest", window),
        tenant,
        *_window(window),
        series,
        min(last_n, each),
        limit,
        last_n,
    )
    return [(row["place"] - 1, _recorded(row)) for row in rows]


def _recorded(row: asyncpg.Record) -> Recorded:
    return Recorded(
        row["instance_id"],
        row["at"],
        row["recorded_at"],
        row["modified_at"],
        row["is_deletion"],
        decode_instance(row["document"]),
    )


async def list_bounds(
    conn: Conn, tenant: str, window: Window, series: Sequence[UUID], last_n: int
) -> dict[int, Bound]:
    """By place, the oldest of the newest `last_n`; series that have fewer are left out."""
    rows = await conn.fetch(
        _statement("list_bounds", window), tenant, *_window(window), series, last_n
    )
    return {row["place"] - 1: Bound(row["at"], row["instance_id"]) for row in rows}


async def list_extents(
    conn: Conn, tenant: str, window: Window, series: Sequence[UUID], bounds: Sequence[Bound]
) -> dict[int, Extent]:
    """By place; a series without an instance in the window is left out."""
    rows = await conn.fetch(
        _statement("list_extents", window),
        tenant,
        *_window(window),
        series,
        [bound.at for bound in bounds],
    )
    return {row["place"] - 1: Extent(row["first_at"], row["last_at"]) for row in rows}


async def aggregate(
    conn: Conn,
    tenant: str,
    window: Window,
    series: Sequence[UUID],
    bounds: Sequence[Bound],
    slicing: Slicing,
    limit: int,
) -> list[Sums]:
    """Raises asyncpg's NumericValueOutOfRangeError for numbers whose sums no double holds."""
    rows = await _sliced(conn, "aggregate", tenant, window, series, bounds, slicing, limit)
    return [Sums(row["place"] - 1, *tuple(row)[1:]) for row in rows]


async def count_distinct(
    conn: Conn,
    tenant: str,
    window: Window,
    series: Sequence[UUID],
    bounds: Sequence[Bound],
    slicing: Slicing,
    limit: int,
) -> dict[tuple[int, datetime], int]:
    rows = await _sliced(conn, "count_distinct", tenant, window, series, bounds, slicing, limit)
    return {(row["place"] - 1, row["start"]): row["total"] for row in rows}


async def list_texts(
    conn: Conn,
    tenant: str,
    window: Window,
    series: Sequence[UUID],
    bounds: Sequence[Bound],
    slicing: Slicing,
    limit: int,
) -> list[tuple[int, datetime, str, Instance]]:
    """Place, start of the period, sort and instance of every text, date and time."""
    rows = await _sliced(conn, "list_texts", tenant, window, series, bounds, slicing, limit)
    return [
        (row["place"] - 1, row["start"], row["sort"], decode_instance(row["document"]))
        for row in rows
    ]


async def _sliced(
    conn: Conn,
    name: str,
    tenant: str,
    window: Window,
    series: Sequence[UUID],
    bounds: Sequence[Bound],
    slicing: Slicing,
    limit: int,
) -> list[asyncpg.Record]:
    return await conn.fetch(
        _statement(name, window),
        tenant,
        *_window(window),
        series,
        [bound.at for bound in bounds],
        [bound.instance_id for bound in bounds],
        slicing.anchors,
        slicing.step,
        slicing.starts,
        limit,
    )


async def list_kinds(conn: Conn, tenant: str, series: Sequence[UUID]) -> dict[int, AttributeKind]:
    """By place, what kind of attribute a series is now."""
    rows = await conn.fetch(QUERIES["list_newest_documents"], tenant, series)
    return {row["place"] - 1: decode_instance(row["document"]).kind for row in rows}
