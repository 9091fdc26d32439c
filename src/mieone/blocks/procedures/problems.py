"""Everything about procedures that can go wrong in normal business."""

from typing import ClassVar

from mieone.core.problems import Problem


class ProcedureNotFound(Problem):
    slug: ClassVar[str] = "procedures/procedure-not-found"
    status: ClassVar[int] = 404


class CaseNotFound(Problem):
    slug: ClassVar[str] = "procedures/case-not-found"
    status: ClassVar[int] = 404


class DraftNotFound(Problem):
    slug: ClassVar[str] = "procedures/draft-not-found"
    status: ClassVar[int] = 404


class ActNotPossible(Problem):
    slug: ClassVar[str] = "procedures/act-not-possible"
    status: ClassVar[int] = 409


class NotYoursToDo(Problem):
    slug: ClassVar[str] = "procedures/not-yours-to-do"
    status: ClassVar[int] = 403


class NoAuthority(Problem):
    slug: ClassVar[str] = "procedures/no-authority"
    status: ClassVar[int] = 409


class DefinitionChanged(Problem):
    slug: ClassVar[str] = "procedures/definition-changed"
    status: ClassVar[int] = 409


class AnswersIncomplete(Problem):
    slug: ClassVar[str] = "procedures/answers-incomplete"
    status: ClassVar[int] = 409


class InputsMissing(Problem):
    """A decision needs every input; an unknown one asks for its field instead."""

    slug: ClassVar[str] = "procedures/inputs-missing"
    status: ClassVar[int] = 409


class ReasonsMissing(Problem):
    slug: ClassVar[str] = "procedures/reasons-missing"
    status: ClassVar[int] = 409


class SpecimenStaysHere(Problem):
    slug: ClassVar[str] = "procedures/specimen-stays-here"
    status: ClassVar[int] = 409


class GlyphMissing(Problem):
    slug: ClassVar[str] = "procedures/glyph-missing"
    status: ClassVar[int] = 409


class LetterNotFound(Problem):
    slug: ClassVar[str] = "procedures/letter-not-found"
    status: ClassVar[int] = 404


class SomebodyWasFaster(Problem):
    slug: ClassVar[str] = "procedures/somebody-was-faster"
    status: ClassVar[int] = 409


class MyNumberRefused(Problem):
    slug: ClassVar[str] = "procedures/my-number-refused"
    status: ClassVar[int] = 400
