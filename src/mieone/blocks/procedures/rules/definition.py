"""A procedure's definition: one law-date version, immutable once published."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from mieone.blocks.procedures.model import ActorClass, Outcome, ProcedureId

from .clocks import ClockRule
from .values import Kind


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class ProcedureKind(StrEnum):
    APPLICATION = "申請"
    FILING = "届出"
    CLAIM = "請求"
    OFFER = "申出"

    @property
    def has_decision(self) -> bool:
        return self in (ProcedureKind.APPLICATION, ProcedureKind.CLAIM)


class LawRegime(StrEnum):
    NATIONAL = "national"
    ORDINANCE = "ordinance"


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a definition; a word it does not know is an error in the file."""


class Words(Shape, frozen=True, kw_only=True):
    """One text in the languages of the house. English may be missing: it is then listed."""

    ja: str
    yasashii: str
    en: str = ""

    def shown_in(self, language: str) -> str:
        if language == "ja-x-yasashii":
            return self.yasashii
        return self.en or self.ja if language == "en" else self.ja


class Names(Shape, frozen=True, kw_only=True):
    official: str
    short: str
    yasashii: str
    en: str = ""

    @property
    def title(self) -> Words:
        """The name as people read it."""
        return Words(ja=self.short, yasashii=self.yasashii, en=self.en)


class Prefill(Shape, frozen=True, kw_only=True):
    dataset: str
    item: str


class RowsFrom(Shape, frozen=True, kw_only=True):
    """Rows of a repeated page that the register can fill."""

    dataset: str
    item: str
    among: Mapping[str, tuple[str, ...]]
    """Value of `item` in the applicant's own row → the values that make another row count."""
    set: Mapping[str, str] = {}
    """Answers such a row begins with, to be checked by the applicant."""


class Option(Shape, frozen=True, kw_only=True):
    value: str
    label: Words


class Check(Shape, frozen=True, kw_only=True):
    expr: str
    """True when the answer is good."""
    message: Words


class FieldType(StrEnum):
    TEXT = "text"
    KANA = "kana"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"
    PHONE = "phone"
    DIGITS = "digits"
    AGREEMENT = "agreement"

    @property
    def value_kind(self) -> Kind:
        match self:
            case FieldType.DATE:
                return Kind.DATE
            case FieldType.YES_NO | FieldType.AGREEMENT:
                return Kind.BOOL
            case _:
                return Kind.TEXT


class Field(Shape, frozen=True, kw_only=True):
    key: str
    label: Words
    help: Words | None = None
    type: FieldType
    options: tuple[Option, ...] = ()
    required: str = "True"
    visible: str = "True"
    checks: tuple[Check, ...] = ()
    purpose: Words
    sensitivity: str = "personal"
    prefill: Prefill | None = None
    gif: str
    """Item of the GIF model 451-1, or `local`."""
    basic_data_item: str = ""
    max_length: int = 100
    era: bool = False
    """Whether a date may be typed with its Japanese era: for people born long ago."""
    from_rows: str = ""
    """`list.field`: the register's newest such date fills this one, within a year of today."""
    from_rows_with: Mapping[str, str] = {}
    """Other answers that such a date implies, to be checked by the applicant."""


class Page(Shape, frozen=True, kw_only=True):
    """One question on a phone."""

    id: str
    title: Words
    lead: Words | None = None
    repeat: str = ""
    """Name of the list whose rows this page asks for, one by one."""
    max_rows: int = 12
    rows_from: RowsFrom | None = None
    add: Words | None = None
    fields: tuple[Field, ...]


class Attachment(Shape, frozen=True, kw_only=True):
    key: str
    label: Words
    when: str = "True"
    per: str = "case"
    one_of: str = ""
    original_within_days: int | None = None
    law_ref: str
    source: str
    verified: bool


class ChecklistPoint(Shape, frozen=True, kw_only=True):
    id: str
    label: Words


class Task(Shape, frozen=True, kw_only=True):
    id: str
    actor_class: tuple[ActorClass, ...]
    decides: bool = False
    checklist: tuple[ChecklistPoint, ...] = ()
    est_minutes: int
    core: bool
    """コア業務: only a public servant may do it."""
    law_ref: str


class Stage(Shape, frozen=True, kw_only=True):
    id: str
    clock: str = ""
    tasks: tuple[Task, ...]


class ForEach(Shape, frozen=True, kw_only=True):
    list: str
    name: str


class Rule(Shape, frozen=True, kw_only=True):
    id: str
    output: str
    type: Kind
    for_each: ForEach | None = None
    expr: str = ""
    table: str = ""
    inputs: Mapping[str, str] = {}
    """Table input → expression."""
    reference_date: str = ""
    """Name of the date on which table rows are read: arrival, event or an earlier output."""
    law_ref: str
    source: str
    verified: bool
    explain_ja: str = ""


class Reason(Shape, frozen=True, kw_only=True):
    """Why a claim would be refused, with its article; the officer completes the words."""

    id: str
    when: str
    text_ja: str
    law_ref: str
    source: str
    verified: bool


class Vector(Shape, frozen=True, kw_only=True):
    name: str
    given: Mapping[str, object]
    arrival: str
    then: Mapping[str, object]
    source: str


class OutcomeRule(Shape, frozen=True, kw_only=True):
    id: Outcome
    name: Words
    reasons_required: bool
    effects: tuple[str, ...] = ()


class LetterRule(Shape, frozen=True, kw_only=True):
    outcome: Outcome
    template: str
    title_ja: str
    opening_ja: str
    kyoji: str
    delivery: tuple[str, ...]
    verified: bool


class StandardPeriod(Shape, frozen=True, kw_only=True):
    table: str
    clock: str
    """Id of the clock in `clocks` that takes its days from the table."""


class Deadline(Shape, frozen=True, kw_only=True):
    clock: str
    late_effect: Words


class Applicant(Shape, frozen=True, kw_only=True):
    who: Words
    eligibility: str
    proxies: tuple[str, ...] = ()
    assurance: tuple[str, ...]


class Retention(Shape, frozen=True, kw_only=True):
    years: int
    basis: str
    verified: bool


class Definition(Shape, frozen=True, kw_only=True):
    id: ProcedureId
    valid_from: str
    valid_until: str | None = None
    supersedes: str | None = None
    status: Status
    names: Names
    summary: Words
    field: str
    kind: ProcedureKind
    law_regime: LawRegime
    law_refs: tuple[str, ...]
    law_refs_verified: bool
    legal_basis: str
    """Row of the region's legal bases under which the town reads its register for a case."""
    catalogue: Mapping[str, str]
    applicant: Applicant
    deadline: Deadline | None = None
    trigger: tuple[str, ...] = ()
    needed: tuple[Words, ...] = ()
    """What to have at hand, in words, before the form is opened."""
    pages: tuple[Page, ...]
    attachments: tuple[Attachment, ...] = ()
    stages: tuple[Stage, ...]
    clocks: tuple[ClockRule, ...]
    rules: tuple[Rule, ...] = ()
    outcome_rule: str = ""
    """Output that holds the proposed outcome."""
    amount_output: str = ""
    """Output that holds the sum shown first in letter and queue, in yen."""
    reasons: tuple[Reason, ...] = ()
    standard_period: StandardPeriod | None = None
    outcomes: tuple[OutcomeRule, ...] = ()
    letters: tuple[LetterRule, ...] = ()
    vectors: tuple[Vector, ...] = ()
    retention: Retention
    related: tuple[str, ...] = ()

    def is_valid_on(self, day: date) -> bool:
        return date.fromisoformat(self.valid_from) <= day and (
            self.valid_until is None or day < date.fromisoformat(self.valid_until)
        )

    def list_fields(self) -> list[tuple[Page, Field]]:
        return [(page, field) for page in self.pages for field in page.fields]

    def find_letter(self, outcome: Outcome) -> LetterRule | None:
        return next((letter for letter in self.letters if letter.outcome is outcome), None)

    def get_outcome(self, outcome: Outcome) -> OutcomeRule:
        return next(row for row in self.outcomes if row.id is outcome)
