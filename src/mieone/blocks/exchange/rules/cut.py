"""The answer cut down to what was permitted, and its digest. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import rfc8785

from mieone.blocks.exchange.model import Verdict
from mieone.core.ports import Disclosure, Json, ProvidedRow, Record


def cut(
    verdicts: Sequence[Verdict], rows: Sequence[ProvidedRow], refs: Mapping[UUID, str]
) -> tuple[dict[UUID, tuple[str, ...]], tuple[Record, ...]]:
    """Released item names by subject, and the records; a provider can never add a row or an item."""
    by_key = {row.key: row for row in rows}
    released: dict[UUID, tuple[str, ...]] = {}
    records: list[Record] = []
    for verdict in verdicts:
        row = by_key.get(verdict.key or "")
        names = tuple(name for name in verdict.items if row is not None and name in row.items)
        released[verdict.subject_id] = names
        if row is None or not names:
            continue
        records.append(
            Record(
                ref=refs.get(verdict.subject_id) if verdict.holder else None,
                holder=verdict.holder,
                items={name: row.items[name] for name in names},
                needs_own_basis=verdict.needs_own_basis,
            )
        )
    return released, tuple(records)


def digest_of(disclosure: Disclosure) -> bytes:
    """SHA-256 over RFC 8785 JSON of what is released; the receiver can compute the same."""
    body: dict[str, Json] = {
        "request_id": str(disclosure.request_id),
        "dataset": disclosure.dataset,
        "as_of": _instant(disclosure.as_of),
        "records": [
            {"ref": one.ref, "holder": one.holder, "items": dict(one.items)}
            for one in disclosure.records
        ],
    }
    return hashlib.sha256(rfc8785.dumps(body)).digest()


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
