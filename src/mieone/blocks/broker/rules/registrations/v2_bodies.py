"""What is sent to a source that speaks NGSI v2 (as Orion forwards it), and what it answers."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AllTypes,
    AttributeKind,
    Attributes,
    Change,
    Entity,
    EntitySelector,
    Identity,
    Instance,
    Iri,
    JsonValue,
    OneType,
    Operation,
    Overlay,
    Registration,
    RegistrationInfo,
    Terms,
    TypeSelection,
)
from mieone.blocks.broker.problems import BadRequestData, OperationNotSupported
from mieone.blocks.broker.rules.v2.bodies import DEFAULT_TYPE, BodyForm, read_entity
from mieone.blocks.broker.rules.v2.names import (
    Names,
    is_uri,
    list_candidate_ids,
    read_made_id,
)
from mieone.blocks.broker.rules.v2.showing import Shape, entity_document

from .requests import MOST, SourceRequest

_ACTIONS: Final[Mapping[Operation, str]] = {
    Operation.CREATE: "appendStrict",
    Operation.UPSERT_REPLACE: "append",
    Operation.UPSERT_UPDATE: "append",
    Operation.REPLACE: "replace",
    Operation.MERGE: "append",
    Operation.APPEND: "append",
    Operation.APPEND_STRICT: "appendStrict",
    Operation.UPDATE: "append",
    Operation.UPDATE_EXISTING: "update",
    Operation.PARTIAL: "update",
    Operation.REPLACE_ATTRIBUTE: "update",
    Operation.DELETE_ATTRIBUTE: "delete",
    Operation.DELETE: "delete",
}


def query_request(
    registration: Registration,
    infos: Sequence[RegistrationInfo],
    selectors: Sequence[EntitySelector],
    names: Sequence[Iri],
    terms: Terms,
) -> SourceRequest:
    naming = Names(terms)
    entities = [
        one
        for selector in selectors or (EntitySelector(),)
        for one in _selected(selector, infos, naming)
    ]
    body: dict[str, JsonValue] = {"entities": list(entities)}
    if names:
        body["attrs"] = [naming.attribute_name(name) for name in names]
    return SourceRequest(
        method="POST",
        path=f"{_root(registration)}/op/query",
        params=(("limit", str(MOST)),),
        body=body,
    )


def update_request(
    registration: Registration,
    change: Change,
    types: Sequence[Iri],
    terms: Terms,
    *,
    reads_made_id: bool = False,
) -> SourceRequest:
    """`types`: what the entity is said to be, where the change does not say.

    With `reads_made_id` an id that we could have made stands for the type and id it was made of.
    """
    naming = Names(terms)
    action = "appendStrict" if change.keep_existing else _ACTIONS[change.operation]
    return SourceRequest(
        method="POST",
        path=f"{_root(registration)}/op/update",
        body={
            "actionType": action,
            "entities": [_updated(change, types, naming, reads_made_id)],
        },
    )


def read_answer(document: JsonValue, terms: Terms) -> tuple[list[Entity], int]:
    """The entities, and how many could not be read."""
    naming = Names(terms)
    entities: list[Entity] = []
    malformed = 0
    for one in (document if isinstance(document, list) else [document])[:MOST]:
        try:
            entities.append(entity_from_v2(one, naming))
        except BadRequestData:
            malformed += 1
    return entities, malformed


def entity_from_v2(document: JsonValue, names: Names) -> Entity:
    """An entity in v2's normalized form. Raises BadRequestData."""
    body = read_entity(document, names, BodyForm.NORMALIZED)
    kind = body.type or DEFAULT_TYPE
    identity = Identity(id=body.id, type=kind)
    fragment = body.content.fragment()
    attributes: Attributes = {
        name: {dataset: one for dataset, one in instances.items() if isinstance(one, Instance)}
        for name, instances in fragment.attributes.items()
    }
    return Entity(
        id=body.id if is_uri(body.id) else list_candidate_ids(identity)[0],
        types=(names.type_iri(kind),),
        attributes=attributes,
        expires_at=fragment.expires_at,
        identity=None if is_uri(body.id) else identity,
    )


def _root(registration: Registration) -> str:
    """A bare host is given v2's usual place; a path is what the provider says it is."""
    return "" if urlsplit(registration.endpoint).path.strip("/") else "/v2"


def _selected(
    selector: EntitySelector, infos: Sequence[RegistrationInfo], names: Names
) -> list[dict[str, JsonValue]]:
    types = _type_names(selector.types, names)
    if not types:
        found = dict.fromkeys(
            name for info in infos for entity in info.entities for name in entity.types
        )
        types = [names.type_name(name) for name in found]
    keys: list[dict[str, JsonValue]] = []
    for one in selector.ids or ():
        # Whether the id is v2's own or made of type and id cannot be seen: both are asked for.
        keys.append({"id": one})
        if (made := read_made_id(one)) is not None:
            keys.append({"id": made[1], "type": made[0]})
    if not keys:
        keys = [{"idPattern": selector.id_pattern or ".*"}]
    return [
        {**key, "type": one} if one and "type" not in key else key
        for key in keys
        for one in types or [""]
    ]


def _type_names(selection: TypeSelection | None, names: Names) -> list[str]:
    if selection is None:
        return []
    if isinstance(selection, OneType):
        return [names.type_name(selection.name)]
    found = [name for part in selection.parts for name in _type_names(part, names)]
    # An entity of v2 has one type: of a conjunction the first is asked for, the rest is checked here.
    return found[:1] if isinstance(selection, AllTypes) else found


def _updated(change: Change, types: Sequence[Iri], names: Names, reads_made_id: bool) -> JsonValue:
    made = read_made_id(change.entity_id) if reads_made_id else None
    kinds = change.fragment.types or tuple(types)
    identity = change.identity
    if identity is None and made is not None:
        identity = Identity(id=made[1], type=made[0])
    attributes: Attributes = {}
    if change.operation is Operation.DELETE_ATTRIBUTE and change.name is not None:
        nothing = Instance(kind=AttributeKind.PROPERTY, value=None)
        attributes[change.name] = {DEFAULT_INSTANCE: nothing}
    else:
        attributes = _instances(change)
    entity = Entity(
        id=change.entity_id, types=tuple(kinds), attributes=attributes, identity=identity
    )
    document = entity_document(entity, names, Shape())
    if isinstance(document, dict) and not document.get("type"):
        document = {name: one for name, one in document.items() if name != "type"}
    return document


def _instances(change: Change) -> Attributes:
    """Raises OperationNotSupported for what v2 has no word for."""
    attributes: Attributes = {}
    for name, instances in change.fragment.attributes.items():
        for dataset, one in instances.items():
            if not isinstance(one, Instance):
                raise OperationNotSupported("a source that speaks NGSI v2 takes no nulls")
            attributes.setdefault(name, {})[dataset] = one
    for name, overlays in change.fragment.overlays.items():
        for dataset, overlay in overlays.items():
            if not isinstance(overlay, Overlay) or "value" not in overlay.members:
                raise OperationNotSupported("a source that speaks NGSI v2 takes whole values")
            kind = AttributeKind(overlay.kind or AttributeKind.PROPERTY)
            value = msgspec.convert(overlay.members["value"], type=object)
            attributes.setdefault(name, {})[dataset] = Instance(
                kind=kind,
                value=value,  # type: ignore[arg-type]  # checked when it was read
            )
    return attributes
