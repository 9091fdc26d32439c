"""Sources that speak NGSI v2, asked and told as Orion does it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mieone.blocks.broker.model import Entity, EntitySelector, Query, Tenant
from mieone.blocks.broker.rules.registrations import list_matching
from mieone.blocks.broker.rules.registrations.splitting import Source
from mieone.blocks.broker.rules.registrations.v2_bodies import query_request, read_answer

from .asking import Fault, SourceClient, SourceFailedError

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.sources import Journey


async def query_v2(
    client: SourceClient,
    tenant: Tenant,
    source: Source,
    selectors: Sequence[EntitySelector],
    asked: Query,
    journey: "Journey",
) -> list[Entity]:
    """What it has of these; conditions are for the caller to check. Raises SourceFailedError."""
    registration = source.registration
    infos = list_matching(registration, selectors, asked.attributes)
    held = {name for info in infos for name in info.names}
    names = [name for name in asked.attributes if not held or name in held]
    terms = await client.terms_for(registration, journey)
    request = query_request(registration, infos, selectors, names, terms)
    answer = await client.send(tenant.name, registration, request, journey)
    if answer.status in (404, 508):
        return []
    if not answer.is_well:
        raise SourceFailedError(Fault.LASTING, f"status {answer.status}")
    entities, malformed = read_answer(answer.read(), terms)
    if malformed and not entities:
        raise SourceFailedError(Fault.UNREADABLE, f"{malformed} entities cannot be read")
    return entities
