"""The one door. Decide and record, ask, cut, check again and record, release — in this order."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar, assert_never
from uuid import UUID

import msgspec
import structlog

from mieone.blocks import access, consent
from mieone.blocks.exchange import store
from mieone.blocks.exchange.model import (
    Decision,
    DecisionCode,
    Facts,
    LegalBasis,
    Mandate,
    Outcome,
    Party,
    People,
    Verdict,
)
from mieone.blocks.exchange.problems import NotAnswered, Refused
from mieone.blocks.exchange.rules.cut import cut, digest_of
from mieone.blocks.exchange.rules.decide import concerned_adults, decide
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import SubjectId, TownCode
from mieone.core.ports import (
    Basis,
    Concerned,
    Dataset,
    Disclosure,
    DisclosureRequest,
    PersonSubject,
    ProvidedRow,
    ProvideRequest,
    ResidentSubject,
)
from mieone.core.problems import Refusal

from . import trace
from .trace import Trace

T = TypeVar("T")
Ends: TypeAlias = Mapping[UUID, tuple[Outcome, tuple[str, ...]]]
"""How each subject's permit ended, and which items left."""
log = structlog.get_logger()


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """What the first transaction leaves for the second: committed, and counting as disclosed."""

    decision: Decision
    dataset: Dataset
    holder: str | ResidentSubject
    """The provider's own name for the person."""
    refs: Mapping[UUID, str]
    """The receiver's name for the holder."""
    entry_ids: Mapping[UUID, UUID]
    """Subject to the entry that permits."""
    trace: Trace


class Door:
    """core's `Disclose`. Holds no state but where things are; safe in any number of tasks."""

    def __init__(self, house: House, people: People) -> None:
        self._house = house
        self._people = people
        self._datasets = {
            dataset.ref: dataset for block in house.blocks for dataset in block.datasets
        }
        self._purposes = consent.load_purposes(house.region)

    async def __call__(self, request: DisclosureRequest) -> Disclosure:
        """Raises Refused or NotAnswered, each after it is on record."""
        permit = await self._in_transaction(lambda conn: self._permit(conn, request))
        rows = await self._ask(permit)
        return await self._in_transaction(lambda conn: self._conclude(conn, request, permit, rows))

    async def _in_transaction(self, act: Callable[[Conn], Awaitable[T | Refusal]]) -> T:
        # Datasets look for people in every town; whose rows may leave is decided here, not there.
        return await run(self._house.database, self._house.region.town_codes, act)

    # --- 1: decide and record ---

    async def _permit(self, conn: Conn, request: DisclosureRequest) -> Permit | Refusal:
        dataset = self._datasets.get(request.dataset)
        holder, parties = await self._find_parties(conn, request, dataset)
        facts = await self._read_facts(conn, request, dataset, parties)
        decision = decide(facts)
        made = trace.start(request, dataset, facts, self._house.clock.now())
        entry_ids = await trace.record_decision(conn, self._house.keyring, made, decision)
        if decision.code is not DecisionCode.PERMIT or dataset is None or holder is None:
            # The code stays in the record and in this line; the caller hears one word for all.
            log.info("disclosure_refused", service=request.service, code=decision.code)
            return Refusal(Refused(request_id=str(request.request_id)))
        assert facts.service is not None
        refs = await self._receiver_refs(conn, facts.service.sector, decision)
        return Permit(
            decision=decision,
            dataset=dataset,
            holder=holder,
            refs=refs,
            entry_ids=entry_ids,
            trace=made,
        )

    async def _find_parties(
        self, conn: Conn, request: DisclosureRequest, dataset: Dataset | None
    ) -> tuple[str | ResidentSubject | None, list[Party]]:
        """Everybody in the answer, with protection flags; the subject alone where nobody is known."""
        if dataset is None:
            return None, []
        holder: str | ResidentSubject
        match request.subject:
            case PersonSubject(person_id=person_id):
                known = await self._people.pairwise_id(conn, dataset.provider, person_id)
                if known is None:
                    return None, []
                holder = known
            case ResidentSubject() as resident:
                holder = resident
        everybody = list(await dataset.concerned(conn, holder))
        hidden = await self._hidden(conn, everybody, request)
        parties = [Party(concerned=one, is_protected=one.subject_id in hidden) for one in everybody]
        return holder, parties

    async def _hidden(
        self, conn: Conn, everybody: Sequence[Concerned], request: DisclosureRequest
    ) -> frozenset[UUID]:
        """Protected under any id a human being has: the Mie-ID's or the register's."""
        by_id: dict[UUID, UUID] = {}
        for one in everybody:
            by_id[one.subject_id] = one.subject_id
            if one.person_id is not None:
                by_id[one.person_id] = one.subject_id
            if one.holder:
                by_id[_subject_id(request)] = one.subject_id
        if not by_id:
            return frozenset()
        found = await self._people.is_protected(conn, list(by_id), self._house.clock.now())
        return frozenset(by_id[flagged] for flagged in found if flagged in by_id)

    async def _read_facts(
        self,
        conn: Conn,
        request: DisclosureRequest,
        dataset: Dataset | None,
        parties: Sequence[Party],
    ) -> Facts:
        service, rights = await store.list_terms(conn, request.service, request.dataset)
        known = tuple(item.name for item in dataset.items) if dataset else ()
        subject = request.subject
        now = self._house.clock.now()
        purpose = self._purposes.get(request.purpose)
        facts = Facts(
            at=now,
            on=self._house.clock.today(),
            actor=request.actor,
            person_id=subject.person_id if isinstance(subject, PersonSubject) else None,
            town=_town_of(subject, parties),
            service=service,
            rights=rights,
            purpose=request.purpose,
            is_own_view=purpose is not None and purpose.own_view,
            basis=request.basis,
            basis_ref=request.basis_ref,
            asked=request.items,
            known_items=known,
            mandate_ref=request.on_behalf_of,
            parties=parties,
        )
        if request.on_behalf_of is not None:
            mandate = await self._find_mandate(conn, request, facts)
            facts = msgspec.structs.replace(facts, mandate=mandate)
        return await self._with_basis(conn, request, facts)

    async def _find_mandate(
        self, conn: Conn, request: DisclosureRequest, facts: Facts
    ) -> Mandate | None:
        """The named one, if the actor holds it for the subject under any id the subject has."""
        agent = _uuid(request.actor.id)
        if agent is None:
            return None
        holders = {one.subject_id for one in facts.parties if one.concerned.holder}
        for principal in sorted(holders | {_subject_id(request)}):
            for mandate in await self._people.list_mandates(conn, agent, principal, facts.at):
                if mandate.mandate_id == request.on_behalf_of:
                    return mandate
        return None

    async def _with_basis(self, conn: Conn, request: DisclosureRequest, facts: Facts) -> Facts:
        ref = request.basis_ref
        match request.basis:
            case Basis.OPT_IN:
                parties = await self._with_consents(conn, request, facts.parties)
                return msgspec.structs.replace(facts, parties=parties)
            case Basis.LAW:
                law: LegalBasis | None = await store.find_legal_basis(conn, ref) if ref else None
                return msgspec.structs.replace(facts, law=law)
            case Basis.ENTRUSTMENT:
                organisation = request.actor.organisation
                entrusted = ref is not None and await self._people.is_entrusted(
                    conn, ref, organisation, facts.town, facts.on
                )
                return msgspec.structs.replace(facts, is_entrusted=entrusted)
            case Basis.EMERGENCY:
                emergency_id = _uuid(ref)
                declared = await store.find_emergency(conn, emergency_id) if emergency_id else None
                return msgspec.structs.replace(facts, emergency=declared)
            case _:
                assert_never(request.basis)

    async def _with_consents(
        self, conn: Conn, request: DisclosureRequest, parties: Sequence[Party]
    ) -> list[Party]:
        given = await consent.lock_consents(
            conn, concerned_adults(parties), request.service, request.dataset, request.purpose
        )
        return [
            msgspec.structs.replace(one, consent=given.get(one.concerned.person_id))
            if one.concerned.person_id is not None
            else one
            for one in parties
        ]

    async def _receiver_refs(
        self, conn: Conn, sector: str, decision: Decision
    ) -> Mapping[UUID, str]:
        refs: dict[UUID, str] = {}
        for one in decision.permitted:
            if one.holder and one.person_id is not None:
                ref = await self._people.pairwise_id(conn, sector, one.person_id)
                refs |= {one.subject_id: ref} if ref is not None else {}
        return refs

    # --- 2: ask the provider, holding nothing ---

    async def _ask(self, permit: Permit) -> Sequence[ProvidedRow] | None:
        """None when the provider failed or was too slow; a cancelled task leaves the permit as it is."""
        permitted = permit.decision.permitted
        items = {name for one in permitted for name in one.items}
        question = ProvideRequest(
            holder=permit.holder,
            keys=tuple(one.key for one in permitted if one.key is not None),
            items=tuple(item.name for item in permit.dataset.items if item.name in items),
            towns=self._house.region.town_codes,
        )
        try:
            async with asyncio.timeout(permit.dataset.timeout_s):
                return await permit.dataset.provide(question)
        except Exception as error:
            log.warning("provider_failed", dataset=permit.dataset.ref, kind=type(error).__name__)
            return None

    # --- 3 and 4: cut, check again, record ---

    async def _conclude(
        self,
        conn: Conn,
        request: DisclosureRequest,
        permit: Permit,
        rows: Sequence[ProvidedRow] | None,
    ) -> Disclosure | Refusal:
        if rows is None:
            ends: Ends = {one.subject_id: (Outcome.FAILED, ()) for one in permit.decision.permitted}
            await self._record_outcomes(conn, permit, ends, None)
            return Refusal(NotAnswered(request_id=str(request.request_id)))
        standing = await self._still_standing(conn, request, permit)
        if not any(one.holder for one in standing):
            standing = []
        released, records = cut(standing, rows, permit.refs)
        disclosure = Disclosure(
            request_id=request.request_id,
            dataset=request.dataset,
            records=records,
            as_of=self._house.clock.now(),
        )
        ends = {
            one.subject_id: (Outcome.RELEASED, released[one.subject_id])
            if one.subject_id in released
            else (Outcome.WITHDRAWN_IN_FLIGHT, ())
            for one in permit.decision.permitted
        }
        await self._record_outcomes(conn, permit, ends, digest_of(disclosure))
        if not standing:
            return Refusal(Refused(request_id=str(request.request_id)))
        return disclosure

    async def _still_standing(
        self, conn: Conn, request: DisclosureRequest, permit: Permit
    ) -> list[Verdict]:
        """Whose row may still leave: consents are read again, and so is the protection flag."""
        permitted = permit.decision.permitted
        ids = [SubjectId(one.subject_id) for one in permitted]
        ids += [SubjectId(one.person_id) for one in permitted if one.person_id is not None]
        hidden = await self._people.is_protected(conn, ids, self._house.clock.now())
        seen = [one for one in permitted if not {one.subject_id, one.person_id} & hidden]
        if request.basis is not Basis.OPT_IN:
            return seen
        relied_on = {one.consent.person_id for one in seen if one.consent is not None}
        given = await consent.lock_consents(
            conn, relied_on, request.service, request.dataset, request.purpose
        )
        standing = [_again(one, given, self._house) for one in seen]
        return [one for one in standing if one.items]

    async def _record_outcomes(
        self,
        conn: Conn,
        permit: Permit,
        ends: Ends,
        digest: bytes | None,
    ) -> None:
        rows = trace.outcome_rows(
            permit.trace, permit.decision, permit.entry_ids, ends, digest, self._house.clock.now()
        )
        await access.record_many(conn, self._house.keyring, rows)


def _again(
    verdict: Verdict, given: Mapping[UUID, consent.ConsentRevision], house: House
) -> Verdict:
    """The verdict under the consent as it is now: narrowed, or emptied when it no longer permits."""
    relied_on = given.get(verdict.consent.person_id) if verdict.consent is not None else None
    if relied_on is None or not consent.permits(relied_on, house.clock.now()):
        return msgspec.structs.replace(verdict, items=())
    items = tuple(name for name in verdict.items if name in relied_on.items)
    return msgspec.structs.replace(verdict, items=items)


def _subject_id(request: DisclosureRequest) -> UUID:
    match request.subject:
        case PersonSubject(person_id=person_id):
            return person_id
        case ResidentSubject(resident_id=resident_id):
            return resident_id


def _town_of(subject: PersonSubject | ResidentSubject, parties: Sequence[Party]) -> TownCode | None:
    """Whose register is asked: named by the request, or the one the person is linked to."""
    if isinstance(subject, ResidentSubject):
        return subject.town
    return next((one.concerned.town for one in parties if one.concerned.holder), None)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
