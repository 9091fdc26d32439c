"""What is in the store of this broker; other sources are asked in `sources`."""

from collections.abc import Sequence
from typing import Final

from mieone.blocks.broker.model import Entity, Found, Query, Tenant
from mieone.blocks.broker.problems import TooManyResults
from mieone.blocks.broker.rules.conditions import fits_query
from mieone.blocks.broker.rules.narrowing import Plan, make_plan
from mieone.blocks.broker.rules.ordering import sort_entities
from mieone.blocks.broker.store import querying
from mieone.core.database import Conn

from .searching import USUAL, Limits, Search, count_exactly

MOST_LISTED: Final = 1_000


async def find_entity(conn: Conn, tenant: Tenant, entity_id: str) -> Entity | None:
    """None when it is not there, or has expired."""
    return await querying.find_document(conn, tenant.name, entity_id)


async def list_entities(conn: Conn, tenant: Tenant, ids: Sequence[str]) -> list[Entity]:
    """Those of `ids` that are there, at most 1,000."""
    return await querying.list_documents_by_id(conn, tenant.name, ids[:MOST_LISTED])


async def query(conn: Conn, tenant: Tenant, asked: Query, limits: Limits = USUAL) -> Found:
    """A page of the entities that fit. Raises TooComplexQuery over the cost limit."""
    plan = make_plan(asked)
    if asked.order:
        return await _query_sorted(conn, tenant, asked, plan, limits)
    count = await count_exactly(conn, tenant, plan, limits) if asked.wants_count else None
    must_count = asked.wants_count and count is None
    after, end = asked.after or 0, asked.offset + asked.limit
    page: list[tuple[int, Entity]] = []
    fitting = following = 0
    if asked.limit or must_count:
        search = Search(conn, tenant, asked, plan, limits, after=0 if must_count else after)
        if asked.offset and not must_count and await search.skip(plan, asked.offset):
            following = asked.offset
        async for sequence, entity in search.documents():
            if not fits_query(entity, asked):
                continue
            fitting += 1
            following += sequence > after
            if sequence > after and asked.offset < following <= end:
                page.append((sequence, entity))
            if following > end and not must_count:
                break
    return _found(page, fitting if must_count else count, has_more=following > end)


async def _query_sorted(
    conn: Conn, tenant: Tenant, asked: Query, plan: Plan, limits: Limits
) -> Found:
    fitting: list[tuple[int, Entity]] = []
    async for sequence, entity in Search(conn, tenant, asked, plan, limits, after=0).documents():
        if fits_query(entity, asked):
            fitting.append((sequence, entity))
            if len(fitting) > limits.sorted:
                raise TooManyResults(f"more than {limits.sorted} entities would be sorted")
    end = asked.offset + asked.limit
    page = sort_entities(fitting, asked.order, asked.geo)[asked.offset : end]
    return _found(page, len(fitting) if asked.wants_count else None, has_more=len(fitting) > end)


def _found(page: Sequence[tuple[int, Entity]], count: int | None, *, has_more: bool) -> Found:
    return Found(
        entities=tuple(entity for _, entity in page),
        sequences=tuple(sequence for sequence, _ in page),
        count=count,
        has_more=has_more,
    )
