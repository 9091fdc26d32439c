"""退会: the keys are destroyed, and with them whatever consent alone held."""

import fcntl
import os
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.blocks.identity.model import PersonState
from mieone.blocks.identity.oauth.store import end_grants_of_person
from mieone.blocks.identity.problems import PersonNotActive
from mieone.blocks.identity.rules import linking
from mieone.blocks.identity.store import leaving as store
from mieone.blocks.identity.store import persons as person_store
from mieone.blocks.identity.store.leaving import Destruction
from mieone.core.block import Retained
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.outbox import Event, publish
from mieone.core.sessions import end_sessions_of

LIST_FILE = "destruction_list.jsonl"
PAIRWISE_KEPT_FOR = timedelta(days=30)
"""So long a block can still find what to delete; then nothing joins the person's identifiers."""


async def close_person(conn: Conn, house: House, person_id: UUID, reason: str = "left") -> None:
    """One transaction: keys destroyed, identifying rows removed, every way in closed, all told.

    Raises PersonNotActive for nobody, StepNotAllowed for somebody who has left before.
    """
    now = house.clock.now()
    state = await person_store.lock_state(conn, person_id)
    if state is None:
        raise PersonNotActive
    linking.check_step(state, PersonState.CLOSED)
    await person_store.record_state(conn, person_id, PersonState.CLOSED, now)
    await _destroy(conn, person_id, now)
    await store.record_destruction(conn, person_id, now, reason)
    payload = {"person_id": str(person_id), "reason": reason}
    await publish(conn, Event(name="identity.person_closed", key=str(person_id), payload=payload))


async def _destroy(conn: Conn, person_id: UUID, now: datetime) -> None:
    await person_store.destroy_keys(conn, person_id, now)
    await store.void_all_of(conn, person_id, now)
    await person_store.forget_user_handle(conn, person_id, secrets.token_bytes(64))
    await person_store.record_state(conn, person_id, PersonState.SHREDDED, now)
    await end_grants_of_person(conn, person_id, now)
    await end_sessions_of(conn, str(person_id), now)


async def replay_destructions(conn: Conn, rows: Sequence[Destruction], now: datetime) -> int:
    """After a restore, before the doors open: whoever had left leaves again. Returns how many.

    The person's rows say `now`: other blocks still need the pairwise identifiers to find what
    they have to delete, and those are forgotten a month after this.
    """
    count = 0
    for row in rows:
        state = await person_store.lock_state(conn, row.person_id)
        if state is None or state is PersonState.SHREDDED:
            continue
        if state is not PersonState.CLOSED:
            await person_store.record_state(conn, row.person_id, PersonState.CLOSED, now)
        await _destroy(conn, row.person_id, now)
        await store.record_destruction(conn, row.person_id, row.destroyed_at, "restored")
        payload = {"person_id": str(row.person_id), "reason": "restored"}
        event = Event(name="identity.person_closed", key=str(row.person_id), payload=payload)
        await publish(conn, event)
        count += 1
    return count


def read_destructions(home: Path) -> list[Destruction]:
    """The list as it left the database; it must be kept beside the backups, not inside them."""
    path = home / LIST_FILE
    return _whole_rows(path.read_bytes()) if path.exists() else []


def _whole_rows(content: bytes) -> list[Destruction]:
    # A power cut may leave half a line behind: whoever stands on it is exported again.
    whole = content[: content.rfind(b"\n") + 1]
    return [msgspec.json.decode(line, type=Destruction) for line in whole.splitlines() if line]


def merge_destructions(home: Path, given: Path) -> None:
    """Add what the given list knows; nobody who stands on ours is taken off it."""
    _append(home / LIST_FILE, _whole_rows(given.read_bytes()))


async def export_destructions(house: House) -> int:
    """Append to the file what it does not hold yet; safe from several processes."""
    path = house.settings.home / LIST_FILE
    known = {one.person_id for one in read_destructions(house.settings.home)}
    missing: list[Destruction] = []
    after = 0
    async with house.database.transaction() as conn:
        while rows := await store.list_destructions(conn, after):
            missing += [row for row in rows if row.person_id not in known]
            after = rows[-1].number
    if missing:
        _append(path, missing)
    return len(missing)


def _append(path: Path, rows: Sequence[Destruction]) -> None:
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        known = {one.person_id for one in _whole_rows(content)}
        file.truncate(content.rfind(b"\n") + 1)
        for row in rows:
            if row.person_id not in known:
                file.write(msgspec.json.encode(row) + b"\n")
        file.flush()
        os.fsync(file.fileno())


async def list_retained(conn: Conn, house: House, person_id: UUID) -> list[Retained]:
    """What the law keeps, as every block tells it; nothing else may stay."""
    found: list[Retained] = []
    for block in house.blocks:
        if block.retention is not None:
            found.extend(await block.retention(house, conn, person_id))
    return found


async def forget_pairwise_ids(house: House) -> int:
    async with house.database.transaction() as conn:
        return await store.void_forgotten_pairwise_ids(conn, house.clock.now() - PAIRWISE_KEPT_FOR)
