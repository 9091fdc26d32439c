"""The statements of the access record, one function each."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.core.chain import Chain
from mieone.core.database import Conn, row_values
from mieone.core.queries import load_queries

from .model import Caption, CaptionKind, Cursor, OrganisationGroup, Question, QuestionKind, Visit

QUERIES = load_queries(Path(__file__).parent / "queries.sql")

CHAIN = Chain(
    name="access",
    table="access.record",
    columns=(
        "town",
        "subject_id",
        "at",
        "kind",
        "request_id",
        "actor_kind",
        "actor_id",
        "organisation",
        "mandate_id",
        "service",
        "provider",
        "dataset",
        "items",
        "purpose",
        "basis",
        "basis_ref",
        "consent_id",
        "consent_revision",
        "decision",
        "permit_id",
        "outcome",
        "payload_sha256",
        "note",
        "visible_from",
        "visibility_basis",
    ),
)


async def list_history(
    conn: Conn,
    subject_ids: Sequence[UUID],
    now: datetime,
    before: Cursor | None = None,
    limit: int = 20,
    *,
    own_looks: bool = False,
) -> list[Visit]:
    """Newest first; rows whose visibility is delayed by law are not there yet."""
    rows = await conn.fetch(
        QUERIES["list_history"],
        list(subject_ids),
        now,
        before.at if before else None,
        before.entry_id if before else None,
        own_looks,
        min(limit, 1_000),
    )
    return [msgspec.convert(row_values(row), Visit) for row in rows]


async def find_visit(
    conn: Conn, subject_ids: Sequence[UUID], entry_id: UUID, now: datetime
) -> Visit | None:
    row = await conn.fetchrow(QUERIES["find_visit"], list(subject_ids), entry_id, now)
    return None if row is None else msgspec.convert(row_values(row), Visit)


async def summarise(
    conn: Conn, subject_ids: Sequence[UUID], since: datetime, until: datetime, now: datetime
) -> Mapping[OrganisationGroup, int]:
    """How often others used the data of these subjects, by kind of organisation, most first."""
    rows = await conn.fetch(QUERIES["summarise"], list(subject_ids), since, until, now)
    return {OrganisationGroup(row["organisation_group"]): row["uses"] for row in rows}


async def count_refusals(
    conn: Conn, subject_ids: Sequence[UUID], since: datetime, until: datetime, now: datetime
) -> int:
    count = await conn.fetchval(QUERIES["count_refusals"], list(subject_ids), since, until, now)
    return int(count)


async def count_rows(conn: Conn, subject_ids: Sequence[UUID]) -> Mapping[str, int]:
    """Rows by kind, hidden ones included: for checks from outside."""
    rows = await conn.fetch(QUERIES["count_rows"], list(subject_ids))
    return {row["kind"]: row["entries"] for row in rows}


async def list_subject_ids(conn: Conn, person_id: UUID) -> list[UUID]:
    """Every id a person stands under in records: the Mie-ID's own first."""
    rows = await conn.fetch(QUERIES["list_subject_ids"], person_id)
    return [person_id, *(row["subject_id"] for row in rows if row["subject_id"] != person_id)]


async def record_alias(conn: Conn, person_id: UUID, subject_id: UUID, at: datetime) -> None:
    await conn.execute(QUERIES["record_alias"], person_id, subject_id, at)


async def record_captions(conn: Conn, captions: Sequence[Caption]) -> None:
    """Tell what names are called; the last word counts."""
    await conn.executemany(
        QUERIES["record_caption"],
        [
            (
                item.kind,
                item.id,
                msgspec.to_builtins(item.name),
                msgspec.to_builtins(item.detail),
                item.group,
                item.verified,
            )
            for item in captions
        ],
    )


async def list_captions(
    conn: Conn, kind: CaptionKind, ids: Collection[str]
) -> Mapping[str, Caption]:
    rows = await conn.fetch(QUERIES["list_captions"], kind, sorted(set(ids)))
    return {row["id"]: _caption(row_values(row)) for row in rows}


async def find_caption(conn: Conn, kind: CaptionKind, id: str) -> Caption | None:
    return (await list_captions(conn, kind, [id])).get(id)


def _caption(row: dict[str, object]) -> Caption:
    row["group"] = row.pop("organisation_group")
    return msgspec.convert(row, Caption)


async def record_question(
    conn: Conn,
    question_id: UUID,
    person_id: UUID,
    entry_id: UUID,
    kind: QuestionKind,
    words: bytes,
    at: datetime,
) -> bool:
    """False when this person has asked the same about the same entry before."""
    asked = await conn.fetchval(
        QUERIES["record_question"], question_id, person_id, entry_id, kind, words, at
    )
    return asked is not None


async def list_asked(
    conn: Conn, person_id: UUID, entry_id: UUID
) -> Mapping[QuestionKind, datetime]:
    rows = await conn.fetch(QUERIES["list_asked"], person_id, entry_id)
    return {QuestionKind(row["kind"]): row["opened_at"] for row in rows}


async def list_open_questions(conn: Conn) -> list[Question]:
    rows = await conn.fetch(QUERIES["list_open_questions"])
    return [msgspec.convert(row_values(row), Question) for row in rows]


async def record_answer(conn: Conn, question_id: UUID, now: datetime) -> tuple[UUID, UUID] | None:
    """Who asked, and about which entry; None when it was answered before."""
    row = await conn.fetchrow(QUERIES["record_answer"], question_id, now)
    return None if row is None else (row["person_id"], row["entry_id"])


async def delete_questions_of(conn: Conn, person_id: UUID) -> None:
    await conn.execute(QUERIES["delete_questions_of"], person_id)


async def delete_aliases_of(conn: Conn, person_id: UUID) -> None:
    await conn.execute(QUERIES["delete_aliases_of"], person_id)


async def ensure_months(conn: Conn, first: date, months: int) -> int:
    made = await conn.fetchval(QUERIES["ensure_months"], first, months)
    return int(made)
