"""A value in a place for identifiers that could be somebody's My Number (個人番号)."""

import re
import unicodedata
from typing import Final

_TWELVE: Final = re.compile(r"(?<![0-9A-Za-z.\-])\d{12}(?![0-9A-Za-z.\-])")
_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)


def holds_my_number(text: str) -> bool:
    """Twelve digits by themselves with a right check digit; one in ten of all such is hit too."""
    return any(has_right_check_digit(run.group()) for run in _runs(text))


def mask(text: str) -> str:
    """The same without such digits, for answers that must name what they refuse."""
    narrow = unicodedata.normalize("NFKC", text)
    return _TWELVE.sub("*" * 12, narrow) if holds_my_number(text) else text


def has_right_check_digit(digits: str) -> bool:
    """平成26年総務省令第85号5条: weights 2 to 7 and 2 to 6 from the low end, modulo 11."""
    low_first = [int(digit) for digit in reversed(digits[:11])]
    remainder = sum(p * q for p, q in zip(low_first, _WEIGHTS, strict=True)) % 11
    return int(digits[11]) == (0 if remainder <= 1 else 11 - remainder)


def _runs(text: str) -> list[re.Match[str]]:
    if len(text) < 12:
        return []
    narrow = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return list(_TWELVE.finditer(narrow))
