"""Questions to a person: recorded, shown as a sheet, answered once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from mieone.blocks import identity
from mieone.blocks.consent import store
from mieone.blocks.consent.model import Ask, Decision, Notice, Scope
from mieone.blocks.consent.problems import NoticeChanged
from mieone.blocks.consent.rules.states import covers
from mieone.blocks.consent.rules.wording import end_of
from mieone.blocks.identity import PersonNotActive
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor, SubjectId
from mieone.core.ports import Concerned, ConsentDetail, Note
from mieone.web.catalogue import Catalogue

from .deciding import give, refuse
from .notices import ensure_notice, find_dataset, get_asker, get_purpose

INVITATION_LASTS = timedelta(days=30)


async def ask(
    conn: Conn,
    house: House,
    person_id: UUID,
    service: str,
    details: Sequence[ConsentDetail],
    return_to: str | None,
    invited_by: UUID | None = None,
) -> Ask:
    for detail in details:
        _check_known(house, detail)
    made = Ask(
        ask_id=uuid7(),
        person_id=person_id,
        service=service,
        details=tuple(_whole(house, detail) for detail in details),
        return_to=return_to,
        invited_by=invited_by,
        asked_at=house.clock.now(),
        decided_at=None,
        granted=None,
    )
    await store.record_ask(conn, made)
    return made


def _check_known(house: House, detail: ConsentDetail) -> None:
    find_dataset(house, detail.dataset)
    get_purpose(house, detail.purpose)


def _whole(house: House, detail: ConsentDetail) -> ConsentDetail:
    """No items named means all of them; unknown ones are nobody's to give."""
    known = [item.name for item in find_dataset(house, detail.dataset).items]
    asked = [name for name in known if not detail.items or name in detail.items]
    return msgspec.structs.replace(detail, items=tuple(asked))


async def answer(
    conn: Conn,
    house: House,
    catalogue: Catalogue,
    actor: Actor,
    ask_id: UUID,
    shown: Sequence[UUID],
    chosen: Sequence[Sequence[str]],
    language: str,
    *,
    agreed: bool,
) -> Ask:
    """The person's decision about all parts of one sheet. Answering twice changes nothing."""
    person_id = UUID(actor.id)
    asked = await store.lock_ask(conn, person_id, ask_id)
    if asked.decided_at is not None:
        return asked
    granted = False
    for number, detail in enumerate(asked.details):
        notice = await ensure_notice(conn, house, catalogue, asked.service, detail)
        # What is agreed to is what was shown, to the letter.
        if number >= len(shown) or shown[number] != notice.notice_id:
            raise NoticeChanged
        ticked = set(chosen[number]) if agreed and number < len(chosen) else set()
        decision = _decision(house, actor, detail, notice, ticked, language)
        scope = _scope(person_id, asked.service, detail)
        if decision.items:
            await give(conn, house, scope, decision)
            granted = True
        else:
            await refuse(conn, house, scope, decision)
    await store.record_answer(conn, ask_id, house.clock.now(), granted=granted)
    if granted and asked.invited_by is None:
        for detail in asked.details:
            await invite_adults(conn, house, person_id, asked.service, detail)
    return msgspec.structs.replace(asked, decided_at=house.clock.now(), granted=granted)


def _scope(person_id: UUID, service: str, detail: ConsentDetail) -> Scope:
    return Scope(
        person_id=person_id, service=service, dataset=detail.dataset, purpose=detail.purpose
    )


def _decision(
    house: House,
    actor: Actor,
    detail: ConsentDetail,
    notice: Notice,
    ticked: set[str],
    language: str,
) -> Decision:
    return Decision(
        items=tuple(name for name in detail.items if name in ticked),
        excluded=tuple(name for name in detail.items if name not in ticked),
        notice_id=notice.notice_id,
        language=language,
        valid_until=end_of(detail, get_purpose(house, detail.purpose), house.clock.today()),
        actor=actor,
    )


async def list_concerned(
    conn: Conn, house: House, person_id: UUID, dataset_ref: str
) -> Sequence[Concerned]:
    """Who appears in a dataset beside this person; protected people do not exist here."""
    dataset = find_dataset(house, dataset_ref)
    try:
        holder = await identity.pairwise_id(conn, dataset.provider, person_id)
    except PersonNotActive:
        return ()
    everybody = await dataset.concerned(conn, holder)
    named = {one.subject_id for one in everybody}
    named |= {SubjectId(one.person_id) for one in everybody if one.person_id is not None}
    hidden = await identity.is_protected(conn, named, house.clock.now())
    seen = [one for one in everybody if not {one.subject_id, one.person_id} & hidden]
    return seen if any(one.holder for one in seen) else ()


async def invite_adults(
    conn: Conn, house: House, person_id: UUID, service: str, detail: ConsentDetail
) -> int:
    """Other adults of the household are asked for their own agreement, each for their own row."""
    invited = 0
    asker = await get_asker(conn, service)
    for one in await list_concerned(conn, house, person_id, detail.dataset):
        if one.holder or not one.needs_own_basis or one.person_id is None:
            continue
        if not await _needs_asking(conn, house, one.person_id, service, detail):
            continue
        made = await ask(conn, house, one.person_id, service, [detail], None, invited_by=person_id)
        note = Note(
            key=f"consent.invitation:{made.ask_id}",
            person_id=one.person_id,
            message="consent.notes.invitation",
            values={"service": asker.name.ja},
            link=f"/consent/request/{made.ask_id}",
        )
        await house.notify.send(conn, note)
        invited += 1
    return invited


async def _needs_asking(
    conn: Conn, house: House, person_id: UUID, service: str, detail: ConsentDetail
) -> bool:
    now = house.clock.now()
    known = await store.find_scope(conn, _scope(person_id, service, detail))
    if known is not None and (known.revision > 0 or covers(known, detail.items, now)):
        # Decided before, yes or no: nobody is pressed a second time through a relative.
        return False
    opened = await store.list_open_asks(conn, person_id, now - INVITATION_LASTS)
    return not any(
        asked.service == service and detail.dataset in {one.dataset for one in asked.details}
        for asked in opened
    )
