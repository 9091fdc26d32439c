"""What a registration lets us ask of its source: names of operations, and groups of them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from mieone.blocks.broker.model import Operation


class _Table(msgspec.Struct, frozen=True):
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]


_TABLE: Final = msgspec.yaml.decode(
    (Path(__file__).parent / "operations.yaml").read_bytes(), type=_Table
)
KNOWN: Final = frozenset((*_TABLE.writes, *_TABLE.reads)) | _TABLE.groups.keys()

SINGLE: Final[Mapping[Operation, str]] = {
    Operation.CREATE: "createEntity",
    Operation.REPLACE: "replaceEntity",
    Operation.MERGE: "mergeEntity",
    Operation.APPEND: "appendAttrs",
    Operation.APPEND_STRICT: "appendAttrs",
    Operation.UPDATE: "updateEntity",
    Operation.UPDATE_EXISTING: "updateEntity",
    Operation.PARTIAL: "updateAttrs",
    Operation.REPLACE_ATTRIBUTE: "replaceAttrs",
    Operation.DELETE_ATTRIBUTE: "deleteAttrs",
    Operation.DELETE: "deleteEntity",
    # An upsert of one entity goes on as one: no single operation does the same.
    Operation.UPSERT_REPLACE: "upsertBatch",
    Operation.UPSERT_UPDATE: "upsertBatch",
}
BATCH: Final[Mapping[Operation, str]] = {
    Operation.CREATE: "createBatch",
    Operation.UPSERT_REPLACE: "upsertBatch",
    Operation.UPSERT_UPDATE: "upsertBatch",
    Operation.APPEND: "updateBatch",
    Operation.UPDATE: "updateBatch",
    Operation.MERGE: "mergeBatch",
    Operation.DELETE: "deleteBatch",
}
WRITES: Final = frozenset(_TABLE.writes)


def expand_operations(names: Iterable[str]) -> frozenset[str]:
    """Groups replaced by what they stand for."""
    found: set[str] = set()
    for name in names:
        found.update(_TABLE.groups.get(name, (name,)))
    return frozenset(found)
