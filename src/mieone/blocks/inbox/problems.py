"""What can go wrong with messages."""

from typing import ClassVar

from mieone.core.problems import Problem


class MessageNotFound(Problem):
    slug: ClassVar[str] = "inbox/message-not-found"
    status: ClassVar[int] = 404
