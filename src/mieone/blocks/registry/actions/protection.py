"""支援措置: the town's flag, pushed down to where every door looks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec

from mieone.blocks import identity
from mieone.blocks.registry import store
from mieone.blocks.registry.model import Entry
from mieone.core.clock import JST
from mieone.core.database import Conn
from mieone.core.model import TownCode

SECTOR = "registry"
"""Under this sector's pairwise identifiers the register knows persons."""
_SHORTEST = timedelta(microseconds=1)


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A period of protection; `until` None means until somebody ends it."""

    valid_from: datetime
    valid_until: datetime | None


def flag_of(protected_from: date | None, protected_until: date | None) -> Flag | None:
    if protected_from is None:
        return None
    until = None if protected_until is None else _midnight(protected_until)
    return Flag(valid_from=_midnight(protected_from), valid_until=until)


async def push_changes(
    conn: Conn,
    town: TownCode,
    residents: Mapping[UUID, Entry],
    previous: Mapping[UUID, Entry],
    now: datetime,
) -> None:
    """After an import: every flag that is new or different, also for whoever holds a Mie-ID."""
    touched: dict[UUID, list[Flag]] = {}
    for resident_id, entry in residents.items():
        after = flag_of(entry.protected_from, entry.protected_until)
        before_entry = previous.get(resident_id)
        before = (
            flag_of(before_entry.protected_from, before_entry.protected_until)
            if before_entry is not None
            else None
        )
        if after == before:
            continue
        flags = [] if after is None else [after]
        if before is not None and (after is None or before.valid_from != after.valid_from):
            flags.append(_ended(before, now))
        touched[resident_id] = flags
    if not touched:
        return
    persons = await persons_of(conn, town, list(touched))
    for resident_id, flags in touched.items():
        for flag in flags:
            await push_flag(conn, resident_id, persons.get(resident_id), flag)


async def push_flag(conn: Conn, resident_id: UUID, person_id: UUID | None, flag: Flag) -> None:
    """Under both names of one human being: a flag that the door misses under one of them hurts."""
    for subject in (resident_id, person_id):
        if subject is not None:
            await identity.set_protection(conn, subject, flag.valid_from, flag.valid_until)


async def persons_of(conn: Conn, town: TownCode, residents: Sequence[UUID]) -> Mapping[UUID, UUID]:
    found: dict[UUID, UUID] = {}
    for resident_id, pairwise in await store.list_links(conn, town, residents):
        person_id = await identity.person_of(conn, SECTOR, pairwise)
        if person_id is not None:
            found[resident_id] = person_id
    return found


def _ended(flag: Flag, now: datetime) -> Flag:
    # One that never began still needs an end after its beginning.
    return Flag(valid_from=flag.valid_from, valid_until=max(now, flag.valid_from + _SHORTEST))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), JST)
