"""My Number (個人番号) is never accepted: how a value that could be one is recognised."""

import re
import unicodedata

_RUN = re.compile(r"(?<!\d)\d(?:[\s\-‐‑–—−ー.・/_]{0,2}\d){11}(?!\d)")


def holds_my_number(text: str) -> bool:
    """Twelve digits with a right check digit, in any width, with or without separators.

    One random number in ten is hit too; a refused row is better than a stored number.
    """
    narrow = unicodedata.normalize("NFKC", text)
    return any(
        has_right_check_digit("".join(re.findall(r"\d", run.group())))
        for run in _RUN.finditer(narrow)
    )


def has_right_check_digit(digits: str) -> bool:
    """平成26年総務省令第85号5条: weights 2 to 7 and 2 to 6 from the low end, modulo 11."""
    if len(digits) != 12 or not digits.isascii() or not digits.isdigit():
        return False
    low_first = [int(digit) for digit in reversed(digits[:11])]
    weights = [*range(2, 8), *range(2, 7)]
    remainder = sum(p * q for p, q in zip(low_first, weights, strict=True)) % 11
    return int(digits[11]) == (0 if remainder <= 1 else 11 - remainder)
