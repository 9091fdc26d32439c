"""Taking a town's register file: shown first, then written whole or not at all."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from mieone.blocks.registry import store
from mieone.blocks.registry.model import (
    ChangeKind,
    Difference,
    Entry,
    Extent,
    ImportReport,
    RegisterFile,
    ResidentStatus,
)
from mieone.blocks.registry.problems import FileEmptiesTown, TownNotYours
from mieone.blocks.registry.rules.changes import (
    Changes,
    Known,
    decide_changes,
    list_field_changes,
)
from mieone.blocks.registry.rules.files import read_register_file
from mieone.blocks.registry.rules.matching import substitutes_of
from mieone.blocks.registry.rules.tokens import list_terms
from mieone.core.clock import Clock
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, TownCode
from mieone.core.outbox import Event, publish
from mieone.core.region import Region

from .documents import open_entry, seal_entry, token_of
from .protection import persons_of, push_changes

SHOWN = 200
"""Differences that a report spells out; the counts are always of all."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it arrived, and for whom."""

    town: TownCode
    content: bytes
    source: str
    extent: Extent = Extent.WHOLE


class Comparison(NamedTuple):
    """A file beside the register, before anything is written."""

    file: RegisterFile
    known: Mapping[str, Known]
    digests: Mapping[str, bytes]
    changes: Changes
    previous: Mapping[str, store.SealedResident]
    differences: tuple[Difference, ...]


async def preview_import(
    conn: Conn, keyring: KeyRing, clock: Clock, actor: Actor, delivery: Delivery
) -> ImportReport:
    """What the file would do; nothing is written."""
    check_town(actor, delivery.town)
    comparison = await _compare(conn, keyring, clock, delivery)
    return _report(delivery, comparison, None)


async def import_register(
    conn: Conn,
    keyring: KeyRing,
    clock: Clock,
    region: Region,
    actor: Actor,
    delivery: Delivery,
) -> ImportReport:
    """Take the good rows. The same file again changes nothing, and is on record as such."""
    check_town(actor, delivery.town)
    await store.lock_town(conn, delivery.town)
    comparison = await _compare(conn, keyring, clock, delivery)
    run_id = uuid7()
    report = _report(delivery, comparison, run_id)
    await store.record_run(
        conn,
        run_id,
        delivery.source,
        delivery.extent,
        hashlib.sha256(delivery.content).digest(),
        actor,
        report,
        clock.now(),
    )
    await store.record_findings(conn, delivery.town, run_id, report.findings)
    await _write(conn, keyring, region, delivery.town, run_id, comparison, clock.now())
    return report


def check_town(actor: Actor, town: TownCode) -> None:
    if town not in actor.towns:
        raise TownNotYours


async def _compare(conn: Conn, keyring: KeyRing, clock: Clock, delivery: Delivery) -> Comparison:
    # Seconds of reading for a whole town: meanwhile the portal of all towns must go on answering.
    file = await asyncio.to_thread(read_register_file, delivery.content, clock.today())
    known = await store.list_known(conn, delivery.town)
    if known and not file.entries and delivery.extent is Extent.WHOLE:
        raise FileEmptiesTown
    digests = await asyncio.to_thread(_list_digests, keyring, delivery.town, file.entries)
    decided = decide_changes(known, file, digests, delivery.extent)
    numbers = [entry.addressee_number for entry in decided.changed]
    previous = await store.list_sealed(conn, delivery.town, numbers)
    differences = await asyncio.to_thread(
        _list_differences, keyring, delivery.town, decided, previous
    )
    by_number = {
        entry.addressee_number: digest for entry, digest in zip(file.entries, digests, strict=True)
    }
    return Comparison(file, known, by_number, decided, previous, differences)


def _list_digests(keyring: KeyRing, town: TownCode, entries: Sequence[Entry]) -> list[bytes]:
    return [digest_of(keyring, town, entry) for entry in entries]


def digest_of(keyring: KeyRing, town: TownCode, entry: Entry) -> bytes:
    """Tells whether a row changed without opening the old one; keyed, so it cannot be guessed."""
    return keyring.search_token(town, "entry", msgspec.json.encode(entry).decode())


def _list_differences(
    keyring: KeyRing,
    town: TownCode,
    decided: Changes,
    previous: Mapping[str, store.SealedResident],
) -> tuple[Difference, ...]:
    added = [
        Difference(addressee_number=entry.addressee_number, kind=ChangeKind.ADDED)
        for entry in decided.added
    ]
    changed = [
        Difference(
            addressee_number=entry.addressee_number,
            kind=ChangeKind.CHANGED,
            fields=list_field_changes(
                open_entry(
                    keyring,
                    town,
                    previous[entry.addressee_number].resident_id,
                    previous[entry.addressee_number].sealed,
                ),
                entry,
            ),
        )
        for entry in decided.changed
    ]
    removed = [
        Difference(addressee_number=number, kind=ChangeKind.REMOVED) for number in decided.absent
    ]
    return (*changed, *removed, *added)


def _report(delivery: Delivery, comparison: Comparison, run_id: UUID | None) -> ImportReport:
    decided = comparison.changes
    return ImportReport(
        town=delivery.town,
        run_id=run_id,
        row_count=comparison.file.row_count,
        taken=len(comparison.file.entries),
        unchanged=decided.unchanged,
        added=len(decided.added),
        changed=len(decided.changed),
        removed=len(decided.absent),
        absent_but_kept=decided.absent_but_kept,
        findings=comparison.file.findings,
        differences=comparison.differences[:SHOWN],
    )


async def _write(
    conn: Conn,
    keyring: KeyRing,
    region: Region,
    town: TownCode,
    run_id: UUID,
    comparison: Comparison,
    now: datetime,
) -> None:
    decided = comparison.changes
    entries = [*decided.added, *decided.changed]
    residents = await asyncio.to_thread(_list_sealed, keyring, town, entries, comparison)
    changed_ids = [one.resident_id for one in comparison.previous.values()]
    households = {entry.household_number for entry in entries}
    await store.record_households(conn, town, run_id, households)
    absent = await store.record_absent(conn, town, run_id, decided.absent)
    await store.record_residents(conn, town, run_id, residents)
    await store.void_tokens(conn, town, [*changed_ids, *absent])
    tokens = await asyncio.to_thread(_list_tokens, keyring, region, town, residents)
    await store.record_tokens(conn, town, tokens)
    await store.record_changes(conn, town, run_id, _list_changes(comparison, residents, absent))
    opened = {
        one.resident_id: open_entry(keyring, town, one.resident_id, one.sealed)
        for one in comparison.previous.values()
    }
    await push_changes(conn, town, {one.resident_id: one.entry for one in residents}, opened, now)
    await _publish_changes(conn, town, residents, opened, absent)


async def _publish_changes(
    conn: Conn,
    town: TownCode,
    residents: Sequence[store.NewResident],
    previous: Mapping[UUID, Entry],
    absent: Sequence[UUID],
) -> None:
    """Whoever holds a Mie-ID changed on the register: told with the fields' names, no values."""
    status = {one.resident_id: one.entry.status for one in residents}
    entries = {one.resident_id: one.entry for one in residents}
    persons = await persons_of(conn, town, [*previous, *absent])
    for resident_id, person_id in persons.items():
        fields = []
        if resident_id in entries:
            changes = list_field_changes(previous[resident_id], entries[resident_id])
            fields = [change.field for change in changes]
        event = Event(
            name="registry.resident_changed",
            key=str(person_id),
            payload={
                "person_id": str(person_id),
                "town": town,
                "status": status.get(resident_id, ResidentStatus.ABSENT).value,
                "fields": fields,
            },
        )
        await publish(conn, event)


def _list_sealed(
    keyring: KeyRing, town: TownCode, entries: Sequence[Entry], comparison: Comparison
) -> list[store.NewResident]:
    return [_sealed_resident(keyring, town, entry, comparison) for entry in entries]


def _sealed_resident(
    keyring: KeyRing, town: TownCode, entry: Entry, comparison: Comparison
) -> store.NewResident:
    before = comparison.known.get(entry.addressee_number)
    resident_id = uuid7() if before is None else before.resident_id
    return store.NewResident(
        resident_id=resident_id,
        entry=entry,
        digest=comparison.digests[entry.addressee_number],
        sealed=seal_entry(keyring, town, resident_id, entry),
    )


def _list_tokens(
    keyring: KeyRing, region: Region, town: TownCode, residents: Sequence[store.NewResident]
) -> list[tuple[bytes, UUID]]:
    substitutes = substitutes_of(region)
    tokens = [
        (token_of(keyring, town, term), one.resident_id)
        for one in residents
        for term in list_terms(one.entry, substitutes)
    ]
    # In the index's own order its pages are written once.
    return sorted(tokens)


def _list_changes(
    comparison: Comparison, residents: Sequence[store.NewResident], absent: Sequence[UUID]
) -> list[store.Change]:
    fields = {
        one.addressee_number: tuple(change.field for change in one.fields)
        for one in comparison.differences
    }
    written = []
    for one in residents:
        number = one.entry.addressee_number
        before = comparison.previous.get(number)
        kind = ChangeKind.ADDED if before is None else ChangeKind.CHANGED
        written.append(
            store.Change(
                resident_id=one.resident_id,
                kind=kind.value,
                fields=fields[number],
                previous=None if before is None else before.sealed,
            )
        )
    gone = [
        store.Change(resident_id=one, kind=ChangeKind.REMOVED.value, fields=(), previous=None)
        for one in absent
    ]
    return [*written, *gone]
