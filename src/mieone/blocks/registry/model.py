"""Words of the register: residents and households as each town's core system sends them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from mieone.core.model import TownCode

HEAD = "世帯主"
"""The 続柄 of a household's head, as registers write it."""


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    OTHER = "other"


class ResidentStatus(StrEnum):
    RESIDENT = "resident"
    MOVED_OUT = "moved_out"
    DECEASED = "deceased"
    REMOVED = "removed"
    """職権消除."""
    ABSENT = "absent"
    """No longer in the town's file; never in a file itself."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One resident as a town's file says. This is what is sealed, whole."""

    addressee_number: str
    household_number: str
    relationship: str
    name: str
    name_kana: str | None
    former_name: str | None
    """旧氏: a surname once held, registered beside the present one."""
    former_name_kana: str | None
    alias: str | None
    """通称: the name a foreign resident is known by."""
    alias_kana: str | None
    born_on: date
    sex: Sex
    postal_code: str | None
    oaza: str
    banchi: str | None
    building: str | None
    moved_in_on: date | None
    status: ResidentStatus
    status_on: date | None
    protected_from: date | None
    protected_until: date | None

    @property
    def is_head(self) -> bool:
        return self.relationship == HEAD


COLUMNS: tuple[str, ...] = Entry.__struct_fields__
"""The columns of a register file, in any order."""


class Weight(StrEnum):
    REFUSED = "refused"
    """The row was not taken."""
    REMARK = "remark"
    """The row was taken; somebody should look at it."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something about one row. Never carries the value: a report may be read by many."""

    row: int
    column: str | None
    reason: str
    """Last part of a message id, `registry.import.reasons.<reason>`."""
    weight: Weight


class RegisterFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file read and checked: what may be taken, and what was found."""

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    row_count: int
    refused_numbers: frozenset[str]
    """Addressee numbers of rows that were refused: these residents stay as they are."""
    has_unreadable_number: bool
    """Somebody in the file cannot be named: then nobody may be called absent."""


class Extent(StrEnum):
    WHOLE = "whole"
    """Every resident of the town: who is missing is no longer there."""
    CHANGES = "changes"
    """Only those who changed since the last file."""


class ChangeKind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    field: str
    before: str | None
    after: str | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What an import does to one resident."""

    addressee_number: str
    kind: ChangeKind
    fields: tuple[FieldChange, ...] = ()


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would do, or did. Differences are those read before anything was written."""

    town: TownCode
    run_id: UUID | None
    """None: only shown, nothing written."""
    row_count: int
    taken: int
    unchanged: int
    added: int
    changed: int
    removed: int
    absent_but_kept: int
    """Missing from the file, but kept because rows of it could not be read."""
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...]

    @property
    def refused(self) -> int:
        return len({one.row for one in self.findings if one.weight is Weight.REFUSED})

    @property
    def loses_many(self) -> bool:
        """More than one in fifty gone at once: more likely the wrong file than a bad year."""
        return self.removed * 50 > self.removed + self.changed + self.unchanged

    @property
    def change_count(self) -> int:
        return self.added + self.changed + self.removed


class ImportRun(msgspec.Struct, frozen=True, kw_only=True):
    run_id: UUID
    town: TownCode
    source: str
    extent: Extent
    row_count: int
    taken: int
    refused: int
    added: int
    changed: int
    removed: int
    imported_at: datetime


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on a town's register."""

    resident_id: UUID
    town: TownCode
    entry: Entry


class CaseState(StrEnum):
    OPEN = "open"
    LINKED = "linked"
    REFUSED = "refused"


class CaseReason(StrEnum):
    NOBODY = "nobody"
    """No resident agrees in all four attributes."""
    SEVERAL = "several"
    TAKEN = "taken"
    """The resident is linked to another Mie-ID already."""


class MatchingCase(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at the counter has to say who this is."""

    case_id: UUID
    town: TownCode
    reason: CaseReason
    state: CaseState
    opened_at: datetime
