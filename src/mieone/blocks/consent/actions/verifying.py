"""For `mieone verify`: the states the door relies on follow from the ledger, texts from digests."""

from collections.abc import Sequence

from mieone.blocks.consent.store import QUERIES
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.verify import Finding


async def verify_states(house: House, conn: Conn) -> Sequence[Finding]:
    rows = await conn.fetch(QUERIES["list_unproven"])
    return [
        Finding(
            check="consent:states",
            where=f"consent.record {row['record_id']} (revision {row['revision']})",
            what=f"says {row['state']}, its events say something else",
        )
        for row in rows
    ]


async def verify_texts(house: House, conn: Conn) -> Sequence[Finding]:
    rows = await conn.fetch(QUERIES["list_altered_texts"])
    return [
        Finding(
            check="consent:texts",
            where=f"consent.notice_text {row['notice_id']} ({row['language']})",
            what="is not the text that was shown",
        )
        for row in rows
    ]
