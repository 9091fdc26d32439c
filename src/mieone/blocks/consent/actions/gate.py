"""The port by which a sign-in asks a person for consent."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from mieone.blocks.consent import store
from mieone.blocks.consent.model import Scope
from mieone.blocks.consent.rules.states import covers, permits
from mieone.core.clock import JST
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ports import ConsentDetail, ConsentRequested, ConsentSettled

from .asking import ask


class Gate:
    """core's `ConsentGate`."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def request(
        self,
        conn: Conn,
        person_id: UUID,
        client_id: str,
        details: Sequence[ConsentDetail],
        return_to: str,
        decided: UUID | None = None,
    ) -> ConsentRequested | ConsentSettled:
        """Settled when the sheet was answered, or when everything asked was decided before."""
        if decided is not None:
            asked = await store.find_ask(conn, person_id, decided)
            if asked is not None and asked.service == client_id:
                if asked.decided_at is None:
                    return ConsentRequested(url=self._url(asked.ask_id))
                return await self._settled(conn, person_id, client_id, asked.details)
        if await self._all_covered(conn, person_id, client_id, details):
            return await self._settled(conn, person_id, client_id, details)
        made = await ask(conn, self._house, person_id, client_id, details, return_to)
        return ConsentRequested(url=self._url(made.ask_id))

    def _url(self, ask_id: UUID) -> str:
        return f"{self._house.settings.people_origin}/consent/request/{ask_id}"

    async def _all_covered(
        self, conn: Conn, person_id: UUID, service: str, details: Sequence[ConsentDetail]
    ) -> bool:
        now = self._house.clock.now()
        for detail in details:
            found = await store.find_scope(conn, _scope(person_id, service, detail))
            if found is None or not covers(found, detail.items, now):
                return False
        return True

    async def _settled(
        self, conn: Conn, person_id: UUID, service: str, details: Sequence[ConsentDetail]
    ) -> ConsentSettled:
        now = self._house.clock.now()
        granted: list[ConsentDetail] = []
        for detail in details:
            found = await store.find_scope(conn, _scope(person_id, service, detail))
            if found is None or found.valid_until is None or not permits(found, now):
                continue
            items = tuple(name for name in found.items if name in detail.items or not detail.items)
            if items:
                until = found.valid_until.astimezone(JST).date()
                granted.append(msgspec.structs.replace(detail, items=items, until=until))
        return ConsentSettled(granted=tuple(granted))


def _scope(person_id: UUID, service: str, detail: ConsentDetail) -> Scope:
    return Scope(
        person_id=person_id, service=service, dataset=detail.dataset, purpose=detail.purpose
    )
