"""The town's birth gift: a dated table of its own, one gift for each newborn of a claim. Pure."""

from collections.abc import Mapping
from datetime import date

import msgspec

from mieone.core.model import TownCode

from .answers import Raw, read_values
from .definition import Definition
from .functions import add_months
from .tables import Table, look_up
from .values import Record

TABLE = "birth_gift"
COUNTS_AS_NEWBORN_MONTHS = 12


class Gift(msgspec.Struct, frozen=True, kw_only=True):
    child: str
    """Who is born: name and day of birth, the same in every claim for this child."""
    amount_yen: int
    is_verified: bool


def list_gifts(
    tables: Mapping[str, Table], definition: Definition, raw: Raw, town: TownCode, arrived: date
) -> list[Gift]:
    """Gifts by the table of the day of birth; a day before the first row gives nothing."""
    table = tables.get(TABLE)
    rows = read_values(definition, raw).get("children")
    if table is None or not isinstance(rows, tuple):
        return []
    found: list[Gift] = []
    for row in rows:
        born = _newborn(row, arrived)
        if born is None or not any(r.is_valid_on(born) for r in table.rows):
            continue
        lookup = look_up(table, {"town": town}, born)
        amount = lookup.outputs["amount_yen"]
        if isinstance(amount, int):
            verified = all(r.verified for r in lookup.rows)
            found.append(Gift(child=_child(row, born), amount_yen=amount, is_verified=verified))
    return found


def _child(row: Record, born: date) -> str:
    name = str(row.find("name") or "")
    return f"{''.join(name.split())}|{born.isoformat()}"


def _newborn(row: Record, arrived: date) -> date | None:
    born = row.find("birth_date")
    if not isinstance(born, date):
        return None
    return born if born <= arrived < add_months(born, COUNTS_AS_NEWBORN_MONTHS) else None
