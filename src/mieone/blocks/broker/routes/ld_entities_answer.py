"""Entities answered: in the form and the media type asked for, with those they are joined to."""

from collections.abc import Mapping, Sequence

from litestar import Response

from mieone.blocks.broker.actions.joining import find_linked
from mieone.blocks.broker.model import Entity, JsonValue
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.blocks.broker.rules.forms import (
    Form,
    Joining,
    csv_text,
    entity_document,
    flat_documents,
    geo_collection,
    geo_document,
)

from .ld_http import Accept, Call, answer, answer_text

ENTITY_ACCEPTS = (Accept.JSON, Accept.LD_JSON, Accept.GEO_JSON)
ENTITIES_ACCEPTS = (*ENTITY_ACCEPTS, Accept.CSV)


async def answer_entity(
    call: Call, entity: Entity, form: Form, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """Raises ResourceNotFound when the form leaves nothing of it."""
    linked = await find_linked(call.broker.sources, call.tenant, [entity], form, call.journey)
    document: JsonValue
    if call.accept is Accept.GEO_JSON:
        document = geo_document(entity, form, call.terms, linked)
    elif form.joining is Joining.FLAT and linked:
        found = flat_documents([entity], form, call.terms, linked)
        # Alone it stands as it does without joining.
        document = found[0] if len(found) == 1 else [*found]
    else:
        document = entity_document(entity, form, call.terms, linked)
    if not document:
        raise ResourceNotFound(f"nothing of {entity.id} is left by what was asked")
    return answer(call, document, headers=headers)


async def answer_entities(
    call: Call, entities: Sequence[Entity], form: Form, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """A page of a query; `headers` from `page_headers`."""
    if call.accept is Accept.CSV:
        return answer_text(call, csv_text(entities, form, call.terms), Accept.CSV, headers=headers)
    linked = await find_linked(call.broker.sources, call.tenant, entities, form, call.journey)
    if call.accept is Accept.GEO_JSON:
        return answer(call, geo_collection(entities, form, call.terms, linked), headers=headers)
    if form.joining is Joining.FLAT:
        return answer(call, [*flat_documents(entities, form, call.terms, linked)], headers=headers)
    documents = (entity_document(entity, form, call.terms, linked) for entity in entities)
    return answer(call, [one for one in documents if one is not None], headers=headers)
