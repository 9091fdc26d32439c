"""Regular expressions of callers, on RE2 only: its time is linear in the text, whatever was sent."""

from functools import lru_cache
from typing import Final, Protocol

import re2

from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery

LONGEST: Final = 512
_MEMORY_OCTETS: Final = 1 << 20


class Pattern(Protocol):
    def search(self, text: str) -> object: ...


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """Raises BadRequestData for what is no RE2, TooComplexQuery for one that grows too large."""
    if len(text) > LONGEST:
        raise TooComplexQuery(f"a pattern is longer than {LONGEST} characters")
    options = re2.Options()
    options.max_mem = _MEMORY_OCTETS
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(text, options)
    except (re2.error, UnicodeError) as error:
        raise BadRequestData(f"not a regular expression of RE2: {text!r}") from error
    return compiled


def is_found(pattern: str, text: str) -> bool:
    try:
        return compile_pattern(pattern).search(text) is not None
    except UnicodeError:
        # Half of a surrogate pair, which JSON may carry and UTF-8 cannot.
        return False
