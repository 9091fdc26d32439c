"""What the door may have from the register: who is concerned, and their rows."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from mieone.blocks import identity
from mieone.blocks.registry import store
from mieone.blocks.registry.model import Entry
from mieone.blocks.registry.rules.addresses import write_address
from mieone.blocks.registry.rules.households import is_protected, needs_own_basis
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import SubjectId, TownCode
from mieone.core.ports import (
    Concerned,
    Dataset,
    DatasetItem,
    Json,
    ProvidedRow,
    ProvideRequest,
    ResidentSubject,
)
from mieone.core.region import Region

from .documents import open_entry
from .protection import SECTOR

Members = Mapping[UUID, Entry]
_CATEGORIES = {
    "name": "name",
    "kana": "name",
    "relationship": "household",
    "birth_on": "birth",
    "sex": "sex",
    "address": "address",
    "postal_code": "address",
}
_BASIC = ("name", "kana", "birth_on", "sex", "address", "postal_code")
_HOUSEHOLD = ("name", "kana", "relationship", "birth_on", "sex", "address", "postal_code")


class RegisterProvider:
    """The register as a provider. It belongs to one house from the moment that house opens."""

    def __init__(self) -> None:
        self._house: House | None = None

    def open(self, house: House) -> None:
        self._house = house

    def datasets(self) -> tuple[Dataset, ...]:
        return (
            Dataset(
                name="resident-basic",
                version=1,
                provider=SECTOR,
                label="registry.datasets.resident_basic",
                items=_items(_BASIC),
                concerned=self.list_holder,
                provide=self.provide,
            ),
            Dataset(
                name="household",
                version=1,
                provider=SECTOR,
                label="registry.datasets.household",
                items=_items(_HOUSEHOLD),
                concerned=self.list_household,
                provide=self.provide,
            ),
        )

    async def list_holder(self, conn: Conn, holder: str | ResidentSubject) -> list[Concerned]:
        everybody = await self.list_household(conn, holder)
        return [one for one in everybody if one.holder]

    async def list_household(self, conn: Conn, holder: str | ResidentSubject) -> list[Concerned]:
        """The holder first. Whoever the town protects is absent, unless it is the holder."""
        house = self._opened()
        found = await _find(conn, house, holder)
        if found is None:
            return []
        town, holder_id, members, persons = found
        on = house.clock.today()
        entries = list(members.values())
        return [
            Concerned(
                subject_id=SubjectId(persons.get(one, one)),
                person_id=persons.get(one),
                key=f"{town}:{one}",
                holder=one == holder_id,
                needs_own_basis=needs_own_basis(members[holder_id], entry, entries, on),
                town=town,
            )
            for one, entry in sorted(members.items(), key=lambda pair: pair[0] != holder_id)
            if one == holder_id or not is_protected(entry, on)
        ]

    async def provide(self, request: ProvideRequest) -> list[ProvidedRow]:
        """Only members of the holder's household, only the rows and items that were permitted."""
        house = self._opened()
        async with house.database.transaction(request.towns) as conn:
            found = await _find(conn, house, request.holder)
        if found is None:
            return []
        town, holder_id, members, _ = found
        on = house.clock.today()
        return [
            ProvidedRow(
                key=f"{town}:{one}",
                items=_row(entry, town, request.items, house.region),
            )
            for one, entry in members.items()
            if f"{town}:{one}" in request.keys and (one == holder_id or not is_protected(entry, on))
        ]

    def _opened(self) -> House:
        assert self._house is not None
        return self._house


async def _find(
    conn: Conn, house: House, holder: str | ResidentSubject
) -> tuple[TownCode, UUID, Members, Mapping[UUID, UUID]] | None:
    """Town, holder, the household's members, and who of them holds a Mie-ID."""
    if isinstance(holder, ResidentSubject):
        town, holder_id = holder.town, holder.resident_id
    else:
        link = await store.find_link(conn, holder)
        if link is None:
            return None
        town, holder_id = link.town, link.resident_id
    row = await store.find_resident(conn, town, holder_id)
    if row is None or row.status != "resident":
        return None
    number = open_entry(house.keyring, town, holder_id, row.sealed).household_number
    stored = await store.list_household(conn, town, number)
    members = {
        one.resident_id: open_entry(house.keyring, town, one.resident_id, one.sealed)
        for one in stored
    }
    return town, holder_id, members, await _persons(conn, stored)


async def _persons(conn: Conn, stored: Sequence[store.StoredMember]) -> Mapping[UUID, UUID]:
    persons: dict[UUID, UUID] = {}
    for one in stored:
        if one.pairwise_id is not None:
            person_id = await identity.person_of(conn, SECTOR, one.pairwise_id)
            if person_id is not None:
                persons[one.resident_id] = person_id
    return persons


def _row(entry: Entry, town: TownCode, items: Sequence[str], region: Region) -> Mapping[str, Json]:
    values: dict[str, Json] = {
        "name": entry.name,
        "kana": entry.name_kana,
        "relationship": entry.relationship,
        "birth_on": entry.born_on.isoformat(),
        "sex": entry.sex.value,
        "address": write_address(town, entry.oaza, entry.banchi, entry.building, region),
        "postal_code": entry.postal_code,
    }
    return {name: values[name] for name in items if name in values}


def _items(names: Sequence[str]) -> tuple[DatasetItem, ...]:
    return tuple(
        DatasetItem(name=name, label=f"registry.items.{name}", category=_CATEGORIES[name])
        for name in names
    )
