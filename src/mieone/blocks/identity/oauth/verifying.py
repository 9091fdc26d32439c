"""For `mieone verify`: what should never be found among grants and clients."""

from collections.abc import Sequence

from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.verify import Finding

from . import store


async def verify_grants(house: House, conn: Conn) -> Sequence[Finding]:
    """A living grant belongs to a person; a letter to a client that nobody took is not forgotten."""
    orphans = [
        Finding(
            check="identity:grants",
            where=f"identity.access_grant {grant_id}",
            what="lives, and its person does not",
        )
        for grant_id in await store.list_orphan_grants(conn)
    ]
    dead = [
        Finding(
            check="identity:logouts",
            where=f"identity.logout_delivery {delivery_id}",
            what="was never delivered to its client",
        )
        for delivery_id in await store.list_dead_logouts(conn)
    ]
    return [*orphans, *dead]
