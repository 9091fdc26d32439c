"""The resident's history: a sentence first, then rows a person can read aloud, then each in full."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, Parameter
from litestar.response import Redirect, Response

from mieone.blocks.access import actions, store
from mieone.blocks.access.model import (
    Caption,
    CaptionKind,
    Cursor,
    OrganisationGroup,
    QuestionKind,
    Visit,
)
from mieone.blocks.access.problems import VisitNotFound
from mieone.blocks.access.rules import (
    Ending,
    day_ends,
    day_starts,
    ending_of,
    month_starts,
    runs_of,
    shown_items,
)
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import NotPermitted
from mieone.core.region import Names
from mieone.web import AnyRequest, Catalogue, Page, Phrase, read_form

PER_PAGE = 20
MOST_READ = 200
"""Uses looked through for one page: those that read alike share a line."""
MOST_TAKEN_OUT = 10_000


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """The summary above the list."""

    today: int
    month: int
    groups: Mapping[OrganisationGroup, int]
    refused: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    visit: Visit
    ending: Ending
    who: Names | None
    """None: the person themselves."""
    is_automatic: bool
    service: Names
    service_detail: Names | None
    purpose: Names
    basis: Caption | None
    labels: tuple[str | Phrase, ...]


class Captions(msgspec.Struct, frozen=True, kw_only=True):
    services: Mapping[str, Caption]
    organisations: Mapping[str, Caption]
    purposes: Mapping[str, Caption]
    bases: Mapping[str, Caption]


def person_of(actor: Actor) -> UUID:
    if actor.kind is not ActorKind.PERSON:
        raise NotPermitted
    return UUID(actor.id)


@get("/my/history")
async def show_history(
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
    before: Annotated[datetime | None, Parameter(query="before", required=False)] = None,
    entry: Annotated[UUID | None, Parameter(query="entry", required=False)] = None,
    own: FromQuery[bool] = False,
) -> Response[str]:
    person_id = person_of(actor)
    cursor = Cursor(before, entry) if before is not None and entry is not None else None
    now = house.clock.now()
    async with house.database.transaction() as conn:
        subjects = await store.list_subject_ids(conn, person_id)
        sentence = await _sentence(conn, house, subjects)
        visits = await store.list_history(conn, subjects, now, cursor, MOST_READ, own_looks=own)
        captions = await _captions(conn, visits)
    runs = runs_of(visits)
    shown = runs[:PER_PAGE]
    lines = [(_line(house, page, captions, subjects, run[0]), run) for run in shown]
    has_more = len(runs) > PER_PAGE or len(visits) == MOST_READ
    last = shown[-1][-1] if shown and has_more else None
    return page.render(
        "access/history.html",
        sentence=sentence,
        lines=lines,
        last=last,
        own=own,
        is_first=cursor is None,
    )


async def _sentence(conn: Conn, house: House, subjects: Sequence[UUID]) -> Sentence:
    day, now = house.clock.today(), house.clock.now()
    month = await store.summarise(conn, subjects, month_starts(day), day_ends(day), now)
    today = await store.summarise(conn, subjects, day_starts(day), day_ends(day), now)
    refused = await store.count_refusals(conn, subjects, month_starts(day), day_ends(day), now)
    return Sentence(
        today=sum(today.values()), month=sum(month.values()), groups=month, refused=refused
    )


async def _captions(conn: Conn, visits: Sequence[Visit]) -> Captions:
    return Captions(
        services=await store.list_captions(
            conn, CaptionKind.SERVICE, {one.service for one in visits}
        ),
        organisations=await store.list_captions(
            conn, CaptionKind.ORGANISATION, {one.organisation for one in visits}
        ),
        purposes=await store.list_captions(
            conn, CaptionKind.PURPOSE, {one.purpose for one in visits}
        ),
        bases=await store.list_captions(
            conn, CaptionKind.BASIS, {one.basis_ref for one in visits if one.basis_ref}
        ),
    )


def _line(
    house: House, page: Page, captions: Captions, subjects: Sequence[UUID], visit: Visit
) -> Line:
    service = captions.services.get(visit.service)
    organisation = captions.organisations.get(visit.organisation)
    is_self = visit.actor_kind == ActorKind.PERSON and visit.actor_id in map(str, subjects)
    name = service.name if service else _bare(visit.service)
    # A company is known by its service, an office by its own name.
    is_office = visit.actor_kind != ActorKind.SERVICE and organisation is not None
    who = organisation.name if is_office and organisation is not None else name
    purpose = captions.purposes.get(visit.purpose)
    return Line(
        visit=visit,
        ending=ending_of(visit),
        who=None if is_self else who,
        is_automatic=visit.actor_kind == ActorKind.SYSTEM,
        service=name,
        service_detail=service.detail if service else None,
        purpose=purpose.name if purpose else _bare(visit.purpose),
        basis=captions.bases.get(visit.basis_ref or ""),
        labels=_labels(house, page.site.catalogue, visit),
    )


def _labels(house: House, catalogue: Catalogue, visit: Visit) -> tuple[str | Phrase, ...]:
    """Item names in words, as the block that holds them calls them, else as everybody does."""
    known = {
        item.name: item.label
        for block in house.blocks
        for dataset in block.datasets
        if visit.dataset is None or dataset.ref == visit.dataset
        for item in dataset.items
    }
    named = {name: known.get(name, f"access.items.{name}") for name in shown_items(visit)}
    return tuple(
        Phrase(message_id) if catalogue.has(message_id) else name
        for name, message_id in named.items()
    )


def _bare(text: str) -> Names:
    return Names(ja=text, kana=text, yasashii=text, en=text)


@get("/my/history/{entry_id:uuid}")
async def show_visit(
    entry_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str]:
    person_id = person_of(actor)
    async with house.database.transaction() as conn:
        subjects = await store.list_subject_ids(conn, person_id)
        visit = await store.find_visit(conn, subjects, entry_id, house.clock.now())
        if visit is None:
            raise VisitNotFound
        captions = await _captions(conn, [visit])
        asked = await store.list_asked(conn, person_id, entry_id)
    line = _line(house, page, captions, subjects, visit)
    return page.render(
        "access/visit.html", line=line, visit=visit, asked=asked, kinds=tuple(QuestionKind)
    )


@post("/my/history/{entry_id:uuid}/questions", status_code=303)
async def ask_about_visit(
    request: AnyRequest,
    entry_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
) -> Redirect:
    person_id = person_of(actor)
    form = await read_form(request)
    kind = form.choice("kind", set(QuestionKind)) or QuestionKind.EXPLAIN
    words = form.text("words", is_required=False, max_length=1_000)
    await run(
        house.database,
        (),
        lambda conn: actions.open_question(
            conn, house.keyring, person_id, entry_id, QuestionKind(kind), words, house.clock.now()
        ),
    )
    return Redirect(f"/my/history/{entry_id}", status_code=303)


# --- taking it out ---


class TakenOut(msgspec.Struct, frozen=True, kw_only=True):
    """One's own history as a file: the same rows, in machine words."""

    at: datetime
    ending: str
    decision: str
    organisation: str
    service: str
    actor_kind: str
    provider: str | None
    dataset: str | None
    items: tuple[str, ...]
    purpose: str
    basis: str | None
    basis_ref: str | None
    consent_id: UUID | None
    note: str | None
    request_id: UUID
    entry_id: UUID
    payload_sha256: str | None


async def _taken_out(house: House, actor: Actor) -> list[TakenOut]:
    async with house.database.transaction() as conn:
        subjects = await store.list_subject_ids(conn, person_of(actor))
        visits: list[Visit] = []
        cursor: Cursor | None = None
        while len(visits) < MOST_TAKEN_OUT:
            more = await store.list_history(
                conn, subjects, house.clock.now(), cursor, 1_000, own_looks=True
            )
            visits += more
            if len(more) < 1_000:
                break
            cursor = Cursor(more[-1].at, more[-1].entry_id)
    return [_take_out(visit) for visit in visits]


def _take_out(visit: Visit) -> TakenOut:
    return TakenOut(
        at=visit.at,
        ending=ending_of(visit).value,
        decision=visit.decision,
        organisation=visit.organisation,
        service=visit.service,
        actor_kind=visit.actor_kind,
        provider=visit.provider,
        dataset=visit.dataset,
        items=shown_items(visit),
        purpose=visit.purpose,
        basis=visit.basis,
        basis_ref=visit.basis_ref,
        consent_id=visit.consent_id,
        note=visit.note,
        request_id=visit.request_id,
        entry_id=visit.entry_id,
        payload_sha256=visit.payload_sha256.hex() if visit.payload_sha256 else None,
    )


@get("/my/history/file.json")
async def take_out_json(
    actor: NamedDependency[Actor], house: NamedDependency[House]
) -> Response[bytes]:
    body = msgspec.json.format(msgspec.json.encode(await _taken_out(house, actor)))
    return _file(body, "application/json", "history.json")


@get("/my/history/file.csv")
async def take_out_csv(
    actor: NamedDependency[Actor], house: NamedDependency[House]
) -> Response[bytes]:
    rows = [msgspec.to_builtins(row) for row in await _taken_out(house, actor)]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=TakenOut.__struct_fields__)
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "items": ";".join(row["items"])})
    # The mark lets spreadsheets in Japan read UTF-8.
    return _file("\ufeff".encode() + text.getvalue().encode(), "text/csv", "history.csv")


def _file(body: bytes, media_type: str, name: str) -> Response[bytes]:
    return Response(
        body,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


PEOPLE = (
    show_history,
    take_out_json,
    take_out_csv,
    show_visit,
    ask_about_visit,
)
