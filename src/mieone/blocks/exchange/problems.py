"""Failures of the exchange. A caller learns that it was refused, never why; operators see why."""

from typing import ClassVar

from mieone.core.problems import Problem


class Refused(Problem):
    """No right, no consent, nobody there, somebody protected: one answer for all of them."""

    slug: ClassVar[str] = "exchange/refused"
    status: ClassVar[int] = 403


class NotAnswered(Problem):
    """The provider failed or was too slow; nothing was released."""

    slug: ClassVar[str] = "exchange/not-answered"
    status: ClassVar[int] = 502


class NoPerson(Problem):
    """The token speaks for a program only; personal data needs one that a person signed in for."""

    slug: ClassVar[str] = "exchange/no-person"
    status: ClassVar[int] = 403


class ServiceUnknown(Problem):
    slug: ClassVar[str] = "exchange/service-unknown"
    status: ClassVar[int] = 404


class OfficerOnly(Problem):
    """Only a named officer of a town or authority can declare an emergency."""

    slug: ClassVar[str] = "exchange/officer-only"
    status: ClassVar[int] = 403


class ReasonMissing(Problem):
    slug: ClassVar[str] = "exchange/reason-missing"
    status: ClassVar[int] = 400
