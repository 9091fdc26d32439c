"""Linked entities: what the relationships of an answer lead to, fetched level by level."""

from collections.abc import Mapping, Sequence

from mieone.blocks.broker.model import Entity, EntitySelector, Query, Tenant
from mieone.blocks.broker.problems import TooManyResults
from mieone.blocks.broker.rules.forms import NOBODY, Form, follow

from .sources import Journey, Sources

MAX_LINKED = 1000
"""In one answer; each level is one more question to the store and to the sources."""


async def find_linked(
    sources: Sources, tenant: Tenant, entities: Sequence[Entity], form: Form, journey: Journey
) -> Mapping[str, Entity]:
    """By id, every entity that `form` joins to `entities`. One that is not there is left out.

    Raises TooManyResults.
    """
    if form.joining is None:
        return NOBODY
    known = {entity.id: entity for entity in entities}
    linked: dict[str, Entity] = {}
    asked: set[str] = set()
    level = [(entity, form) for entity in entities]
    while level:
        steps = _steps(level)
        missing = [one for one in {target for target, _ in steps} if one not in known]
        unasked = sorted(set(missing) - asked)
        if len(asked) + len(unasked) > MAX_LINKED:
            raise TooManyResults(f"more than {MAX_LINKED} linked entities")
        asked.update(unasked)
        for entity in await _fetch(sources, tenant, unasked, journey):
            known[entity.id] = entity
        linked.update({target: known[target] for target, _ in steps if target in known})
        level = [(known[target], inner) for target, inner in steps if target in known]
    return linked


def _steps(level: Sequence[tuple[Entity, Form]]) -> list[tuple[str, Form]]:
    """Each target once for each way of showing it; the levels left bound how often."""
    steps: dict[tuple[str, int, int], tuple[str, Form]] = {}
    for entity, form in level:
        for target, inner in follow(entity, form):
            # Pick and omit of one place in the request are one object: equal means the same one.
            steps.setdefault((target, id(inner.pick), id(inner.omit)), (target, inner))
    return list(steps.values())


async def _fetch(
    sources: Sources, tenant: Tenant, ids: Sequence[str], journey: Journey
) -> Sequence[Entity]:
    if not ids:
        return ()
    asked = Query(entities=(EntitySelector(ids=tuple(ids)),), limit=len(ids))
    return (await sources.query(tenant, asked, journey)).found.entities
