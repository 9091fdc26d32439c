"""Giving, refusing, withdrawing and ending: one event, one new revision, one receipt."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey

from mieone.blocks.consent import store
from mieone.blocks.consent.model import (
    ConsentEventKind,
    ConsentRevision,
    ConsentState,
    Decision,
    Notice,
    Scope,
)
from mieone.blocks.consent.problems import NothingChosen
from mieone.blocks.consent.rules import receipts
from mieone.blocks.consent.rules.receipts import ReceiptFacts
from mieone.blocks.consent.rules.states import LIVE, next_state, permits
from mieone.core import chain
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import Actor, system_actor
from mieone.core.outbox import Event, publish

from .notices import find_dataset, get_asker, get_purpose

RECEIPT_KEY = "consent-receipt"


async def lock_consents(
    conn: Conn, person_ids: Collection[UUID], service: str, dataset: str, purpose: str
) -> Mapping[UUID, ConsentRevision]:
    """For the door: whatever these people decided, held against change until the transaction ends."""
    return await store.lock_shared(conn, person_ids, service, dataset, purpose)


async def lock_given(
    conn: Conn, person_id: UUID, service: str, dataset: str, purpose: str, at: datetime
) -> ConsentRevision | None:
    """The person's consent if it permits now, held FOR SHARE; None otherwise."""
    found = (await store.lock_shared(conn, [person_id], service, dataset, purpose)).get(person_id)
    return found if found is not None and permits(found, at) else None


async def give(conn: Conn, house: House, scope: Scope, decision: Decision) -> ConsentRevision:
    """Record an agreement; one that lives already is confirmed anew with what was chosen now."""
    if not decision.items:
        raise NothingChosen
    before = await store.lock_or_open(conn, scope, house.clock.now())
    kind = ConsentEventKind.RECONFIRMED if before.state in LIVE else ConsentEventKind.GIVEN
    after = msgspec.structs.replace(
        before,
        items=decision.items,
        excluded=decision.excluded,
        notice_id=decision.notice_id,
        language=decision.language,
        valid_until=decision.valid_until,
        reconsent_by=None,
    )
    changed = await _record(conn, house, after, kind, decision.actor, decision.mandate_id)
    await _tell(conn, "consent.given", changed)
    return changed


async def refuse(conn: Conn, house: House, scope: Scope, decision: Decision) -> ConsentRevision:
    """A no, kept with the text it answers. A consent that lives is untouched by it."""
    before = await store.lock_or_open(conn, scope, house.clock.now())
    if before.state in LIVE:
        return before
    after = msgspec.structs.replace(
        before,
        items=(),
        excluded=(*decision.items, *decision.excluded),
        notice_id=decision.notice_id,
        language=decision.language,
        valid_until=None,
        reconsent_by=None,
    )
    return await _record(
        conn, house, after, ConsentEventKind.REFUSED, decision.actor, decision.mandate_id
    )


async def withdraw(
    conn: Conn, house: House, person_id: UUID, record_id: UUID, actor: Actor
) -> ConsentRevision:
    """Effective with the commit: the door's next look at this row says no."""
    before = await store.lock_record(conn, person_id, record_id)
    changed = await _record(conn, house, before, ConsentEventKind.WITHDRAWN, actor, None)
    await _tell(conn, "consent.withdrawn", changed)
    return changed


async def withdraw_all(conn: Conn, house: House, person_id: UUID, actor: Actor) -> int:
    """Leaving ends every consent that lives, however many: lists are bounded, leaving is not."""
    ended = 0
    while living := [one for one in await store.list_of(conn, person_id) if one.state in LIVE]:
        for item in sorted(living, key=lambda one: one.record_id):
            await withdraw(conn, house, person_id, item.record_id, actor)
        ended += len(living)
    return ended


async def request_reconsent(
    conn: Conn, house: House, notice: Notice, deadline: datetime, limit: int = 500
) -> int:
    """The text changed: everybody under an older one is asked, and told until when it still counts."""
    olders = await store.list_under_older_notice(conn, notice, limit)
    kind = ConsentEventKind.RECONSENT_REQUESTED
    for before in olders:
        after = msgspec.structs.replace(before, reconsent_by=deadline)
        changed = await _record(conn, house, after, kind, system_actor("consent.reconsent"), None)
        await _tell(conn, "consent.reconsent_requested", changed)
    return len(olders)


async def end_due(conn: Conn, house: House, limit: int = 500) -> int:
    """Record as expired what time has ended; the door stopped honouring it at that moment."""
    ending = await store.list_ending(conn, house.clock.now(), limit)
    for before in ending:
        changed = await _record(
            conn, house, before, ConsentEventKind.EXPIRED, system_actor("consent.end_due"), None
        )
        await _tell(conn, "consent.expired", changed)
    return len(ending)


async def _record(
    conn: Conn,
    house: House,
    consent: ConsentRevision,
    kind: ConsentEventKind,
    actor: Actor,
    mandate_id: UUID | None,
) -> ConsentRevision:
    """Append the event and make the row say what the events say."""
    now = house.clock.now()
    first = consent.revision == 0 and consent.state is ConsentState.REQUESTED
    state = next_state(None if first else consent.state, kind)
    changed = msgspec.structs.replace(
        consent, state=state, revision=consent.revision + 1, changed_at=now
    )
    text, digest = "", b""
    if changed.notice_id is not None:
        text, digest = await store.get_notice_text(conn, changed.notice_id, changed.language)
    values = _event_values(changed, kind, actor, mandate_id, digest or None)
    await store.change_record(conn, changed)
    entry_id = await chain.append(conn, house.keyring, store.CHAIN, values)
    if digest:
        body = chain.canonical(store.CHAIN, entry_id, values)
        facts = await _receipt_facts(conn, house, changed, kind, actor, mandate_id, text, digest)
        facts = msgspec.structs.replace(facts, event_sha256=hashlib.sha256(body).digest())
        compact = sign_receipt(house, facts)
        await store.record_receipt(
            conn, facts.receipt_id, entry_id, changed.record_id, compact, now
        )
    return changed


def _event_values(
    consent: ConsentRevision,
    kind: ConsentEventKind,
    actor: Actor,
    mandate_id: UUID | None,
    notice_sha256: bytes | None,
) -> dict[str, object]:
    return {
        "record_id": consent.record_id,
        "revision": consent.revision,
        "at": consent.changed_at,
        "kind": kind.value,
        "service": consent.service,
        "dataset": consent.dataset,
        "purpose": consent.purpose,
        "items": list(consent.items),
        "excluded": list(consent.excluded),
        "notice_id": consent.notice_id,
        "notice_sha256": notice_sha256,
        "language": consent.language,
        "valid_until": consent.valid_until,
        "reconsent_by": consent.reconsent_by,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "mandate_id": mandate_id,
    }


async def _receipt_facts(
    conn: Conn,
    house: House,
    consent: ConsentRevision,
    kind: ConsentEventKind,
    actor: Actor,
    mandate_id: UUID | None,
    text: str,
    digest: bytes,
) -> ReceiptFacts:
    return ReceiptFacts(
        receipt_id=uuid4(),
        pseudonym=uuid4(),
        issuer=house.settings.machines_origin,
        event=kind,
        consent=consent,
        notice_text=text,
        notice_sha256=digest,
        event_sha256=b"",
        asker=await get_asker(conn, consent.service),
        provider=find_dataset(house, consent.dataset).provider,
        purpose=get_purpose(house, consent.purpose),
        association=house.region.association,
        actor_kind=actor.kind,
        mandate_id=mandate_id,
        at=consent.changed_at,
    )


def sign_receipt(house: House, facts: ReceiptFacts) -> str:
    """A JWS that anybody can check offline with the published keys."""
    key_id, private = house.keyring.es256(RECEIPT_KEY)[0]
    header = {"alg": "ES256", "typ": receipts.TYPE, "kid": key_id}
    payload = msgspec.json.encode(receipts.write_receipt(facts))
    return jws.serialize_compact(header, payload, ECKey.import_key(private), ["ES256"])


async def _tell(conn: Conn, name: str, consent: ConsentRevision) -> None:
    await publish(
        conn,
        Event(
            name=name,
            key=str(consent.person_id),
            payload={
                "person_id": str(consent.person_id),
                "record_id": str(consent.record_id),
                "service": consent.service,
                "dataset": consent.dataset,
                "purpose": consent.purpose,
                "items": list(consent.items),
                "revision": consent.revision,
                "at": consent.changed_at.isoformat(),
            },
        ),
    )
