"""Everything the region's files say about procedures, read and checked once."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property

import msgspec

from mieone.blocks.procedures.model import ProcedureId
from mieone.blocks.procedures.problems import DefinitionChanged, ProcedureNotFound
from mieone.core.model import TownCode

from .authorities import Authorities, Kyoji
from .calendar import Calendar
from .clocks import ClockRule
from .definition import Definition, Status
from .evaluation import RuleSet
from .tables import Table, look_up
from .yaml_files import read_strict


class DefinitionFile(msgspec.Struct, frozen=True, kw_only=True):
    definition: Definition
    sha256: str
    text: str


class Laws(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of laws and how a citation is written."""

    names_ja: Mapping[str, str]
    parts_ja: Mapping[str, str]

    def cite(self, law_ref: str) -> str:
        """`346AC0000000073#MainProvision/Art7/Par1` → 児童手当法第7条第1項."""
        law_id, _, place = law_ref.partition("#")
        name = self.names_ja.get(law_id, law_id)
        words = []
        for part in place.split("/"):
            kind = part.rstrip("0123456789_")
            number = part.removeprefix(kind)
            if kind in self.parts_ja and number:
                main, *branches = number.split("_")
                tail = "".join(self.parts_ja["branch"].format(n=branch) for branch in branches)
                words.append(self.parts_ja[kind].format(n=main) + tail)
        return name + "".join(words)


class Letterhead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a town's letters look; positions in millimetres for a window envelope."""

    town: TownCode
    section_ja: str
    postal_code: str
    address_ja: str
    telephone: str
    head_name_ja: str
    document_prefix_ja: str
    source: str
    verified: bool


class Era(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name_ja: str
    starts: str


class LetterLayout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    window_left_mm: int
    window_top_mm: int
    window_width_mm: int
    window_height_mm: int
    source: str
    words_ja: Mapping[str, str]
    """Fixed words of every letter."""
    weekdays_ja: tuple[str, ...]
    eras: tuple[Era, ...]
    """Newest first."""

    def date_ja(self, day: date) -> str:
        """A day as letters write it: era, year, month, day and weekday."""
        era = next(e for e in self.eras if date.fromisoformat(e.starts) <= day)
        year = day.year - date.fromisoformat(era.starts).year + 1
        return self.words_ja["date"].format(
            era=era.name_ja,
            year=year if year > 1 else self.words_ja["first_year"],
            month=day.month,
            day=day.day,
            weekday=self.weekdays_ja[day.weekday()],
        )


class Library(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    files: tuple[DefinitionFile, ...]
    tables: Mapping[str, Table]
    authorities: Authorities
    kyoji: Kyoji
    laws: Laws
    letterheads: tuple[Letterhead, ...]
    layout: LetterLayout
    calendar: Calendar

    @cached_property
    def by_hash(self) -> Mapping[str, DefinitionFile]:
        return {file.sha256: file for file in self.files}

    @cached_property
    def procedures(self) -> tuple[ProcedureId, ...]:
        return tuple(sorted({file.definition.id for file in self.files}))

    def definition_on(self, procedure: ProcedureId, day: date) -> DefinitionFile:
        """The published version whose law holds on that day."""
        for file in self.files:
            found = file.definition
            published = found.status is not Status.DRAFT
            if found.id == procedure and published and found.is_valid_on(day):
                return file
        raise ProcedureNotFound(procedure=procedure)

    def list_open(self, day: date) -> list[DefinitionFile]:
        """That day's version of every procedure that can be begun."""
        return [
            file
            for file in self.files
            if file.definition.status is Status.PUBLISHED and file.definition.is_valid_on(day)
        ]

    def definition_by_hash(self, sha256: str) -> DefinitionFile:
        """The pinned version; a file changed under a running case stops it."""
        if sha256 not in self.by_hash:
            raise DefinitionChanged(sha256=sha256[:12])
        return self.by_hash[sha256]

    def rule_set(self, file: DefinitionFile) -> RuleSet:
        names = sorted({rule.table for rule in file.definition.rules if rule.table})
        tables = {name: self.tables[name] for name in names}
        body = msgspec.json.encode(tables, order="deterministic")
        digest = hashlib.sha256(file.sha256.encode() + body).hexdigest()
        return RuleSet(
            definition=file.definition,
            definition_hash=file.sha256,
            ruleset_hash=digest,
            tables=tables,
            calendar=self.calendar,
        )

    def clocks_for(self, file: DefinitionFile, town: TownCode, on: date) -> tuple[ClockRule, ...]:
        """The definition's clocks, with the standard period of this town filled in."""
        period = file.definition.standard_period
        clocks = file.definition.clocks
        if period is None:
            return clocks
        procedure = file.definition.id
        found = look_up(self.tables[period.table], {"procedure": procedure, "town": town}, on)
        days = found.outputs["days"]
        verified = all(row.verified for row in found.rows)
        return tuple(
            msgspec.structs.replace(c, days=days, verified=verified and c.verified)
            if c.id == period.clock and isinstance(days, int)
            else c
            for c in clocks
        )

    def letterhead(self, town: TownCode) -> Letterhead:
        return next(head for head in self.letterheads if head.town == town)


def read_definition(text: str, name: str) -> DefinitionFile:
    digest = hashlib.sha256(text.encode()).hexdigest()
    definition = read_strict(text, name, Definition)
    return DefinitionFile(definition=definition, sha256=digest, text=text)


class LibraryTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The files as text, so that reading them stays pure."""

    definitions: Mapping[str, str]
    tables: Mapping[str, str]
    authorities: str
    kyoji: str
    laws: str
    letterheads: str
    layout: str


def read_library(texts: LibraryTexts, calendar: Calendar) -> Library:
    """Raises FileInvalid for a file that is not well formed; linting is a second step."""
    tables: Sequence[Table] = [read_strict(text, n, Table) for n, text in texts.tables.items()]
    return Library(
        files=tuple(
            read_definition(text, name) for name, text in sorted(texts.definitions.items())
        ),
        tables={table.id: table for table in tables},
        authorities=read_strict(texts.authorities, "authorities.yaml", Authorities),
        kyoji=read_strict(texts.kyoji, "kyoji.yaml", Kyoji),
        laws=read_strict(texts.laws, "laws.yaml", Laws),
        letterheads=read_strict(texts.letterheads, "letterheads.yaml", tuple[Letterhead, ...]),
        layout=read_strict(texts.layout, "layout.yaml", LetterLayout),
        calendar=calendar,
    )
