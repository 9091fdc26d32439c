"""What residents see of consent: the sheet that asks, what they agreed to, and the way out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from mieone.blocks import access
from mieone.blocks.access import Caption, CaptionKind
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.ports import (
    Basis,
    ConsentDetail,
    Dataset,
    Disclosure,
    DisclosureRequest,
    Json,
    PersonSubject,
)
from mieone.core.problems import NotPermitted, Problem
from mieone.web import AnyRequest, Form, Page, read_form

from . import actions, store
from .model import Ask, ConsentRevision, Purpose
from .problems import AskNotFound, ConsentNotFound, NoticeChanged
from .rules.states import LIVE, permits
from .rules.values import value_text
from .rules.wording import end_of

OWN_VIEW = "own-view"


class ItemLine(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    label: str
    values: tuple[str, ...]
    """The person's own value first, then those of children that go with it."""


class SheetPart(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset of a sheet, ready to be shown."""

    number: int
    notice_id: UUID
    label: str
    items: tuple[ItemLine, ...]
    others: tuple[str, ...]
    """Adults whose own agreement is needed, by name where the person may see it."""
    purpose: Purpose
    until: datetime


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    ask: Ask
    asker: Caption
    parts: tuple[SheetPart, ...]


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    detail: ConsentDetail
    dataset: Dataset
    purpose: Purpose
    notice_id: UUID
    adults: int


def person_of(actor: Actor) -> UUID:
    if actor.kind is not ActorKind.PERSON:
        raise NotPermitted
    return UUID(actor.id)


@get("/consent/request/{ask_id:uuid}")
async def show_sheet(
    ask_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str] | Redirect:
    sheet = await _sheet(house, page, person_of(actor), ask_id)
    if sheet.ask.decided_at is not None:
        return Redirect(f"/consent/request/{ask_id}/done", status_code=303)
    return page.render("consent/sheet.html", sheet=sheet, form=Form(), chosen=None)


@post("/consent/request/{ask_id:uuid}", status_code=303)
async def answer_sheet(
    request: AnyRequest,
    ask_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str] | Redirect:
    person_id = person_of(actor)
    form = await read_form(request)
    agreed = form.choice("answer", {"agree", "refuse"}) == "agree"
    asked = await _find_ask(house, person_id, ask_id)
    chosen = [form.values(f"items-{number}") for number in range(len(asked.details))]
    if agreed and not any(chosen):
        form.refuse("items-0", "consent.errors.nothing_chosen")
        return await _again(house, page, person_id, ask_id, form, chosen, 422)
    shown = [UUID(text) for text in form.values("notice")]
    try:
        await run(
            house.database,
            house.region.town_codes,
            lambda conn: actions.answer(
                conn,
                house,
                page.site.catalogue,
                actor,
                ask_id,
                shown,
                chosen,
                page.language.value,
                agreed=agreed,
            ),
        )
    except NoticeChanged:
        form.refuse("items-0", "consent.errors.text_changed")
        return await _again(house, page, person_id, ask_id, form, chosen, 409)
    return Redirect(f"/consent/request/{ask_id}/done", status_code=303)


async def _again(
    house: House,
    page: Page,
    person_id: UUID,
    ask_id: UUID,
    form: Form,
    chosen: Sequence[Sequence[str]],
    status: int,
) -> Response[str]:
    sheet = await _sheet(house, page, person_id, ask_id)
    return page.render(
        "consent/sheet.html", status_code=status, sheet=sheet, form=form, chosen=chosen
    )


@get("/consent/request/{ask_id:uuid}/done")
async def show_done(
    ask_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str]:
    person_id = person_of(actor)
    asked = await _find_ask(house, person_id, ask_id)
    async with house.database.transaction() as conn:
        asker = await actions.get_asker(conn, asked.service)
        records = [
            one
            for one in await store.list_of(conn, person_id)
            if one.service == asked.service
            and one.dataset in {detail.dataset for detail in asked.details}
        ]
    back = None
    if asked.return_to is not None:
        mark = "&" if "?" in asked.return_to else "?"
        back = f"{asked.return_to}{mark}{urlencode({'consent_request': str(ask_id)})}"
    return page.render(
        "consent/done.html", ask=asked, asker=asker, records=records, back=back, live=LIVE
    )


async def _find_ask(house: House, person_id: UUID, ask_id: UUID) -> Ask:
    async with house.database.transaction() as conn:
        asked = await store.find_ask(conn, person_id, ask_id)
    if asked is None:
        raise AskNotFound
    return asked


async def _sheet(house: House, page: Page, person_id: UUID, ask_id: UUID) -> Sheet:
    """The question with the person's own values, which come through the door like any others."""
    asked = await _find_ask(house, person_id, ask_id)

    async def prepare(conn: Conn) -> tuple[Caption, list[_Prepared]]:
        asker = await actions.get_asker(conn, asked.service)
        return asker, [
            await _prepare(conn, house, page, person_id, asked.service, one)
            for one in asked.details
        ]

    asker, prepared = await run(house.database, house.region.town_codes, prepare)
    parts = [
        _part(page, house, number, one, await _own_values(house, person_id, one.detail))
        for number, one in enumerate(prepared)
    ]
    return Sheet(ask=asked, asker=asker, parts=tuple(parts))


async def _prepare(
    conn: Conn, house: House, page: Page, person_id: UUID, service: str, detail: ConsentDetail
) -> _Prepared:
    notice = await actions.ensure_notice(conn, house, page.site.catalogue, service, detail)
    concerned = await actions.list_concerned(conn, house, person_id, detail.dataset)
    return _Prepared(
        detail=detail,
        dataset=actions.find_dataset(house, detail.dataset),
        purpose=actions.get_purpose(house, detail.purpose),
        notice_id=notice.notice_id,
        adults=sum(one.needs_own_basis and not one.holder for one in concerned),
    )


async def _own_values(house: House, person_id: UUID, detail: ConsentDetail) -> Disclosure | None:
    """None when they cannot be shown; the sheet then names the items without values."""
    request = DisclosureRequest(
        request_id=uuid4(),
        service="portal",
        actor=Actor(kind=ActorKind.PERSON, id=str(person_id)),
        subject=PersonSubject(person_id),
        dataset=detail.dataset,
        items=tuple(dict.fromkeys((*detail.items, "name"))),
        purpose=OWN_VIEW,
        basis=Basis.LAW,
        basis_ref=OWN_VIEW,
    )
    try:
        return await house.disclose(request)
    except Problem:
        return None


def _part(
    page: Page, house: House, number: int, one: _Prepared, own: Disclosure | None
) -> SheetPart:
    records = own.records if own is not None else ()
    mine = [record.items for record in records if not record.needs_own_basis]
    names = [record.items.get("name") for record in records if record.needs_own_basis]
    labels = {item.name: item.label for item in one.dataset.items}
    return SheetPart(
        number=number,
        notice_id=one.notice_id,
        label=one.dataset.label,
        items=tuple(
            ItemLine(name=name, label=labels[name], values=_values(page, mine, name))
            for name in one.detail.items
        ),
        others=tuple(value_text(name, page.formats) for name in names if name)
        or ("",) * one.adults,
        purpose=one.purpose,
        until=end_of(one.detail, one.purpose, house.clock.today()),
    )


def _values(page: Page, rows: Sequence[Mapping[str, Json]], name: str) -> tuple[str, ...]:
    found = [value_text(row[name], page.formats) for row in rows if row.get(name) is not None]
    return tuple(dict.fromkeys(found))


# --- what I agreed to ---


class ConsentLine(msgspec.Struct, frozen=True, kw_only=True):
    consent: ConsentRevision
    asker: Caption
    dataset_label: str
    is_live: bool


@get("/my/consents")
async def list_consents(
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str]:
    person_id = person_of(actor)
    now = house.clock.now()
    async with house.database.transaction() as conn:
        consents = await store.list_of(conn, person_id)
        asks = await store.list_open_asks(conn, person_id, now - actions.INVITATION_LASTS)
        services = {*(one.service for one in consents), *(one.service for one in asks)}
        captions = await access.list_captions(conn, CaptionKind.SERVICE, services)
        askers = {
            service: captions.get(service) or await actions.get_asker(conn, service)
            for service in services
        }
    lines = [
        ConsentLine(
            consent=one,
            asker=askers[one.service],
            dataset_label=_label(house, one.dataset),
            is_live=permits(one, now),
        )
        for one in consents
    ]
    return page.render("consent/list.html", lines=lines, asks=asks, askers=askers)


@get("/my/consents/{record_id:uuid}")
async def show_consent(
    record_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
    withdrawn: FromQuery[bool] = False,
) -> Response[str]:
    person_id = person_of(actor)
    async with house.database.transaction() as conn:
        consents = await store.list_of(conn, person_id)
        found = next((one for one in consents if one.record_id == record_id), None)
        if found is None:
            raise ConsentNotFound
        asker = await actions.get_asker(conn, found.service)
        events = await store.list_events(conn, record_id)
        text = ""
        if found.notice_id is not None:
            text, _ = await store.get_notice_text(conn, found.notice_id, found.language)
    dataset = actions.find_dataset(house, found.dataset)
    return page.render(
        "consent/one.html",
        consent=found,
        asker=asker,
        purpose=actions.get_purpose(house, found.purpose),
        dataset_label=dataset.label,
        labels={item.name: item.label for item in dataset.items},
        events=events,
        text=text,
        is_live=permits(found, house.clock.now()),
        just_withdrawn=withdrawn,
    )


@post("/my/consents/{record_id:uuid}/withdraw", status_code=303)
async def withdraw_consent(
    record_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
) -> Redirect:
    """One press, as giving was one press."""
    person_id = person_of(actor)
    await run(
        house.database,
        (),
        lambda conn: actions.withdraw(conn, house, person_id, record_id, actor),
    )
    return Redirect(f"/my/consents/{record_id}?withdrawn=true", status_code=303)


@get("/my/consents/receipts/{entry_id:uuid}")
async def download_receipt(
    entry_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
) -> Response[str]:
    async with house.database.transaction() as conn:
        compact = await store.find_receipt(conn, person_of(actor), entry_id)
    if compact is None:
        raise ConsentNotFound
    return Response(
        compact,
        media_type="application/jose",
        headers={
            "Content-Disposition": f'attachment; filename="consent-receipt-{entry_id}.jwt"',
            "Cache-Control": "no-store",
        },
    )


def _label(house: House, ref: str) -> str:
    return actions.find_dataset(house, ref).label


PEOPLE = (
    show_sheet,
    answer_sheet,
    show_done,
    list_consents,
    show_consent,
    withdraw_consent,
    download_receipt,
)
