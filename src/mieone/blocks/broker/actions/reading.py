"""What is in the store of this broker; other sources are asked in `sources`."""

from collections.abc import Sequence

from mieone.blocks.broker.model import Entity, Found, Query, Tenant
from mieone.core.database import Conn


async def find_entity(conn: Conn, tenant: Tenant, entity_id: str) -> Entity | None:
    """None when it is not there, or has expired."""
    raise NotImplementedError


async def list_entities(conn: Conn, tenant: Tenant, ids: Sequence[str]) -> list[Entity]:
    """Those of `ids` that are there, at most 1,000."""
    raise NotImplementedError


async def query(conn: Conn, tenant: Tenant, asked: Query) -> Found:
    """A page of the entities that fit. Raises TooComplexQuery over the cost limit."""
    raise NotImplementedError
