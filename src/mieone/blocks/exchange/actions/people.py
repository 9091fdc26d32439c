"""Block `identity` as the door knows it."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from mieone.blocks import identity
from mieone.blocks.exchange.model import Mandate
from mieone.blocks.identity import PersonNotActive
from mieone.core.database import Conn
from mieone.core.model import TownCode


class IdentityPeople:
    """core's people, through identity's face."""

    async def pairwise_id(self, conn: Conn, sector: str, person_id: UUID) -> str | None:
        try:
            return await identity.pairwise_id(conn, sector, person_id)
        except PersonNotActive:
            # Nobody, or somebody who left: the caller must not be able to tell.
            return None

    async def is_protected(
        self, conn: Conn, subject_ids: Sequence[UUID], at: datetime
    ) -> frozenset[UUID]:
        return await identity.is_protected(conn, subject_ids, at)

    async def list_mandates(
        self, conn: Conn, agent: UUID, principal: UUID, at: datetime
    ) -> Sequence[Mandate]:
        held = await identity.list_mandates(conn, agent, principal, at)
        return [
            Mandate(
                mandate_id=one.id,
                principal=one.principal,
                agent=one.agent,
                scope=one.scope,
                valid_from=one.valid_from,
                valid_until=one.valid_until,
            )
            for one in held
        ]

    async def is_entrusted(
        self, conn: Conn, entrustment_id: str, organisation: str, town: TownCode | None, on: date
    ) -> bool:
        found = await identity.find_live_entrustment(conn, entrustment_id, on)
        if found is None or found.organisation_id != organisation:
            return False
        return town is None or found.town == town
