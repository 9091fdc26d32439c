"""My Number (個人番号) is never accepted: how a value that could be one is recognised."""

import re
import unicodedata

from mieone.core.my_number import has_right_check_digit

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
