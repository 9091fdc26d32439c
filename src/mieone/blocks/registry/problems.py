"""Failures of the register that belong to normal business."""

from typing import ClassVar

from mieone.core.problems import Problem


class FileNotText(Problem):
    """Not a CSV file in UTF-8."""

    slug: ClassVar[str] = "registry/file-not-text"
    status: ClassVar[int] = 422


class FileWrongColumns(Problem):
    slug: ClassVar[str] = "registry/file-wrong-columns"
    status: ClassVar[int] = 422


class FileWithoutRows(Problem):
    slug: ClassVar[str] = "registry/file-without-rows"
    status: ClassVar[int] = 422


class FileTooLarge(Problem):
    slug: ClassVar[str] = "registry/file-too-large"
    status: ClassVar[int] = 413


class FileEmptiesTown(Problem):
    """A whole file without one good row would call everybody absent."""

    slug: ClassVar[str] = "registry/file-empties-town"
    status: ClassVar[int] = 422


class FileChanged(Problem):
    """What is to be taken is not what was shown."""

    slug: ClassVar[str] = "registry/file-changed"
    status: ClassVar[int] = 409


class TownNotYours(Problem):
    slug: ClassVar[str] = "registry/town-not-yours"
    status: ClassVar[int] = 403


class ResidentNotFound(Problem):
    slug: ClassVar[str] = "registry/resident-not-found"
    status: ClassVar[int] = 404


class CaseNotFound(Problem):
    slug: ClassVar[str] = "registry/case-not-found"
    status: ClassVar[int] = 404


class CaseClosed(Problem):
    slug: ClassVar[str] = "registry/case-closed"
    status: ClassVar[int] = 409


class SearchTooWide(Problem):
    """A search needs a birth date, or a name of two characters and more."""

    slug: ClassVar[str] = "registry/search-too-wide"
    status: ClassVar[int] = 422
