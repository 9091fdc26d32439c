"""What a notification tells of one entity: how it is now, what is gone, and how it was before."""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    NULL_URI,
    AttributeKind,
    DatasetId,
    Effect,
    EffectKind,
    Entity,
    Instance,
    Iri,
    JsonValue,
    Outcome,
    Terms,
)

from .entities import NOBODY, entity_document, own_members
from .instances import (
    PREVIOUS_MEMBER,
    Document,
    join_instances,
    make_concise,
    render_instance,
)
from .model import Form, Format
from .selecting import is_selected, select_attributes, shows_member
from .times import render_time


def notification_document(
    outcome: Outcome,
    form: Form,
    terms: Terms,
    *,
    shows_changes: bool = False,
    deleted: Collection[Iri] = (),
    at: datetime | None = None,
    linked: Mapping[str, Entity] = NOBODY,
) -> Document | None:
    """The entity after the change, with nulls for what the change deleted. None: nothing is left.

    `form.attributes` or `form.pick` is what the subscription wants told. Of a deleted entity only
    its own members are told, and as nulls the attributes in `deleted` (all with `shows_changes`).
    `at` is the moment of the change, for deletedAt.
    """
    if outcome.after is None:
        return _of_deleted(outcome, form, terms, shows_changes, deleted, at)
    document = entity_document(outcome.after, form, terms, linked)
    if document is None and not form.attributes:
        return None
    document = document or own_members(outcome.after, form, terms)
    for name in dict.fromkeys(effect.name for effect in outcome.effects):
        if is_selected(name, form):
            effects = {e.dataset: e for e in outcome.effects if e.name == name}
            told = _of_changed(outcome.after, effects, name, form, terms, shows_changes, at)
            if told is not None:
                document[terms.compact_name(name)] = told
    return document or None


def _of_changed(
    after: Entity,
    effects: Mapping[DatasetId, Effect],
    name: Iri,
    form: Form,
    terms: Terms,
    shows_changes: bool,
    at: datetime | None,
) -> JsonValue | None:
    """The attribute anew; None where the plain document says it well already."""
    gone = {
        dataset: effect.before
        for dataset, effect in effects.items()
        if effect.kind is EffectKind.DELETED and effect.before is not None
    }
    has_previous = shows_changes and any(e.kind is EffectKind.UPDATED for e in effects.values())
    if not gone and not has_previous:
        return None
    if len(gone) > 1 and name not in after.attributes and not shows_changes:
        # Of an attribute that is gone as a whole one null says it.
        gone = {DEFAULT_INSTANCE: next(iter(gone.values()))}
    rendered: dict[DatasetId, JsonValue] = {}
    for dataset, instance in after.attributes.get(name, {}).items():
        if form.datasets is None or dataset in form.datasets:
            effect = effects.get(dataset)
            before = effect.before if effect is not None and shows_changes else None
            rendered[dataset] = _with_previous(name, dataset, instance, before, form, terms)
    for dataset, before in gone.items():
        if form.datasets is None or dataset in form.datasets:
            rendered[dataset] = _null(name, dataset, before, form, terms, shows_changes, at)
    return join_instances(rendered, form) if rendered else None


def _with_previous(
    name: Iri,
    dataset: DatasetId,
    instance: Instance,
    before: Instance | None,
    form: Form,
    terms: Terms,
) -> JsonValue:
    if before is None or form.format is Format.SIMPLIFIED:
        return render_instance(name, dataset, instance, form, terms)
    document = _normalized(name, dataset, instance, form, terms)
    _add_previous(document, name, before, terms)
    return make_concise(document) if form.format is Format.CONCISE else document


def _null(
    name: Iri,
    dataset: DatasetId,
    before: Instance,
    form: Form,
    terms: Terms,
    shows_changes: bool,
    at: datetime | None,
    null: JsonValue = None,
) -> JsonValue:
    if form.format is Format.SIMPLIFIED:
        return NULL_URI
    if null is None:
        is_map = before.kind is AttributeKind.LANGUAGE_PROPERTY
        null = {"@none": NULL_URI} if is_map else NULL_URI
    bare = Instance(
        kind=before.kind,
        value=null,
        created_at=before.created_at,
        modified_at=before.modified_at,
        deleted_at=at,
    )
    document = _normalized(name, dataset, bare, msgspec.structs.replace(form, languages=()), terms)
    if shows_changes:
        _add_previous(document, name, before, terms)
    return make_concise(document) if form.format is Format.CONCISE else document


def _normalized(
    name: Iri, dataset: DatasetId, instance: Instance, form: Form, terms: Terms
) -> Document:
    normalized = msgspec.structs.replace(form, format=Format.NORMALIZED)
    document = render_instance(name, dataset, instance, normalized, terms)
    assert isinstance(document, dict)
    return document


def _add_previous(document: Document, name: Iri, before: Instance, terms: Terms) -> None:
    value = before.value
    if before.kind is AttributeKind.VOCAB_PROPERTY:
        value = terms.compact_value(name, value)
    document[PREVIOUS_MEMBER[before.kind]] = value


def _of_deleted(
    outcome: Outcome,
    form: Form,
    terms: Terms,
    shows_changes: bool,
    deleted: Collection[Iri],
    at: datetime | None,
) -> Document | None:
    before = outcome.before
    if before is None:
        return None
    document = own_members(before, form, terms)
    if at is not None and shows_member("deletedAt", form):
        document["deletedAt"] = render_time(at)
    # Of an entity that is gone as a whole a language map is a plain null as well.
    for name, instances in select_attributes(before.attributes, form).items():
        if shows_changes or name in deleted:
            document[terms.compact_name(name)] = join_instances(
                {
                    dataset: _null(
                        name, dataset, instance, form, terms, shows_changes, at, null=NULL_URI
                    )
                    for dataset, instance in instances.items()
                },
                form,
            )
    return document or None
