"""Which attributes and instances of an entity a form leaves, and which other entities it leads to."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    AttributeKind,
    Attributes,
    DatasetId,
    Entity,
    Instance,
    Iri,
)

from .model import Form, Joining, Picked

_RELATIONSHIPS: Final = (AttributeKind.RELATIONSHIP, AttributeKind.LIST_RELATIONSHIP)


def select_attributes(attributes: Attributes, form: Form) -> Attributes:
    """Those that attrs, pick, omit and datasetId leave."""
    selected: Attributes = {}
    for name, instances in attributes.items():
        if is_selected(name, form):
            left = select_instances(instances, form)
            if left:
                selected[name] = left
    return selected


def is_selected(name: Iri, form: Form) -> bool:
    if form.attributes and name not in form.attributes:
        return False
    if form.pick is not None and name not in form.pick.attributes:
        return False
    # `omit=a{b}` keeps a itself.
    omitted = form.omit.attributes if form.omit is not None else {}
    return name not in omitted or omitted[name] is not None


def select_instances(instances: dict[DatasetId, Instance], form: Form) -> dict[DatasetId, Instance]:
    if form.datasets is None:
        return instances
    return {
        dataset: instance for dataset, instance in instances.items() if dataset in form.datasets
    }


def shows_member(member: str, form: Form) -> bool:
    """Whether `id`, `type`, `scope`, … of the entity itself are shown."""
    if form.pick is not None and member not in form.pick.members:
        return False
    return form.omit is None or member not in form.omit.members


def list_targets(instance: Instance) -> list[str]:
    """Ids that a relationship points to; nothing for other kinds."""
    if instance.kind not in _RELATIONSHIPS:
        return []
    value = instance.value
    parts = value if isinstance(value, list) else [value]
    ids = [part.get("object") if isinstance(part, dict) else part for part in parts]
    return [one for one in ids if isinstance(one, str)]


def follow(entity: Entity, form: Form) -> Iterator[tuple[str, Form]]:
    """Every entity that this one leads to under the form, with the form it is to be shown in."""
    if form.joining is None or form.join_level < 1:
        return
    for name, instances in select_attributes(entity.attributes, form).items():
        inner: Form | None = None
        for instance in instances.values():
            for target in list_targets(instance):
                inner = inner or inner_form(name, entity.id, form)
                if target not in inner.contained_by:
                    yield target, inner


def inner_form(name: Iri, entity_id: str, form: Form) -> Form:
    """For the entities that attribute `name` of an entity leads to."""
    return msgspec.structs.replace(
        form,
        attributes=frozenset(),
        pick=_inside(form.pick, name),
        omit=_inside(form.omit, name),
        datasets=None,
        join_level=form.join_level - 1,
        contained_by=form.contained_by | {entity_id},
    )


def _inside(picked: Picked | None, name: Iri) -> Picked | None:
    return None if picked is None else picked.attributes.get(name)


def joins_inline(form: Form, linked: Mapping[str, Entity]) -> bool:
    return form.joining is Joining.INLINE and form.join_level > 0 and bool(linked)
