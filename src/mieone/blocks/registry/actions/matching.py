"""Person ↔ Resident: linked when all four attributes agree with one resident, else a case."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import msgspec

from mieone.blocks import access, identity
from mieone.blocks.access import AccessRow, Kind
from mieone.blocks.registry import store
from mieone.blocks.registry.model import CaseReason, Entry, Sex
from mieone.blocks.registry.rules.addresses import decide_residency, write_address
from mieone.blocks.registry.rules.matching import Candidate, Claim, MatchKind, decide_match
from mieone.blocks.registry.rules.tokens import born_on_term
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import Actor, TownCode
from mieone.core.outbox import Event, publish
from mieone.core.ports import Json
from mieone.core.region import Region

from .documents import open_entry, token_of
from .protection import SECTOR, flag_of, push_flag

PURPOSE = "register-matching"
SERVICE = "registry"
CASE_KEY = "registry.case"
ITEMS = ("name", "address", "birth_on", "sex")
_SEXES = {"male": Sex.MALE, "female": Sex.FEMALE}


async def match_claim(
    conn: Conn, house: House, pairwise: str, person_id: UUID, claim: Claim
) -> None:
    """Exact links only; whatever is unclear goes to the counter. The same again changes nothing."""
    residency = decide_residency(claim.address, house.region)
    if residency.town is not None:
        await _match(conn, house, residency.town, pairwise, person_id, claim)
        return
    linked = await store.find_link(conn, pairwise)
    if linked is not None:
        # A visitor stands in no register of ours; somebody who moved away no longer does.
        await store.void_link(conn, linked, house.clock.now(), "moved_out")


async def forget_person(house: House, conn: Conn, event: Event) -> None:
    """`identity.person_closed`: the link ends; the town's register itself stays."""
    person_id = UUID(str(event.payload["person_id"]))
    now = house.clock.now()
    try:
        pairwise = await identity.pairwise_id(conn, SECTOR, person_id)
    except identity.PersonNotActive:
        # The register never knew them.
        return
    await store.void_due(conn, pairwise)
    linked = await store.find_link(conn, pairwise)
    if linked is not None:
        await store.void_link(conn, linked, now, "closed")
    await store.close_cases_of(conn, pairwise, now, "registry.forget_person")


def claim_of(items: Mapping[str, Json]) -> Claim:
    """What a card said, as the door gives it."""
    values = {name: str(value) for name, value in items.items()}
    return Claim(
        name=values["name"],
        address=values["address"],
        born_on=date.fromisoformat(values["birth_date"]),
        sex=_SEXES.get(values["sex"], Sex.OTHER),
        name_flags=_places(values.get("name_flags", "")),
        address_flags=_places(values.get("address_flags", "")),
    )


async def list_candidates(
    conn: Conn, house: House, town: TownCode, claim: Claim
) -> Mapping[UUID, Entry]:
    """Everybody of the town born on that day; there are few."""
    token = token_of(house.keyring, town, born_on_term(claim.born_on))
    rows = await store.find_by_tokens(conn, town, [token])
    return {
        row.resident_id: open_entry(house.keyring, town, row.resident_id, row.sealed)
        for row in rows
        if row.status == "resident"
    }


def candidate_of(resident_id: UUID, entry: Entry, town: TownCode, region: Region) -> Candidate:
    return Candidate(
        resident_id=resident_id,
        names=tuple(name for name in (entry.name, entry.alias) if name),
        address=write_address(town, entry.oaza, entry.banchi, entry.building, region),
        born_on=entry.born_on,
        sex=entry.sex,
    )


async def _match(
    conn: Conn, house: House, town: TownCode, pairwise: str, person_id: UUID, claim: Claim
) -> None:
    entries = await list_candidates(conn, house, town, claim)
    candidates = [candidate_of(one, entry, town, house.region) for one, entry in entries.items()]
    match = decide_match(claim, candidates, house.region)
    linked = await store.find_link(conn, pairwise)
    if match.resident_id is None:
        reason = CaseReason.SEVERAL if match.kind is MatchKind.SEVERAL else CaseReason.NOBODY
        await _open_case(conn, house, town, pairwise, claim, reason)
        return
    if linked is not None and linked.resident_id == match.resident_id:
        return
    holder = await store.find_linked_person(conn, town, match.resident_id)
    if holder is not None and holder != pairwise:
        await _open_case(conn, house, town, pairwise, claim, CaseReason.TAKEN)
        return
    if linked is not None:
        await store.void_link(conn, linked, house.clock.now(), "moved")
    await link(conn, house, town, match.resident_id, pairwise, person_id, "exact", SERVICE)
    await push_protection(conn, match.resident_id, person_id, entries[match.resident_id])


async def _open_case(
    conn: Conn,
    house: House,
    town: TownCode,
    pairwise: str,
    claim: Claim,
    reason: CaseReason,
) -> None:
    sealed = house.keyring.seal(msgspec.json.encode(claim), CASE_KEY, town, pairwise)
    await store.open_case(conn, town, pairwise, reason, sealed, house.clock.now())


def open_claim(house: House, town: TownCode, pairwise: str, sealed: bytes) -> Claim:
    content = house.keyring.open_sealed(sealed, CASE_KEY, town, pairwise)
    return msgspec.json.decode(content, type=Claim)


async def link(
    conn: Conn,
    house: House,
    town: TownCode,
    resident_id: UUID,
    pairwise: str,
    person_id: UUID,
    method: str,
    by: str,
) -> None:
    now = house.clock.now()
    await store.record_link(conn, town, resident_id, pairwise, method, by, now)
    await access.record_alias(conn, person_id, resident_id, now)
    # Events are kept for ever: none joins a Mie-ID and a register's row.
    await publish(
        conn,
        Event(
            name="registry.linked",
            key=str(person_id),
            payload={"person_id": str(person_id), "town": town},
        ),
    )


async def push_protection(conn: Conn, resident_id: UUID, person_id: UUID, entry: Entry) -> None:
    flag = flag_of(entry.protected_from, entry.protected_until)
    if flag is not None:
        await push_flag(conn, resident_id, person_id, flag)


async def record_decision(
    conn: Conn,
    house: House,
    actor: Actor,
    case_id: UUID,
    person_id: UUID,
    town: TownCode,
    decision: str,
) -> None:
    """What somebody at the counter decided; what the job asked stands in the door's own record."""
    row = AccessRow(
        subject_id=person_id,
        kind=Kind.ACT,
        request_id=case_id,
        at=house.clock.now(),
        actor=actor,
        service=SERVICE,
        purpose=PURPOSE,
        decision=decision,
        town=town,
        items=ITEMS,
    )
    await access.record_many(conn, house.keyring, [row])


def _places(flags: str) -> tuple[int, ...]:
    """A certificate flags characters one by one, as 0 and 1."""
    return tuple(place for place, flag in enumerate(flags) if flag == "1")
