"""For `mieone verify`: outcomes and permits belong together."""

from collections.abc import Sequence

from mieone.blocks.access.store import QUERIES
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.verify import Finding


async def verify_outcomes(house: House, conn: Conn) -> Sequence[Finding]:
    orphans = await conn.fetch(QUERIES["list_orphan_outcomes"])
    doubled = await conn.fetch(QUERIES["list_doubled_outcomes"])
    return [
        *(_finding(row["entry_id"], "ends no permit about the same person") for row in orphans),
        *(_finding(row["permit_id"], "is a permit that ended twice") for row in doubled),
    ]


def _finding(entry_id: object, what: str) -> Finding:
    return Finding(check="access:outcomes", where=f"access.record {entry_id}", what=what)
