"""A whole entity as a document, alone or with the entities it leads to."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from mieone.blocks.broker.model import (
    AttributeKind,
    DatasetId,
    Entity,
    Instance,
    Iri,
    JsonValue,
    Terms,
)

from .instances import Document, join_instances, one_or_list, render_attribute, render_instance
from .model import Form, Format
from .selecting import (
    follow,
    inner_form,
    joins_inline,
    list_targets,
    select_attributes,
    shows_member,
)
from .times import render_time

NOBODY: Final[Mapping[str, Entity]] = MappingProxyType({})


def entity_document(
    entity: Entity, form: Form, terms: Terms, linked: Mapping[str, Entity] = NOBODY
) -> Document | None:
    """Without @context. None when pick or omit leave nothing of it, or attrs names nothing of it.

    `linked`: what joining found, by id; used for join=inline.
    """
    if form.attributes and form.attributes.isdisjoint(entity.attributes):
        return None
    document = own_members(entity, form, terms)
    selected = select_attributes(entity.attributes, form)
    inline = joins_inline(form, linked)
    for name, instances in selected.items():
        document[terms.compact_name(name)] = (
            _joined(entity, name, instances, form, terms, linked)
            if inline
            else render_attribute(name, instances, form, terms)
        )
    return document or None


def own_members(entity: Entity, form: Form, terms: Terms) -> Document:
    """Everything but the attributes."""
    document: Document = {}
    if shows_member("id", form):
        document["id"] = entity.id
    if shows_member("type", form):
        document["type"] = one_or_list([terms.compact_type(name) for name in entity.types])
    if entity.scopes and shows_member("scope", form):
        document["scope"] = one_or_list(list(entity.scopes))
    if form.sys_attrs:
        for member, at in (
            ("createdAt", entity.created_at),
            ("modifiedAt", entity.modified_at),
            ("deletedAt", entity.deleted_at),
            ("expiresAt", entity.expires_at),
        ):
            if at is not None and shows_member(member, form):
                document[member] = render_time(at)
    return document


def flat_documents(
    entities: Sequence[Entity], form: Form, terms: Terms, linked: Mapping[str, Entity] = NOBODY
) -> list[Document]:
    """join=flat: first the entities asked for, then those they lead to, level by level."""
    documents: list[Document] = []
    seen = {entity.id for entity in entities}
    level = [(entity, form) for entity in entities]
    while level:
        deeper: list[tuple[Entity, Form]] = []
        for entity, own_form in level:
            document = entity_document(entity, own_form, terms)
            if document is not None:
                documents.append(document)
            for target, inner in follow(entity, own_form):
                if target not in seen and target in linked:
                    seen.add(target)
                    deeper.append((linked[target], inner))
        level = deeper
    return documents


def _joined(
    entity: Entity,
    name: Iri,
    instances: Mapping[DatasetId, Instance],
    form: Form,
    terms: Terms,
    linked: Mapping[str, Entity],
) -> JsonValue:
    inner = inner_form(name, entity.id, form)
    rendered: dict[DatasetId, JsonValue] = {}
    for dataset, instance in instances.items():
        plain = render_instance(name, dataset, instance, form, terms)
        found = {
            target: shown
            for target in list_targets(instance)
            if target in linked
            and target not in inner.contained_by
            and (shown := entity_document(linked[target], inner, terms, linked)) is not None
        }
        rendered[dataset] = _put_in(plain, instance, found, form) if found else plain
    return join_instances(rendered, form)


def _put_in(
    plain: JsonValue, instance: Instance, found: Mapping[str, Document], form: Form
) -> JsonValue:
    """The entities found, beside the ids that lead to them; in the simplified form in their place."""
    targets = list_targets(instance)
    is_list = instance.kind is AttributeKind.LIST_RELATIONSHIP
    if form.format is Format.SIMPLIFIED:
        places: list[JsonValue] = [found.get(target, target) for target in targets]
        if is_list:
            return {"objectList": places}
        return places if isinstance(instance.value, list) else places[0]
    assert isinstance(plain, dict)
    if is_list:
        return {**plain, "entityList": list(found.values())}
    shown: JsonValue = (
        list(found.values()) if isinstance(instance.value, list) else next(iter(found.values()))
    )
    return {**plain, "entity": shown}
