"""What each operation makes of an entity that is there."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    Change,
    Iri,
    Null,
    Operation,
    Outcome,
)
from mieone.blocks.broker.problems import (
    BadRequestData,
    OperationNotSupported,
    ResourceNotFound,
)

from .draft import Draft
from .overlaying import Circumstances, Manner, overlay_instance

SCOPE: Final[Iri] = f"{CORE_VOCABULARY}scope"
"""Under this name an entity's scopes stand among the attributes of a path or a result."""


def replace_entity(draft: Draft, change: Change) -> Outcome:
    """PUT takes the types that are sent; the batch only adds them."""
    fragment = change.fragment
    for name, instances in list(draft.attributes.items()):
        for dataset in instances:
            if isinstance(fragment.attributes.get(name, {}).get(dataset), Null | None):
                draft.remove(name, dataset)
    for name, sent in fragment.attributes.items():
        for dataset, instance in sent.items():
            if not isinstance(instance, Null):
                draft.put(name, dataset, instance, keeps_created_at=False)
    types = fragment.types or ()
    after = msgspec.structs.replace(
        draft.evolve(types=types, scopes=fragment.scopes or ()), expires_at=fragment.expires_at
    )
    if change.operation is Operation.REPLACE and types:
        after = msgspec.structs.replace(after, types=tuple(dict.fromkeys(types)))
    return draft.finish(change, after)


def append(draft: Draft, change: Change) -> Outcome:
    """POST attrs gives what it replaces a new createdAt; the batch keeps it."""
    keeps_created_at = change.operation is not Operation.APPEND
    for name, instances in change.fragment.attributes.items():
        for dataset, instance in instances.items():
            is_there = draft.find(name, dataset) is not None
            if is_there and change.keep_existing:
                draft.keep(name, "the attribute is there already and is not to be overwritten")
            elif isinstance(instance, Null):
                _remove_or_tell(draft, name, dataset)
            else:
                draft.put(name, dataset, instance, keeps_created_at=keeps_created_at)
    return _finish_update(draft, change, adds_scopes=change.keep_existing)


def _append_strict(draft: Draft, change: Change) -> Outcome:
    known = [name for name in change.fragment.attributes if name in draft.attributes]
    return append(draft, _without(draft, change, known, "already there"))


def _update(draft: Draft, change: Change) -> Outcome:
    for name, instances in change.fragment.attributes.items():
        for dataset, instance in instances.items():
            if isinstance(instance, Null):
                _remove_or_tell(draft, name, dataset)
            else:
                draft.put(name, dataset, instance)
    before = draft.before
    if change.fragment.scopes is not None and before is not None and not before.scopes:
        # An update replaces scopes; it brings none where there are none.
        draft.keep(SCOPE, "the entity has no scope to update")
        return _finish_update(draft, _without_scopes(change))
    return _finish_update(draft, change)


def _without_scopes(change: Change) -> Change:
    fragment = msgspec.structs.replace(change.fragment, scopes=None)
    return msgspec.structs.replace(change, fragment=fragment)


def _update_existing(draft: Draft, change: Change) -> Outcome:
    unknown = [name for name in change.fragment.attributes if name not in draft.attributes]
    return _update(draft, _without(draft, change, unknown, "not there"))


def _without(draft: Draft, change: Change, names: Sequence[Iri], reason: str) -> Change:
    """NGSI v2 does the rest and tells of these; raises OperationNotSupported when there is none."""
    if not names:
        return change
    attributes = change.fragment.attributes
    if len(names) == len(attributes):
        raise OperationNotSupported(f"{reason}: {', '.join(names)}", names=list(names))
    for name in names:
        draft.keep(name, reason)
    left = {name: instances for name, instances in attributes.items() if name not in names}
    fragment = msgspec.structs.replace(change.fragment, attributes=left)
    return msgspec.structs.replace(change, fragment=fragment)


def _remove_or_tell(draft: Draft, name: Iri, dataset: str) -> None:
    if draft.find(name, dataset) is None:
        draft.keep(name, "there is no such attribute to delete")
    else:
        draft.remove(name, dataset)


def _finish_update(draft: Draft, change: Change, *, adds_scopes: bool = False) -> Outcome:
    fragment = change.fragment
    scopes = fragment.scopes
    if scopes is not None:
        draft.tell(SCOPE)
        if adds_scopes and draft.before is not None:
            scopes = tuple(dict.fromkeys((*draft.before.scopes, *scopes)))
    after = draft.evolve(types=fragment.types or (), scopes=scopes)
    if fragment.expires_at is not None or change.clears_expiry:
        after = msgspec.structs.replace(after, expires_at=fragment.expires_at)
    return draft.finish(change, after)


def _merge(draft: Draft, change: Change) -> Outcome:
    circumstances = Circumstances(
        manner=Manner.MERGE, observed_at=change.observed_at, language=change.language
    )
    for name, overlays in change.fragment.overlays.items():
        for dataset, overlay in overlays.items():
            before = draft.find(name, dataset)
            after = (
                None
                if isinstance(overlay, Null)
                else overlay_instance(before, overlay, circumstances)
            )
            if after is not None:
                draft.put(name, dataset, after)
            elif before is not None:
                draft.remove(name, dataset)
    return _finish_update(draft, change)


def _partial(draft: Draft, change: Change) -> Outcome:
    name = _get_name(change)
    circumstances = Circumstances(manner=Manner.PARTIAL)
    for dataset, overlay in change.fragment.overlays.get(name, {}).items():
        before = draft.find(name, dataset)
        if before is None:
            raise _missing(name, dataset)
        after = (
            None if isinstance(overlay, Null) else overlay_instance(before, overlay, circumstances)
        )
        if after is None:
            draft.remove(name, dataset)
        else:
            draft.put(name, dataset, after)
    return draft.finish(change, draft.evolve())


def _replace_attribute(draft: Draft, change: Change) -> Outcome:
    name = _get_name(change)
    for dataset, instance in change.fragment.attributes.get(name, {}).items():
        if draft.find(name, dataset) is None:
            raise _missing(name, dataset)
        if isinstance(instance, Null):
            draft.remove(name, dataset)
        else:
            draft.put(name, dataset, instance)
    return draft.finish(change, draft.evolve())


def _delete_attribute(draft: Draft, change: Change) -> Outcome:
    name = change.name
    if name is None:
        raise BadRequestData("the attribute's name is missing")
    if name == SCOPE and draft.before is not None:
        if not draft.before.scopes:
            raise ResourceNotFound("the entity has no scope")
        draft.tell(SCOPE)
        return draft.finish(change, draft.evolve(scopes=()))
    dataset = change.dataset or DEFAULT_INSTANCE
    known = draft.attributes.get(name, {})
    datasets = list(known) if change.every_dataset else [one for one in known if one == dataset]
    if not datasets:
        raise _missing(name, dataset)
    for one in datasets:
        draft.remove(name, one)
    return draft.finish(change, draft.evolve())


def _get_name(change: Change) -> Iri:
    if change.name is None or change.name == SCOPE:
        raise BadRequestData("this operation takes the name of an attribute")
    return change.name


def _missing(name: Iri, dataset: str) -> ResourceNotFound:
    which = "" if dataset == DEFAULT_INSTANCE else f" with datasetId {dataset}"
    return ResourceNotFound(f"the entity has no attribute {name}{which}")


_Decision: TypeAlias = Callable[[Draft, Change], Outcome]
CHANGING: Final[Mapping[Operation, _Decision]] = MappingProxyType(
    {
        Operation.REPLACE: replace_entity,
        Operation.MERGE: _merge,
        Operation.APPEND: append,
        Operation.UPDATE: _update,
        Operation.UPDATE_EXISTING: _update_existing,
        Operation.APPEND_STRICT: _append_strict,
        Operation.PARTIAL: _partial,
        Operation.REPLACE_ATTRIBUTE: _replace_attribute,
        Operation.DELETE_ATTRIBUTE: _delete_attribute,
    }
)
