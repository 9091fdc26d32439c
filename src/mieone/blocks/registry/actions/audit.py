"""What `mieone verify` asks of the register: nothing was changed by hand, nobody hangs in the air."""

from collections.abc import Sequence
from uuid import UUID

from mieone.blocks import identity
from mieone.blocks.registry import store
from mieone.blocks.registry.model import ResidentStatus
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.keys import Undecipherable
from mieone.core.model import TownCode
from mieone.core.verify import Finding

from .documents import open_entry
from .imports import digest_of
from .protection import SECTOR

MOST = 50
STUCK_AFTER = 5
"""Attempts: some four minutes."""


async def verify_residents(house: House, conn: Conn) -> Sequence[Finding]:
    """What stands in clear beside a sealed document must say the same as the document."""
    findings: list[Finding] = []
    after = (TownCode(""), UUID(int=0))
    while rows := await store.list_for_audit(conn, *after):
        for row in rows:
            what = _compare(house, row)
            if what is not None:
                where = f"registry.resident {row.town} {row.resident_id}"
                findings.append(Finding(check="registry.resident", where=where, what=what))
        if len(findings) >= MOST:
            return findings[:MOST]
        after = (rows[-1].town, rows[-1].resident_id)
    return findings


async def verify_links(house: House, conn: Conn) -> Sequence[Finding]:
    """A living link leads to a living person."""
    findings = []
    for town, link_id, pairwise in await store.list_living_links(conn):
        if await identity.person_of(conn, SECTOR, pairwise) is None:
            where = f"registry.link {town} {link_id}"
            findings.append(
                Finding(check="registry.link", where=where, what="leads to nobody: an orphan")
            )
    return findings[:MOST]


async def verify_matchings(house: House, conn: Conn) -> Sequence[Finding]:
    """Nobody waits for their link without somebody knowing."""
    return [
        Finding(
            check="registry.matching_due",
            where=f"registry.matching_due {one.pairwise_id}",
            what=f"not matched after {one.attempts} attempts: {one.last_failure or 'no answer'}",
        )
        for one in await store.list_stuck(conn, STUCK_AFTER)
    ]


def _compare(house: House, row: store.AuditedResident) -> str | None:
    try:
        entry = open_entry(house.keyring, row.town, row.resident_id, row.sealed)
    except Undecipherable:
        return "the sealed document cannot be opened"
    is_absent = row.status is ResidentStatus.ABSENT
    pairs = {
        "addressee_number": (row.addressee_number, entry.addressee_number),
        "household_number": (row.household_number, entry.household_number),
        "status": (row.status, row.status if is_absent else entry.status),
        "is_head": (row.is_head, entry.is_head and not is_absent),
        "protected_from": (row.protected_from, entry.protected_from),
        "protected_until": (row.protected_until, entry.protected_until),
        "digest": (row.digest, digest_of(house.keyring, row.town, entry)),
    }
    changed = [name for name, (now, sealed) in pairs.items() if now != sealed]
    return f"changed beside its document: {', '.join(changed)}" if changed else None
