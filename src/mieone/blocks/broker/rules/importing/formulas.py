"""Cells that a spreadsheet would carry out as formulas go out as text, and come back as they were."""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def mark(cell: str) -> str:
    is_formula = _FORMULA.match(cell) is not None and _NUMBER.fullmatch(cell) is None
    return f"'{cell}" if is_formula else cell


def unmark(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
