"""What a file changes on the register (異動)."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from mieone.blocks.registry.model import (
    COLUMNS,
    Entry,
    Extent,
    FieldChange,
    RegisterFile,
    ResidentStatus,
)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A resident already on the register. Equal digests mean that nothing changed."""

    resident_id: UUID
    digest: bytes
    status: ResidentStatus


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    added: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    unchanged: int
    absent: tuple[str, ...]
    """Addressee numbers that the file no longer has."""
    absent_but_kept: int


def decide_changes(
    known: Mapping[str, Known],
    file: RegisterFile,
    digests: Sequence[bytes],
    extent: Extent,
) -> Changes:
    """`digests` stand in the order of the file's entries."""
    added: list[Entry] = []
    changed: list[Entry] = []
    unchanged = 0
    for entry, digest in zip(file.entries, digests, strict=True):
        before = known.get(entry.addressee_number)
        if before is None:
            added.append(entry)
        elif before.digest != digest or before.status is not entry.status:
            changed.append(entry)
        else:
            unchanged += 1
    absent = _decide_absent(known, file, extent)
    kept = file.has_unreadable_number
    return Changes(
        added=tuple(added),
        changed=tuple(changed),
        unchanged=unchanged,
        absent=() if kept else absent,
        absent_but_kept=len(absent) if kept else 0,
    )


def _decide_absent(
    known: Mapping[str, Known], file: RegisterFile, extent: Extent
) -> tuple[str, ...]:
    if extent is Extent.CHANGES:
        return ()
    # A row we could not take says at least that its resident is still there.
    present = {entry.addressee_number for entry in file.entries} | file.refused_numbers
    return tuple(
        number
        for number, one in known.items()
        if number not in present and one.status is not ResidentStatus.ABSENT
    )


def list_field_changes(before: Entry, after: Entry) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(field=name, before=_shown(was), after=_shown(now))
        for name in COLUMNS
        if (was := getattr(before, name)) != (now := getattr(after, name))
    )


def _shown(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)
