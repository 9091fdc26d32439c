"""The statements of consent, one function each."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.core.chain import Chain
from mieone.core.database import Conn, row_values
from mieone.core.ids import uuid7
from mieone.core.queries import load_queries

from .model import Ask, ConsentEvent, ConsentRevision, Notice, Scope
from .problems import AskNotFound, ConsentNotFound

QUERIES = load_queries(Path(__file__).parent / "queries.sql")

CHAIN = Chain(
    name="consent",
    table="consent.event",
    columns=(
        "record_id",
        "revision",
        "at",
        "kind",
        "service",
        "dataset",
        "purpose",
        "items",
        "excluded",
        "notice_id",
        "notice_sha256",
        "language",
        "valid_until",
        "reconsent_by",
        "actor_kind",
        "actor_id",
        "mandate_id",
    ),
)


async def lock_shared(
    conn: Conn, person_ids: Collection[UUID], service: str, dataset: str, purpose: str
) -> Mapping[UUID, ConsentRevision]:
    """The consents of these people for one service, held against withdrawal until the end."""
    rows = await conn.fetch(
        QUERIES["lock_shared"], sorted(set(person_ids)), service, dataset, purpose
    )
    return {row["person_id"]: msgspec.convert(row_values(row), ConsentRevision) for row in rows}


async def lock_or_open(conn: Conn, scope: Scope, now: datetime) -> ConsentRevision:
    """The record of a scope, locked; made when it is the first time."""
    key = (scope.person_id, scope.service, scope.dataset, scope.purpose)
    await conn.execute(QUERIES["open_record"], uuid7(), *key, now)
    row = await conn.fetchrow(QUERIES["lock_scope"], *key)
    assert row is not None
    return msgspec.convert(row_values(row), ConsentRevision)


async def lock_record(conn: Conn, person_id: UUID, record_id: UUID) -> ConsentRevision:
    row = await conn.fetchrow(QUERIES["lock_record"], record_id, person_id)
    if row is None:
        raise ConsentNotFound
    return msgspec.convert(row_values(row), ConsentRevision)


async def find_scope(conn: Conn, scope: Scope) -> ConsentRevision | None:
    row = await conn.fetchrow(
        QUERIES["find_scope"], scope.person_id, scope.service, scope.dataset, scope.purpose
    )
    return None if row is None else msgspec.convert(row_values(row), ConsentRevision)


async def list_of(conn: Conn, person_id: UUID) -> list[ConsentRevision]:
    """Every consent a person has decided about: living ones first, then the latest."""
    return await _list(conn, "list_of", person_id)


async def list_ending(conn: Conn, now: datetime, limit: int) -> list[ConsentRevision]:
    return await _list(conn, "list_ending", now, limit)


async def list_under_older_notice(conn: Conn, notice: Notice, limit: int) -> list[ConsentRevision]:
    return await _list(
        conn,
        "list_under_older_notice",
        notice.service,
        notice.dataset,
        notice.purpose,
        notice.notice_id,
        limit,
    )


async def _list(conn: Conn, query: str, *arguments: object) -> list[ConsentRevision]:
    rows = await conn.fetch(QUERIES[query], *arguments)
    return [msgspec.convert(row_values(row), ConsentRevision) for row in rows]


async def change_record(conn: Conn, consent: ConsentRevision) -> None:
    await conn.execute(
        QUERIES["change_record"],
        consent.record_id,
        consent.state,
        consent.revision,
        list(consent.items),
        list(consent.excluded),
        consent.notice_id,
        consent.language,
        consent.valid_until,
        consent.reconsent_by,
        consent.changed_at,
    )


async def list_events(conn: Conn, record_id: UUID) -> list[ConsentEvent]:
    rows = await conn.fetch(QUERIES["list_events"], record_id)
    return [msgspec.convert(row_values(row), ConsentEvent) for row in rows]


async def find_receipt(conn: Conn, person_id: UUID, entry_id: UUID) -> str | None:
    compact = await conn.fetchval(QUERIES["find_receipt"], entry_id, person_id)
    return None if compact is None else str(compact)


async def record_receipt(
    conn: Conn, receipt_id: UUID, entry_id: UUID, record_id: UUID, compact: str, at: datetime
) -> None:
    await conn.execute(QUERIES["record_receipt"], receipt_id, entry_id, record_id, compact, at)


async def get_notice_text(conn: Conn, notice_id: UUID, language: str) -> tuple[str, bytes]:
    row = await conn.fetchrow(QUERIES["get_notice_text"], notice_id, language)
    if row is None:
        raise ConsentNotFound
    return row["body"], bytes(row["sha256"])


async def lock_notices(conn: Conn, service: str, dataset: str, purpose: str) -> None:
    """Nobody else adds a version for this scope meanwhile."""
    await conn.execute(QUERIES["lock_notices"], f"{service}|{dataset}|{purpose}")


async def find_notice(
    conn: Conn, service: str, dataset: str, purpose: str, digest: bytes
) -> UUID | None:
    found: UUID | None = await conn.fetchval(
        QUERIES["find_notice"], service, dataset, purpose, digest
    )
    return found


async def next_version(conn: Conn, service: str, dataset: str, purpose: str) -> int:
    return int(await conn.fetchval(QUERIES["next_version"], service, dataset, purpose))


async def record_notice(conn: Conn, notice: Notice, digest: bytes, now: datetime) -> None:
    await conn.execute(
        QUERIES["record_notice"],
        notice.notice_id,
        notice.service,
        notice.dataset,
        notice.purpose,
        notice.version,
        digest,
        now,
    )
    await conn.executemany(
        QUERIES["record_notice_text"],
        [
            (notice.notice_id, language, text, hashlib.sha256(text.encode()).digest())
            for language, text in sorted(notice.texts.items())
        ],
    )


async def record_ask(conn: Conn, ask: Ask) -> None:
    await conn.execute(
        QUERIES["record_ask"],
        ask.ask_id,
        ask.person_id,
        ask.service,
        msgspec.to_builtins(ask.details),
        ask.return_to,
        ask.invited_by,
        ask.asked_at,
    )


async def find_ask(conn: Conn, person_id: UUID, ask_id: UUID) -> Ask | None:
    row = await conn.fetchrow(QUERIES["find_ask"], ask_id, person_id)
    return None if row is None else msgspec.convert(row_values(row), Ask)


async def lock_ask(conn: Conn, person_id: UUID, ask_id: UUID) -> Ask:
    row = await conn.fetchrow(QUERIES["lock_ask"], ask_id, person_id)
    if row is None:
        raise AskNotFound
    return msgspec.convert(row_values(row), Ask)


async def record_answer(conn: Conn, ask_id: UUID, now: datetime, *, granted: bool) -> None:
    await conn.execute(QUERIES["record_answer"], ask_id, now, granted)


async def list_open_asks(conn: Conn, person_id: UUID, asked_after: datetime) -> Sequence[Ask]:
    rows = await conn.fetch(QUERIES["list_open_asks"], person_id, asked_after)
    return [msgspec.convert(row_values(row), Ask) for row in rows]
