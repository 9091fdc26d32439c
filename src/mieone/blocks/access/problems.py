"""Failures of the access record's pages."""

from typing import ClassVar

from mieone.core.problems import Problem


class VisitNotFound(Problem):
    """Not there, not yours, or not visible yet: the three look the same."""

    slug: ClassVar[str] = "access/visit-not-found"
    status: ClassVar[int] = 404
