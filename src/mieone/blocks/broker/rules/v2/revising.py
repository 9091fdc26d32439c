"""What a v2 update means once the stored entity is known."""

from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    Change,
    Entity,
    Instance,
    Iri,
    JsonValue,
    Null,
)

from .metadata import merge_metadata, metadata_of, with_metadata
from .names import Names, NoTerms
from .operators import is_of_nothing, operate
from .values import DATE_TIMES, Typed, default_type, make_instance, show

_NAMES: Final = Names(NoTerms())
_UNTYPED: Final = "None"


def revise(change: Change, before: Entity | None) -> Change:
    """Called by the write path under the entity's lock, when `change.revision` is not None.

    The answer has no revision: metadata that stays and results of update operators are parts of
    whole instances in its fragment. Raises BadRequestData.
    """
    revision = change.revision
    if revision is None:
        return change
    attributes = dict(change.fragment.attributes)
    for name, instances in change.fragment.attributes.items():
        sent = instances.get(DEFAULT_INSTANCE)
        if sent is None or isinstance(sent, Null):
            continue
        old = _find_old(before, name)
        operation = revision.operators.get(name)
        if operation is not None:
            if old is None and is_of_nothing(operation):
                del attributes[name]
                continue
            sent = _operate(operation, sent, old)
        if old is not None and name in revision.keeps_metadata:
            sent = with_metadata(sent, merge_metadata(metadata_of(old), metadata_of(sent)))
        attributes[name] = {**instances, DEFAULT_INSTANCE: sent}
    fragment = msgspec.structs.replace(change.fragment, attributes=attributes)
    return msgspec.structs.replace(change, fragment=fragment, revision=None)


def _find_old(before: Entity | None, name: Iri) -> Instance | None:
    return None if before is None else before.attributes.get(name, {}).get(DEFAULT_INSTANCE)


def _operate(operation: JsonValue, sent: Instance, old: Instance | None) -> Instance:
    told = show(sent, _NAMES).type
    value = None if old is None else show(old, _NAMES).value
    result = operate(operation, value, is_time=told in DATE_TIMES)
    kind = default_type(result) if told == _UNTYPED else told
    made = make_instance(Typed(kind, result), _NAMES)
    return with_metadata(made, metadata_of(sent))
