"""Failures of consent."""

from typing import ClassVar

from mieone.core.problems import Problem


class ConsentNotFound(Problem):
    slug: ClassVar[str] = "consent/not-found"
    status: ClassVar[int] = 404


class StateForbids(Problem):
    """A transition that the states do not have: a refused consent cannot be withdrawn."""

    slug: ClassVar[str] = "consent/state-forbids"
    status: ClassVar[int] = 409


class AskNotFound(Problem):
    """Not there, not yours, or too old."""

    slug: ClassVar[str] = "consent/ask-not-found"
    status: ClassVar[int] = 404


class NoticeChanged(Problem):
    """The text changed while the person was reading; it is shown once more."""

    slug: ClassVar[str] = "consent/notice-changed"
    status: ClassVar[int] = 409


class NothingChosen(Problem):
    """Agreeing to nothing at all is not agreeing."""

    slug: ClassVar[str] = "consent/nothing-chosen"
    status: ClassVar[int] = 400


class DatasetUnknown(Problem):
    slug: ClassVar[str] = "consent/dataset-unknown"
    status: ClassVar[int] = 404
