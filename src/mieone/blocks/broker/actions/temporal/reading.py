"""Histories retrieved and queried: a page of entities, and of their time as much as an answer holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.broker.model import Tenant
from mieone.blocks.broker.model.temporal import (
    Recorded,
    Series,
    TemporalEntity,
    TemporalQuery,
    TimeRelation,
    TimeSpan,
)
from mieone.blocks.broker.problems import ResourceNotFound, TooManyResults
from mieone.blocks.broker.rules.temporal.rendering import TemporalForm, Told
from mieone.blocks.broker.store import histories, history
from mieone.core.database import Conn

from .aggregating import aggregate
from .selecting import select
from .spans import is_told, wanted_names, window_of


class Edge(msgspec.Struct, frozen=True):
    """An answer that was cut: from where to where it reaches, in the direction it runs."""

    start: datetime
    end: datetime


class TemporalPage(msgspec.Struct, frozen=True, kw_only=True):
    histories: tuple[tuple[TemporalEntity, tuple[Told, ...]], ...]
    count: int | None = None
    has_more: bool = False
    edge: Edge | None = None


async def retrieve(
    conn: Conn,
    tenant: Tenant,
    entity_id: str,
    asked: TemporalQuery,
    form: TemporalForm,
    limit: int,
) -> TemporalPage:
    """Raises ResourceNotFound when there is no such history, or nothing of it within the span."""
    await histories.prefer_indexes(conn)
    entity = await history.find_temporal_entity(conn, tenant.name, entity_id)
    if entity is None:
        raise ResourceNotFound(f"there is no history of {entity_id}")
    page = await _tell(conn, tenant.name, [entity], asked, form, limit)
    ((_, told),) = page.histories
    is_restricted = asked.span.relation is not None or asked.span.property is not None
    if not told and (is_restricted or form.form.attributes):
        names = wanted_names(form.form)
        if names is None or names:
            raise ResourceNotFound(f"nothing of {entity_id} lies within what was asked")
    return page


async def query(
    conn: Conn, tenant: Tenant, asked: TemporalQuery, form: TemporalForm, limit: int
) -> TemporalPage:
    """Raises TooComplexQuery and TooManyResults."""
    await histories.prefer_indexes(conn)
    selected = await select(conn, tenant.name, asked)
    page = await _tell(conn, tenant.name, selected.entities, asked, form, limit)
    return msgspec.structs.replace(page, count=selected.count, has_more=selected.has_more)


async def _tell(
    conn: Conn,
    tenant: str,
    entities: Sequence[TemporalEntity],
    asked: TemporalQuery,
    form: TemporalForm,
    limit: int,
) -> TemporalPage:
    names = wanted_names(form.form)
    series = [
        one
        for one in await history.list_series(
            conn, tenant, [entity.id for entity in entities], names, form.form.datasets
        )
        if is_told(one, form.form)
    ]
    if len(series) > history.MAX_SERIES:
        raise TooManyResults(f"an answer holds at most {history.MAX_SERIES} series")
    edge = None
    if asked.aggregation is not None:
        told = await aggregate(conn, tenant, series, asked, bool(form.form.attributes))
    else:
        told, edge = await _list_told(conn, tenant, series, asked.span, limit)
    by_entity: dict[str, list[Told]] = {}
    for one in told:
        by_entity.setdefault(one.series.entity_id, []).append(one)
    return TemporalPage(
        histories=tuple((one, tuple(by_entity.get(one.id, ()))) for one in entities), edge=edge
    )


async def _list_told(
    conn: Conn, tenant: str, series: Sequence[Series], span: TimeSpan, limit: int
) -> tuple[list[Told], Edge | None]:
    window, keys = window_of(span), [one.key for one in series]
    rows = await _list_rows(conn, tenant, keys, span, limit + 1)
    edge = None
    cut: Mapping[int, histories.Extent] = {}
    if len(rows) > limit:
        # All that happened at the last moment stay: who goes on from there misses nothing.
        last = rows[limit - 1][1].at
        rows = [row for row in rows if _is_before(row[1].at, last, span) or row[1].at == last]
        edge = Edge(_start_of(span, rows[0][1].at), last)
        bounds = [histories.Bound()] * len(keys)
        cut = await histories.list_extents(conn, tenant, window, keys, bounds)
    kept: dict[int, list[Recorded]] = {place: [] for place in cut}
    for place, recorded in rows:
        kept.setdefault(place, []).append(recorded)
    empty = [place for place, instances in kept.items() if not instances]
    kinds = (
        await histories.list_kinds(conn, tenant, [keys[place] for place in empty]) if empty else {}
    )
    of_place = {place: kinds.get(number) for number, place in enumerate(empty)}
    return [
        Told(
            series=series[place],
            instances=sorted(kept[place], key=lambda one: (one.at, one.instance_id)),
            kind=of_place.get(place),
        )
        for place in sorted(kept)
    ], edge


async def _list_rows(
    conn: Conn, tenant: str, keys: Sequence[UUID], span: TimeSpan, limit: int
) -> list[tuple[int, Recorded]]:
    """The first `limit` of all series together, without reading so many of each of them."""
    window = window_of(span)
    most = limit if span.last_n is None else min(limit, span.last_n)
    each = min(most, 2 * limit // max(1, len(keys)) + 64)
    while True:
        if span.last_n is None:
            rows = await histories.list_oldest(conn, tenant, window, keys, each, limit)
        else:
            rows = await histories.list_newest(conn, tenant, window, keys, span.last_n, each, limit)
        counts = Counter(place for place, _ in rows)
        # Of a series that is there with all that was looked at, more may belong in between.
        if each == most or max(counts.values(), default=0) < each:
            return rows
        each = min(most, each * 4)


def _is_before(at: datetime, last: datetime, span: TimeSpan) -> bool:
    """In the direction of the answer: lastN runs backwards."""
    return at < last if span.last_n is None else at > last


def _start_of(span: TimeSpan, first: datetime) -> datetime:
    """Where the answer's range begins: where the question said, else with the first instance."""
    match span.relation:
        case TimeRelation.AFTER if span.last_n is None:
            return span.at or first
        case TimeRelation.BETWEEN:
            return (span.at if span.last_n is None else span.end_at) or first
        case TimeRelation.BEFORE if span.last_n is not None:
            return span.at or first
    return first
