"""A value in a place for identifiers that could be somebody's My Number (個人番号)."""

import re
import unicodedata
from typing import Final

from mieone.core.my_number import has_right_check_digit

_TWELVE: Final = re.compile(r"(?<![0-9A-Za-z.\-])\d{12}(?![0-9A-Za-z.\-])")


def holds_my_number(text: str) -> bool:
    """Twelve digits by themselves with a right check digit; one in ten of all such is hit too."""
    return any(has_right_check_digit(run.group()) for run in _runs(text))


def mask(text: str) -> str:
    """The same without such digits, for answers that must name what they refuse."""
    narrow = unicodedata.normalize("NFKC", text)
    return _TWELVE.sub("*" * 12, narrow) if holds_my_number(text) else text


def _runs(text: str) -> list[re.Match[str]]:
    if len(text) < 12:
        return []
    narrow = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return list(_TWELVE.finditer(narrow))
