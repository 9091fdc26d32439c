"""What identity gives through the door: the four attributes a card proved, of the person alone."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from mieone.blocks.identity.actions import keys, persons
from mieone.blocks.identity.problems import KeyDestroyed, PersonNotActive
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import SubjectId
from mieone.core.ports import (
    Concerned,
    Dataset,
    DatasetItem,
    Json,
    ProvidedRow,
    ProvideRequest,
    ResidentSubject,
)

SECTOR = "identity"
CATEGORIES: Mapping[str, str] = {
    "name": "name",
    "name_flags": "name",
    "address": "address",
    "address_flags": "address",
    "birth_date": "birth",
    "sex": "sex",
    "residency": "address",
    "town": "address",
}


class Offering:
    """The dataset with the house it reads from; a provider is asked outside any transaction."""

    def __init__(self) -> None:
        self._house: House | None = None
        self.dataset = Dataset(
            name="identity.proved_attributes",
            version=1,
            provider=SECTOR,
            label="identity.dataset.label",
            items=tuple(
                DatasetItem(name=name, label=f"identity.dataset.{name}", category=category)
                for name, category in CATEGORIES.items()
            ),
            concerned=self._concerned,
            provide=self._provide,
        )

    def open(self, house: House) -> None:
        self._house = house

    async def _concerned(self, conn: Conn, holder: str | ResidentSubject) -> Sequence[Concerned]:
        """The holder, and nobody else ever appears."""
        if isinstance(holder, ResidentSubject):
            return ()
        person_id = await persons.person_of(conn, SECTOR, holder)
        if person_id is None:
            return ()
        return (
            Concerned(
                subject_id=SubjectId(person_id),
                person_id=person_id,
                key=holder,
                holder=True,
                needs_own_basis=False,
            ),
        )

    async def _provide(self, request: ProvideRequest) -> Sequence[ProvidedRow]:
        if self._house is None or isinstance(request.holder, ResidentSubject):
            return ()
        async with self._house.database.transaction() as conn:
            person_id = await persons.person_of(conn, SECTOR, request.holder)
            if person_id is None or request.holder not in request.keys:
                return ()
            known = await self._known(conn, self._house, person_id)
        items: dict[str, Json] = {name: known[name] for name in request.items if name in known}
        return (ProvidedRow(key=request.holder, items=items),) if items else ()

    async def _known(self, conn: Conn, house: House, person_id: UUID) -> dict[str, str]:
        try:
            await persons.check_active(conn, person_id)
            return await keys.attributes_of(conn, house.keyring, person_id, house.clock.now())
        except (KeyDestroyed, PersonNotActive):
            return {}
