"""What of a data set has to be written: what says the same as last time has not."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from mieone.blocks.broker.model import Change, DatasetId, Entity, Instance

from .named import Imported


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What was written of an entity last, change by change."""

    digests: Sequence[bytes] = ()
    is_untouched: bool = False
    """Nobody else has changed the entity since."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """All changes of one entity, in order."""

    entity_id: str
    rows: Sequence[Imported]
    digests: Sequence[bytes]
    done: int
    """So many of them, from the first, are written already."""

    @property
    def todo(self) -> Sequence[Imported]:
        return self.rows[self.done :]


def compare(rows: Sequence[Imported], before: Mapping[str, Brought]) -> list[Piece]:
    gathered: dict[str, list[Imported]] = {}
    for row in rows:
        gathered.setdefault(row.change.entity_id, []).append(row)
    pieces = []
    for entity_id, own in gathered.items():
        digests = [digest_of(row) for row in own]
        done = _count_same(digests, before.get(entity_id, Brought()))
        pieces.append(Piece(entity_id=entity_id, rows=own, digests=digests, done=done))
    return pieces


def _count_same(digests: Sequence[bytes], before: Brought) -> int:
    if not before.is_untouched:
        return 0
    same = 0
    for old, new in zip(before.digests, digests, strict=False):
        if old != new:
            break
        same += 1
    # A file that says less than before is not what the entity is now: it is told anew.
    return same if len(before.digests) <= len(digests) else 0


def digest_of(row: Imported) -> bytes:
    return blake2b(msgspec.json.encode(row.change), digest_size=16).digest()


def says_the_same(entity: Entity, change: Change) -> bool:
    """Whether the entity holds what the change asks, and nothing else."""
    held = {name: _without_times(instances) for name, instances in entity.attributes.items()}
    told = {name: {**instances} for name, instances in change.fragment.attributes.items()}
    return held == told and set(change.fragment.types or ()) <= set(entity.types)


def _without_times(instances: Mapping[DatasetId, Instance]) -> dict[DatasetId, Instance]:
    return {
        dataset: msgspec.structs.replace(
            instance,
            created_at=None,
            modified_at=None,
            subs={name: _without_times(subs) for name, subs in instance.subs.items()},
        )
        for dataset, instance in instances.items()
    }
