"""Services, rights, bases in law: taken from the region's files, or registered one by one."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from mieone.blocks import access, consent, identity
from mieone.blocks.access import Caption, CaptionKind, OrganisationGroup
from mieone.blocks.exchange import store
from mieone.blocks.exchange.model import (
    Emergency,
    LegalBasis,
    Right,
    RightState,
    Service,
    ServiceState,
)
from mieone.blocks.exchange.problems import OfficerOnly, ReasonMissing
from mieone.blocks.exchange.rules.decide import OFFICERS
from mieone.blocks.identity import Client, ClientState
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor
from mieone.core.ports import Basis
from mieone.core.region import Names

from .region_files import RightEntry, ServiceEntry, read_legal_bases, read_services

GRANTED_BY_FILE = "region"
SHORTEST_REASON = 10


async def load_region(conn: Conn, house: House) -> int:
    """Make the tables say what the region's files say; returns how many services there are."""
    services = read_services(house.region)
    await _load_bases(conn, house)
    await access.record_captions(conn, _captions(house))
    for service_id, entry in sorted(services.services.items()):
        await register_service(conn, house, service_id, entry)
    return len(services.services)


async def register_service(
    conn: Conn,
    house: House,
    service_id: str,
    entry: ServiceEntry,
    granted_by: str = GRANTED_BY_FILE,
) -> None:
    """One approval opens a service with its rights; what it may see still waits for each person."""
    now = house.clock.now()
    service = Service(
        service_id=service_id,
        sector=entry.sector,
        organisation=entry.organisation,
        is_own=entry.is_own,
        state=ServiceState.ACTIVE,
        towns=entry.towns,
    )
    await store.record_service(conn, service, entry.contact, now)
    for right in entry.rights:
        await store.record_right(conn, _right(service_id, right), granted_by, now)
    await access.record_captions(
        conn,
        [
            _caption(CaptionKind.SERVICE, service_id, entry.name, entry.behind, entry.group),
        ],
    )


async def adopt_client(conn: Conn, house: House, client_id: str) -> bool:
    """One approval opens both: an OAuth client that is new here becomes a service.

    Its rights are the datasets it was approved for, under the purposes open to services, and each
    person's consent on top. A service of the region's file keeps what stands there.
    """
    if await store.has_service(conn, client_id):
        return False
    client = await identity.find_client(conn, client_id)
    if client is None or client.state is not ClientState.ACTIVE:
        return False
    name = Names(ja=client.name, kana=client.name, yasashii=client.name, en=client.name)
    await register_service(
        conn, house, client_id, _entry_for(house, client, name), "client-approval"
    )
    organisation = _caption(
        CaptionKind.ORGANISATION, client.organisation_id, name, None, OrganisationGroup.COMPANY
    )
    if await access.find_caption(conn, CaptionKind.ORGANISATION, client.organisation_id) is None:
        await access.record_captions(conn, [organisation])
    return True


def _entry_for(house: House, client: Client, name: Names) -> ServiceEntry:
    today = house.clock.today()
    known = {dataset.ref: dataset for block in house.blocks for dataset in block.datasets}
    rights = tuple(
        RightEntry(
            dataset=ref,
            items=tuple(item.name for item in known[ref].items),
            purpose=purpose,
            basis=Basis.OPT_IN,
            valid_from=today,
        )
        for ref in client.datasets
        if ref in known
        for purpose in purposes_for_services(house)
    )
    return ServiceEntry(
        sector=client.sector,
        organisation=client.organisation_id,
        group=OrganisationGroup.COMPANY,
        name=name,
        behind=name,
        rights=rights,
    )


def purposes_for_services(house: House) -> list[str]:
    purposes = consent.load_purposes(house.region)
    return sorted(key for key, purpose in purposes.items() if purpose.for_services)


async def suspend_service(conn: Conn, house: House, service_id: str) -> None:
    """Closed to it from the next request on."""
    await store.change_service_state(conn, service_id, ServiceState.SUSPENDED, house.clock.now())


async def declare_emergency(
    conn: Conn, house: House, actor: Actor, reason: str, lasts: timedelta
) -> UUID:
    """A named officer takes it on themselves, for at most a day; everybody concerned will read why."""
    if actor.kind not in OFFICERS:
        raise OfficerOnly
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonMissing(shortest=SHORTEST_REASON)
    now = house.clock.now()
    emergency = Emergency(
        emergency_id=uuid7(),
        officer=actor.id,
        organisation=actor.organisation,
        reason=reason.strip(),
        valid_from=now,
        valid_until=now + min(lasts, timedelta(hours=24)),
    )
    await store.record_emergency(conn, emergency)
    return emergency.emergency_id


def _right(service_id: str, entry: RightEntry) -> Right:
    return Right(
        right_id=uuid7(),
        service=service_id,
        dataset=entry.dataset,
        items=entry.items,
        purpose=entry.purpose,
        basis=entry.basis,
        basis_ref=entry.basis_ref,
        state=RightState.ACTIVE,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
    )


async def _load_bases(conn: Conn, house: House) -> None:
    for basis_id, entry in sorted(read_legal_bases(house.region).items()):
        basis = LegalBasis(
            basis_id=basis_id,
            basis=entry.basis,
            purposes=entry.purposes,
            covers=entry.covers,
            citation=entry.citation,
            verified=entry.verified,
            valid_from=entry.valid_from,
            valid_until=entry.valid_until,
        )
        await store.record_legal_basis(conn, basis, entry.source)


def _captions(house: House) -> Sequence[Caption]:
    """Towns, organisations, purposes and bases under the names that people know."""
    towns = [
        _caption(CaptionKind.ORGANISATION, name, town.name, None, OrganisationGroup.TOWN)
        for town in house.region.towns
        # An officer's organisation is written either way.
        for name in (town.code, f"town-{town.code}")
    ]
    organisations = [
        _caption(CaptionKind.ORGANISATION, key, entry.name, None, entry.group)
        for key, entry in read_services(house.region).organisations.items()
    ]
    purposes = [
        _caption(
            CaptionKind.PURPOSE, key, entry.name, entry.why, OrganisationGroup.OTHER, entry.verified
        )
        for key, entry in consent.load_purposes(house.region).items()
    ]
    bases = [
        _caption(
            CaptionKind.BASIS,
            key,
            entry.name,
            _citation(entry.citation),
            OrganisationGroup.OTHER,
            entry.verified,
        )
        for key, entry in read_legal_bases(house.region).items()
    ]
    return [*towns, *organisations, *purposes, *bases]


def _citation(text: str) -> Names:
    # Legal text stays Japanese in every language.
    return Names(ja=text, kana="", yasashii=text, en=text)


def _caption(
    kind: CaptionKind,
    id: str,
    name: Names,
    detail: Names | None,
    group: OrganisationGroup,
    verified: bool = True,
) -> Caption:
    return Caption(kind=kind, id=id, name=name, detail=detail, group=group, verified=verified)
