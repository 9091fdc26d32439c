"""Persons, their keys, attributes, links, identifiers, mandates and protection."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.identity.model import ExternalKey, Link, Mandate, PersonId, PersonState
from mieone.blocks.identity.store import QUERIES
from mieone.core.database import Conn


async def record_person(conn: Conn, person_id: PersonId, handle: bytes, now: datetime) -> None:
    await conn.execute(QUERIES["record_person"], person_id, handle, now)


async def find_state(conn: Conn, person_id: UUID) -> PersonState | None:
    state = await conn.fetchval(QUERIES["find_person_state"], person_id)
    return None if state is None else PersonState(state)


async def lock_state(conn: Conn, person_id: UUID) -> PersonState | None:
    state = await conn.fetchval(QUERIES["lock_person"], person_id)
    return None if state is None else PersonState(state)


async def find_user_handle(conn: Conn, person_id: UUID) -> bytes | None:
    handle = await conn.fetchval(QUERIES["find_user_handle"], person_id)
    return None if handle is None else bytes(handle)


async def record_state(conn: Conn, person_id: UUID, state: PersonState, now: datetime) -> None:
    await conn.execute(QUERIES["record_person_state"], person_id, state, now)


class StoredKey(msgspec.Struct, frozen=True):
    wrapped: bytes | None
    state: str


async def record_key(
    conn: Conn, person_id: UUID, purpose: str, wrapped: bytes, now: datetime
) -> bool:
    """False when another transaction made it first."""
    return await conn.fetchval(QUERIES["record_key"], person_id, purpose, wrapped, now) is not None


async def find_key(conn: Conn, person_id: UUID, purpose: str) -> StoredKey | None:
    row = await conn.fetchrow(QUERIES["find_key"], person_id, purpose)
    return None if row is None else StoredKey(row["wrapped"], row["state"])


async def lock_key_shared(conn: Conn, person_id: UUID, purpose: str) -> StoredKey | None:
    row = await conn.fetchrow(QUERIES["lock_key_shared"], person_id, purpose)
    return None if row is None else StoredKey(row["wrapped"], row["state"])


async def destroy_keys(conn: Conn, person_id: UUID, now: datetime) -> None:
    await conn.execute(QUERIES["destroy_keys"], person_id, now)


async def destroy_key(conn: Conn, person_id: UUID, purpose: str, now: datetime) -> None:
    await conn.execute(QUERIES["destroy_key"], person_id, purpose, now)


class SealedAttribute(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: int
    sealed: bytes


async def next_attribute_version(conn: Conn, person_id: UUID) -> int:
    return int(await conn.fetchval(QUERIES["next_attribute_version"], person_id))


async def record_attributes(
    conn: Conn,
    person_id: UUID,
    attributes: Sequence[SealedAttribute],
    source: str,
    now: datetime,
) -> None:
    rows = [(person_id, one.name, one.version, one.sealed, source, now) for one in attributes]
    await conn.executemany(QUERIES["record_attribute"], rows)


async def list_attributes(conn: Conn, person_id: UUID) -> list[SealedAttribute]:
    rows = await conn.fetch(QUERIES["list_attributes"], person_id)
    return [SealedAttribute(**dict(row.items())) for row in rows]


async def void_older_attributes(conn: Conn, person_id: UUID, version: int) -> None:
    await conn.execute(QUERIES["void_older_attributes"], person_id, version)


async def list_links_of_tokens(
    conn: Conn, tokens: Sequence[tuple[ExternalKey, bytes]]
) -> list[tuple[ExternalKey, Link]]:
    rows = await conn.fetch(
        QUERIES["list_links_of_tokens"],
        [key.kind.value for key, _ in tokens],
        [token for _, token in tokens],
    )
    by_token = {(key.kind.value, token): key for key, token in tokens}
    return [(by_token[(row["kind"], row["token"])], _link(dict(row.items()))) for row in rows]


async def list_links_of_people(conn: Conn, people: Collection[UUID]) -> list[Link]:
    rows = await conn.fetch(QUERIES["list_links_of_people"], list(people))
    return [_link(dict(row.items())) for row in rows]


def _link(row: dict[str, object]) -> Link:
    return msgspec.convert(
        {
            "id": row["link_id"],
            "person_id": row["person_id"],
            "kind": row["kind"],
            "state": row["state"],
        },
        Link,
    )


async def record_link(
    conn: Conn,
    link_id: UUID,
    person_id: UUID,
    kind: str,
    sealed_key: bytes,
    token: bytes,
    now: datetime,
) -> None:
    await conn.execute(QUERIES["record_link"], link_id, person_id, kind, sealed_key, token, now)


async def record_link_seen(conn: Conn, link_id: UUID, now: datetime) -> None:
    await conn.execute(QUERIES["record_link_seen"], link_id, now)


async def record_links_superseded(conn: Conn, links: Sequence[UUID], now: datetime) -> None:
    await conn.execute(QUERIES["record_links_superseded"], list(links), now)


async def record_pairwise_id(conn: Conn, sector: str, person_id: UUID, made: str) -> str | None:
    """None when the person has one in this sector already."""
    found = await conn.fetchval(QUERIES["record_pairwise_id"], sector, person_id, made)
    return None if found is None else str(found)


async def find_pairwise_id(conn: Conn, sector: str, person_id: UUID) -> str | None:
    found = await conn.fetchval(QUERIES["find_pairwise_id"], sector, person_id)
    return None if found is None else str(found)


async def find_person_of(conn: Conn, sector: str, pairwise: str) -> UUID | None:
    found = await conn.fetchval(QUERIES["find_person_of"], sector, pairwise)
    return None if found is None else UUID(str(found))


async def list_protected(conn: Conn, subjects: Collection[UUID], at: datetime) -> list[UUID]:
    rows = await conn.fetch(QUERIES["list_protected"], list(subjects), at)
    return [UUID(str(row["subject_id"])) for row in rows]


async def record_protection(
    conn: Conn, subject_id: UUID, valid_from: datetime, valid_until: datetime | None
) -> None:
    await conn.execute(QUERIES["record_protection"], subject_id, valid_from, valid_until)


async def record_mandate(conn: Conn, mandate: Mandate, evidence: str) -> None:
    await conn.execute(
        QUERIES["record_mandate"],
        mandate.id,
        mandate.principal,
        mandate.agent,
        mandate.kind,
        sorted(mandate.scope),
        evidence,
        mandate.valid_from,
        mandate.valid_until,
    )


async def list_mandates(conn: Conn, agent: UUID, principal: UUID, now: datetime) -> list[Mandate]:
    rows = await conn.fetch(QUERIES["list_mandates"], agent, principal, now)
    return msgspec.convert([dict(row.items()) for row in rows], list[Mandate])


async def record_mandate_ended(conn: Conn, mandate_id: UUID, state: str, now: datetime) -> bool:
    found = await conn.fetchval(QUERIES["record_mandate_ended"], mandate_id, state, now)
    return found is not None


async def record_mandates_suspended_of(conn: Conn, principal: UUID) -> None:
    await conn.execute(QUERIES["record_mandates_suspended_of"], principal)


async def list_living_people(conn: Conn, after: UUID) -> list[UUID]:
    rows = await conn.fetch(QUERIES["list_living_people"], after)
    return [UUID(str(row["person_id"])) for row in rows]


async def list_keyless_people(conn: Conn) -> list[tuple[UUID, str]]:
    rows = await conn.fetch(QUERIES["list_keyless_people"])
    return [(UUID(str(row["person_id"])), str(row["state"])) for row in rows]


async def lock_tokens(conn: Conn, tokens: Sequence[bytes]) -> None:
    for token in sorted(tokens):
        await conn.execute(QUERIES["lock_token"], token.hex())


async def forget_user_handle(conn: Conn, person_id: UUID, other: bytes) -> None:
    await conn.execute(QUERIES["forget_user_handle"], person_id, other)
