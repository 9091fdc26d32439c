"""Which entities a temporal query means: a condition holds when an instance within its span fits."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from mieone.blocks.broker.model import DatasetId, Entity, Instance, Iri, Query
from mieone.blocks.broker.model.temporal import Recorded, Series, TemporalEntity, TemporalQuery
from mieone.blocks.broker.problems import TooComplexQuery
from mieone.blocks.broker.rules.conditions import fits_query
from mieone.blocks.broker.rules.ordering import sort_entities
from mieone.blocks.broker.rules.temporal.rendering import SCOPE, dated
from mieone.blocks.broker.store import histories, history
from mieone.core.database import Conn

from .spans import candidates_of, is_exact, names_of, window_of

AT_ONCE: Final = 200
MOST_EXAMINED: Final = 20_000
"""Entities looked at for one answer."""
MOST_READ: Final = 200_000
"""Instances looked at for one answer."""


class Selected:
    """A page of entities, how many there are in all (when asked), and whether more follow."""

    def __init__(self, entities: Sequence[TemporalEntity], count: int | None, more: bool) -> None:
        self.entities = tuple(entities)
        self.count = count
        self.has_more = more


async def select(conn: Conn, tenant: str, asked: TemporalQuery) -> Selected:
    """Raises TooComplexQuery over the cost limit."""
    query = asked.entities
    if query.order:
        found = [entity async for entity in _walk(conn, tenant, asked)]
        found = await _sorted(conn, tenant, asked, found)
        page = found[query.offset : query.offset + query.limit]
        return Selected(page, len(found), query.offset + query.limit < len(found))
    end = query.offset + query.limit
    counts_here = query.wants_count and not is_exact(query)
    page = []
    fitting = 0
    async for entity in _walk(conn, tenant, asked):
        fitting += 1
        if query.offset < fitting <= end:
            page.append(entity)
        if fitting > end and not counts_here:
            break
    count = fitting if counts_here else None
    if query.wants_count and not counts_here:
        window = window_of(asked.span)
        count = await histories.count_candidates(conn, tenant, window, candidates_of(query))
    return Selected(page, count, fitting > end)


async def _walk(conn: Conn, tenant: str, asked: TemporalQuery) -> AsyncIterator[TemporalEntity]:
    """Those that fit, in the order of making."""
    query, window = asked.entities, window_of(asked.span)
    candidates, exact = candidates_of(query), is_exact(query)
    after, examined, read = 0, 0, 0
    while True:
        batch = await histories.list_candidates(conn, tenant, window, candidates, after, AT_ONCE)
        examined += len(batch)
        if examined > MOST_EXAMINED:
            raise TooComplexQuery(f"more than {MOST_EXAMINED} histories would have to be examined")
        if exact:
            for entity in batch:
                yield entity
        else:
            fitting, count = await _fitting(conn, tenant, asked, batch, MOST_READ - read)
            read += count
            for entity in fitting:
                yield entity
        if len(batch) < AT_ONCE:
            return
        after = batch[-1].sequence


async def _fitting(
    conn: Conn, tenant: str, asked: TemporalQuery, batch: Sequence[TemporalEntity], room: int
) -> tuple[list[TemporalEntity], int]:
    """Those of the batch that fit, and how many instances were read for it."""
    query = asked.entities
    names = _names_examined(query)
    series = await _list_series(conn, tenant, batch, names, query.datasets) if names else []
    rows = await histories.list_oldest(
        conn, tenant, window_of(asked.span), [one.key for one in series], room + 1, room + 1
    )
    if len(rows) > room:
        raise TooComplexQuery(f"more than {MOST_READ} instances would have to be examined")
    entities = _assemble(batch, series, rows)
    conditions = _without_projection(query)
    return [one for one in batch if fits_query(entities[one.id], conditions)], len(rows)


async def _list_series(
    conn: Conn,
    tenant: str,
    batch: Sequence[TemporalEntity],
    names: Sequence[Iri],
    datasets: Sequence[DatasetId] | None,
) -> list[Series]:
    found = await history.list_series(conn, tenant, [one.id for one in batch], names, datasets)
    if len(found) > history.MAX_SERIES:
        raise TooComplexQuery(f"more than {history.MAX_SERIES} series would have to be examined")
    return found


def _names_examined(query: Query) -> list[Iri]:
    names = set(names_of(query.condition)) if query.condition is not None else set()
    if query.geo is not None:
        names.add(query.geo.property)
    if query.scope is not None:
        names.add(SCOPE)
    return sorted(names)


def _without_projection(query: Query) -> Query:
    """The attributes and datasets asked for were looked at by the store."""
    return Query(
        entities=query.entities, condition=query.condition, geo=query.geo, scope=query.scope
    )


def _assemble(
    batch: Sequence[TemporalEntity],
    series: Sequence[Series],
    rows: Sequence[tuple[int, Recorded]],
) -> dict[str, Entity]:
    """Every instance under a datasetId of its own, so that a condition looks at all of them."""
    attributes: dict[str, dict[Iri, dict[DatasetId, Instance]]] = {}
    scopes: dict[str, set[str]] = {}
    for number, (place, recorded) in enumerate(rows):
        one = series[place]
        if one.name == SCOPE:
            values = recorded.instance.value
            texts = values if isinstance(values, list) else [values]
            known = scopes.setdefault(one.entity_id, set())
            known.update(text for text in texts if isinstance(text, str))
            continue
        instances = attributes.setdefault(one.entity_id, {}).setdefault(one.name, {})
        # The first keeps its own name: a sort looks at the default instance first.
        key = one.dataset if one.dataset not in instances else f"{number}"
        instances[key] = dated(recorded)
    return {
        one.id: Entity(
            id=one.id,
            types=one.types,
            attributes=attributes.get(one.id, {}),
            scopes=tuple(sorted({*one.scopes, *scopes.get(one.id, ())})),
            created_at=one.created_at,
            modified_at=one.modified_at,
        )
        for one in batch
    }


async def _sorted(
    conn: Conn, tenant: str, asked: TemporalQuery, found: Sequence[TemporalEntity]
) -> list[TemporalEntity]:
    """By the newest instance of each attribute within the span."""
    orders = asked.entities.order
    names = sorted({order.path.names[0] for order in orders if order.path is not None})
    entities: dict[str, Entity] = {}
    for start in range(0, len(found), AT_ONCE):
        batch = found[start : start + AT_ONCE]
        series = await _list_series(conn, tenant, batch, names, None) if names else []
        rows = await histories.list_newest(
            conn, tenant, window_of(asked.span), [one.key for one in series], 1, 1, len(series) + 1
        )
        entities |= _assemble(batch, series, rows)
    numbered = [(one.sequence, entities[one.id]) for one in found]
    places = {one.sequence: one for one in found}
    return [places[sequence] for sequence, _ in sort_entities(numbered, orders, None)]
