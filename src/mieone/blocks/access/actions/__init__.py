"""What can be done with access records: write them, ask about one, check them."""

from .recording import (
    answer_question,
    open_question,
    open_words,
    record_alias,
    record_many,
)
from .verifying import verify_outcomes

__all__ = [
    "answer_question",
    "open_question",
    "open_words",
    "record_alias",
    "record_many",
    "verify_outcomes",
]
