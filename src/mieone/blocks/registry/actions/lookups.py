"""An officer looks somebody up: every search and every look is on the record of whoever was found."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from mieone.blocks import access
from mieone.blocks.access import AccessRow, Kind
from mieone.blocks.registry import store
from mieone.blocks.registry.model import Resident
from mieone.blocks.registry.problems import ResidentNotFound, SearchTooWide
from mieone.blocks.registry.rules.characters import comparable_kana
from mieone.blocks.registry.rules.matching import substitutes_of
from mieone.blocks.registry.rules.tokens import born_on_term, kana_term, name_term
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor, TownCode

from .documents import open_entry, token_of
from .imports import check_town
from .matching import SERVICE

PURPOSE = "register-search"


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """At least one of them; all that are given must agree."""

    name: str = ""
    kana: str = ""
    """The beginning of a reading, two characters and more."""
    born_on: date | None = None


async def find_residents(
    conn: Conn, house: House, actor: Actor, town: TownCode, search: Search, reason: str
) -> list[Resident]:
    """At most fifty. Raises SearchTooWide for a search that could list a whole town."""
    check_town(actor, town)
    terms = _terms(house, search)
    if not terms:
        raise SearchTooWide
    tokens = sorted({token_of(house.keyring, town, term) for term in terms})
    rows = await store.find_by_tokens(conn, town, tokens)
    found = [_opened(house, town, row) for row in rows]
    wanted = comparable_kana(search.kana)
    matching = [
        one for one in found if comparable_kana(one.entry.name_kana or "").startswith(wanted)
    ]
    if len(matching) > store.MOST_FOUND:
        raise SearchTooWide
    await _record(conn, house, actor, matching, reason)
    return matching


async def list_household(
    conn: Conn, house: House, actor: Actor, town: TownCode, resident_id: UUID, reason: str
) -> list[Resident]:
    """The head first. Raises ResidentNotFound."""
    check_town(actor, town)
    row = await store.find_resident(conn, town, resident_id)
    if row is None:
        raise ResidentNotFound
    number = _opened(house, town, row).entry.household_number
    members = [_opened(house, town, one) for one in await store.list_household(conn, town, number)]
    await _record(conn, house, actor, members, reason)
    return members


def _terms(house: House, search: Search) -> list[tuple[str, str]]:
    kana = kana_term(search.kana) if search.kana else None
    return [
        *([kana] if kana else []),
        *([name_term(search.name, substitutes_of(house.region))] if search.name.strip() else []),
        *([born_on_term(search.born_on)] if search.born_on else []),
    ]


def _opened(house: House, town: TownCode, row: store.StoredMember) -> Resident:
    entry = open_entry(house.keyring, town, row.resident_id, row.sealed)
    return Resident(resident_id=row.resident_id, town=town, entry=entry)


async def _record(
    conn: Conn, house: House, actor: Actor, found: Sequence[Resident], reason: str
) -> None:
    request_id = uuid7()
    rows = [
        AccessRow(
            subject_id=one.resident_id,
            kind=Kind.ACT,
            request_id=request_id,
            at=house.clock.now(),
            actor=actor,
            service=SERVICE,
            purpose=PURPOSE,
            decision="read",
            town=one.town,
            items=("name", "kana", "address", "birth_on", "sex", "relationship"),
            note=reason or None,
        )
        for one in found
    ]
    await access.record_many(conn, house.keyring, rows)
