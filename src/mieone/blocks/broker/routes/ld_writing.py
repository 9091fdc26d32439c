"""What all writes of NGSI-LD share: the one change, its answer, and the paths nobody can mean."""

from urllib.parse import quote

from litestar import Response

from mieone.blocks.broker.model import Change, Iri, JsonValue, Outcome
from mieone.blocks.broker.problems import BadRequestData, InvalidRequest
from mieone.blocks.broker.rules.reading import check_uri

from .ld_distributed import find_multi_status
from .ld_http import Call, answer, answer_empty

ENTITIES = "/ngsi-ld/v1/entities"
SIMPLIFIED = frozenset({"simplified", "keyValues"})
_PLAIN = ":~@!$&'()*+,;="
FORMS = ("normalized", "concise", *sorted(SIMPLIFIED))


def location_of(entity_id: str, collection: str = ENTITIES) -> str:
    return f"{collection}/{quote(entity_id, safe=_PLAIN)}"


def check_entity_id(text: str) -> str:
    return check_uri(text, "the entity id of the path")


def is_simplified(call: Call) -> bool:
    """`format` wins over `options`. Raises InvalidRequest for a form that is none."""
    form = call.params.find("format")
    if form is None:
        return bool(call.params.options & SIMPLIFIED)
    if form not in FORMS:
        raise InvalidRequest(f"format takes one of {', '.join(FORMS)}")
    return form in SIMPLIFIED


def type_filter(call: Call) -> tuple[Iri, ...]:
    """`type=`: an entity of another type is not the one that is meant."""
    return tuple(call.terms.expand_type(name) for name in call.params.list("type"))


async def write_one(call: Call, change: Change) -> tuple[Outcome, Response[bytes] | None]:
    """The outcome, and the answer where context sources took part and it is settled by them.

    Raises the problem of the change.
    """
    (outcome,) = await call.broker.sources.write(call.tenant, [change], call.journey)
    settled = find_multi_status(call, outcome)
    if settled is None and outcome.problem is not None and not outcome.sources:
        raise outcome.problem
    return outcome, settled


async def answer_write(call: Call, change: Change) -> Response[bytes] | Response[None]:
    """204, or an UpdateResult where something of it was not done."""
    outcome, settled = await write_one(call, change)
    if settled is not None:
        return settled
    if outcome.not_updated:
        return answer(call, _update_result(outcome), status=207)
    return answer_empty(call)


def _update_result(outcome: Outcome) -> dict[str, JsonValue]:
    """With expanded names: which attribute it is must not depend on a context."""
    return {
        "updated": list(outcome.updated),
        "notUpdated": [
            {"attributeName": one.name, "reason": one.reason} for one in outcome.not_updated
        ],
    }


def refuse_missing_id() -> Response[None]:
    """`/entities//attrs`: a client has put an empty id into the path."""
    raise BadRequestData("the entity id is missing in the path")
