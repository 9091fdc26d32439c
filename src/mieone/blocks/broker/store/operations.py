"""What operators look at: counts by tenant, and what was given up."""

from datetime import datetime
from pathlib import Path

import msgspec

from mieone.blocks.broker.model import Endpoint, Quota
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_operations.sql")


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What one tenant keeps here."""

    tenant: str
    title: str
    quota: Quota
    entities: int
    subscriptions: int
    registrations: int


class Dead(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of one subscription that were given up."""

    tenant: str
    subscription: str
    deliveries: int
    oldest_at: datetime
    last_error: str | None
    endpoint: str | None
    """Its address, with all that it may give away; None of a subscription that is gone."""


class Workers(msgspec.Struct, frozen=True, kw_only=True):
    workers: int
    unheld: int
    """Parts of the subscriptions for which nobody delivers."""


class _Addressed(msgspec.Struct):
    """Of a subscription's document, what is asked for here."""

    endpoint: Endpoint


async def count_held(conn: Conn) -> list[Held]:
    rows = await conn.fetch(QUERIES["count_held"])
    return [msgspec.convert(dict(row), Held) for row in rows]


async def list_dead_subscriptions(conn: Conn) -> list[Dead]:
    rows = await conn.fetch(QUERIES["list_dead_subscriptions"])
    return [_dead(dict(row)) for row in rows]


async def count_workers(conn: Conn) -> Workers:
    row = await conn.fetchrow(QUERIES["count_workers"])
    return msgspec.convert(dict(row or {}), Workers)


def _dead(row: dict[str, object]) -> Dead:
    document = row.pop("document")
    uri = None
    if isinstance(document, str):
        uri = msgspec.json.decode(document, type=_Addressed).endpoint.uri
    return msgspec.convert({**row, "endpoint": uri}, Dead)
