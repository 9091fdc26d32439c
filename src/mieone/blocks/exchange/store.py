"""The statements of the exchange, one function each."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.core.database import Conn, row_values
from mieone.core.ids import uuid7
from mieone.core.queries import load_queries

from .model import Emergency, LegalBasis, Right, Service, ServiceState
from .problems import ServiceUnknown

QUERIES = load_queries(Path(__file__).parent / "queries.sql")
_SERVICE = ("service_id", "sector", "organisation", "is_own", "state", "towns")


async def list_terms(
    conn: Conn, service: str, dataset: str
) -> tuple[Service | None, tuple[Right, ...]]:
    """The service and all its rights for the dataset, whatever their purpose and state."""
    rows = await conn.fetch(QUERIES["list_terms"], service, dataset)
    if not rows:
        return None, ()
    found = msgspec.convert({name: rows[0][name] for name in _SERVICE}, Service)
    rights = [
        msgspec.convert({**row_values(row), "service": service, "state": row["right_state"]}, Right)
        for row in rows
        if row["right_id"] is not None
    ]
    return found, tuple(rights)


async def has_service(conn: Conn, service_id: str) -> bool:
    return bool(await conn.fetchval(QUERIES["has_service"], service_id))


async def find_legal_basis(conn: Conn, basis_id: str) -> LegalBasis | None:
    row = await conn.fetchrow(QUERIES["find_legal_basis"], basis_id)
    return None if row is None else msgspec.convert(row_values(row), LegalBasis)


async def find_emergency(conn: Conn, emergency_id: UUID) -> Emergency | None:
    row = await conn.fetchrow(QUERIES["find_emergency"], emergency_id)
    return None if row is None else msgspec.convert(row_values(row), Emergency)


async def record_emergency(conn: Conn, emergency: Emergency) -> None:
    await conn.execute(
        QUERIES["record_emergency"],
        emergency.emergency_id,
        emergency.officer,
        emergency.organisation,
        emergency.reason,
        emergency.valid_from,
        emergency.valid_until,
    )


async def record_service(conn: Conn, service: Service, contact: str | None, now: datetime) -> None:
    """A known service keeps its sector and its state; those change by acts of their own."""
    await conn.execute(
        QUERIES["record_service"],
        service.service_id,
        service.sector,
        service.organisation,
        service.is_own,
        service.state,
        list(service.towns) if service.towns is not None else None,
        contact,
        now,
    )


async def change_service_state(
    conn: Conn, service_id: str, state: ServiceState, now: datetime
) -> None:
    changed = await conn.fetchval(QUERIES["change_service_state"], service_id, state, now)
    if changed is None:
        raise ServiceUnknown(service=service_id)


async def record_right(conn: Conn, right: Right, granted_by: str, now: datetime) -> None:
    await conn.execute(
        QUERIES["record_right"],
        uuid7(),
        right.service,
        right.dataset,
        list(right.items),
        right.purpose,
        right.basis,
        right.basis_ref,
        right.valid_from,
        right.valid_until,
        granted_by,
        now,
    )


async def record_legal_basis(conn: Conn, basis: LegalBasis, source: str) -> None:
    await conn.execute(
        QUERIES["record_legal_basis"],
        basis.basis_id,
        basis.basis,
        list(basis.purposes),
        basis.covers,
        basis.citation,
        source,
        basis.verified,
        basis.valid_from,
        basis.valid_until,
    )


async def list_services(conn: Conn) -> list[Service]:
    rows = await conn.fetch(QUERIES["list_services"])
    return [msgspec.convert(row_values(row), Service) for row in rows]


async def list_rights(conn: Conn, services: Sequence[str]) -> list[Right]:
    rows = await conn.fetch(QUERIES["list_rights"], list(services))
    return [msgspec.convert(row_values(row), Right) for row in rows]
