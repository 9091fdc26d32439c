"""The digest that binds a transfer, its lot moves and the lots it opened to its chained entries."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

Rows = Sequence[Sequence[object]]


def posting_digest(transfer: Sequence[object], moves: Rows, lots: Rows) -> bytes:
    """Over the rows as they stand in the tables: transfer, moves by ordinal, opened lots by id."""
    by_id = sorted(lots, key=lambda lot: str(lot[0]))
    body = [_texts([transfer]), _texts(moves), _texts(by_id)]
    return hashlib.sha256(canonical(body)).digest()


def canonical(body: Sequence[Sequence[Sequence[str | None]]]) -> bytes:
    """RFC 8785: for lists of texts and nulls, compact JSON is the canonical form."""
    return msgspec.json.encode(body)


def _texts(rows: Rows) -> list[list[str | None]]:
    return [[_text(value) for value in row] for row in rows]


def _text(value: object) -> str | None:
    """Numbers as text: a canonical JSON number is a double, and money must not pass through one."""
    match value:
        case None:
            return None
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case _:
            return str(value)
