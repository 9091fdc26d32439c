"""What a v2 update means once the stored entity is known."""

from mieone.blocks.broker.model import Change, Entity


def revise(change: Change, before: Entity | None) -> Change:
    """Called by the write path under the entity's lock, when `change.revision` is not None.

    The answer has no revision: metadata that stays, values under the stored type and update
    operators are whole instances of its fragment. Raises BadRequestData.
    """
    raise NotImplementedError
