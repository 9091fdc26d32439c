"""May this answer leave, and whose rows of it? Pure: the facts in, the decision out."""

from collections.abc import Sequence
from typing import assert_never
from uuid import UUID

from mieone.blocks.consent import ConsentRevision, ConsentState, permits
from mieone.blocks.exchange.model import (
    ANYTHING,
    Covers,
    Decision,
    DecisionCode,
    Facts,
    Party,
    Right,
    ServiceState,
    Verdict,
)
from mieone.core.model import ActorKind
from mieone.core.ports import Basis

OFFICERS = frozenset({ActorKind.TOWN_OFFICER, ActorKind.AUTHORITY_HEAD})


def decide(facts: Facts) -> Decision:
    """Default deny: every term has to be there, and each adult's row needs its own basis."""
    right = _find_right(facts)
    refusal = _refuse_request(facts, right)
    if refusal is not None:
        return _refuse_all(facts, refusal)
    holder = next((one for one in facts.parties if one.concerned.holder), None)
    if holder is None or holder.is_protected:
        return _refuse_unseen(holder)
    assert right is not None
    items = _permitted_items(facts, right)
    verdicts = tuple(_judge(facts, one, holder, items) for one in facts.parties)
    mine = next(one for one in verdicts if one.holder)
    if mine.code is not DecisionCode.PERMIT:
        return _refuse_all(facts, mine.code)
    return Decision(code=DecisionCode.PERMIT, verdicts=verdicts)


def _find_right(facts: Facts) -> Right | None:
    """The live right for this purpose and basis; rights for other purposes do not help."""
    fitting = (
        right
        for right in facts.rights
        if right.purpose == facts.purpose and right.basis is facts.basis and right.is_live(facts.on)
    )
    named = [
        right for right in fitting if right.basis_ref is None or right.basis_ref == facts.basis_ref
    ]
    # A right for this dataset says more than one for all of ours.
    return min(named, key=lambda right: right.dataset == ANYTHING, default=None)


def _refuse_request(facts: Facts, right: Right | None) -> DecisionCode | None:
    """What is wrong with the request as a whole, before anybody's row is looked at."""
    service = facts.service
    if service is None:
        return DecisionCode.NO_RIGHT
    if service.state is not ServiceState.ACTIVE:
        return DecisionCode.SUSPENDED
    if service.towns is not None and facts.town is not None and facts.town not in service.towns:
        return DecisionCode.SUSPENDED
    if right is None:
        return _why_no_right(facts)
    if facts.actor.kind is ActorKind.SERVICE and facts.actor.id != service.service_id:
        return DecisionCode.NO_RIGHT
    if _is_beyond_border(facts):
        return DecisionCode.NO_RIGHT
    if not _permitted_items(facts, right):
        return DecisionCode.NO_RIGHT
    if not _may_act(facts):
        return DecisionCode.MANDATE_MISSING
    return None if _has_basis(facts) else DecisionCode.NO_BASIS


def _is_beyond_border(facts: Facts) -> bool:
    """An officer's authority ends at the border of the officer's towns."""
    if facts.actor.kind not in OFFICERS or facts.town is None:
        return False
    return facts.town not in facts.actor.towns


def _why_no_right(facts: Facts) -> DecisionCode:
    live = [right for right in facts.rights if right.is_live(facts.on)]
    if live and all(right.purpose != facts.purpose for right in live):
        return DecisionCode.PURPOSE_MISMATCH
    return DecisionCode.NO_RIGHT


def _permitted_items(facts: Facts, right: Right) -> tuple[str, ...]:
    granted = facts.known_items if ANYTHING in right.items else right.items
    return tuple(name for name in facts.known_items if name in facts.asked and name in granted)


def _may_act(facts: Facts) -> bool:
    """A person acts for themselves, or within a live mandate of the subject; nobody lends a mandate."""
    acts_in_person = facts.actor.kind is ActorKind.PERSON
    is_self = facts.person_id is not None and facts.actor.id == str(facts.person_id)
    if facts.mandate_ref is None:
        return is_self if acts_in_person or facts.is_own_view else True
    mandate = facts.mandate
    if mandate is None or not acts_in_person or str(mandate.agent) != facts.actor.id:
        return False
    if not mandate.valid_from <= facts.at < mandate.valid_until:
        return False
    principals = {one.subject_id for one in facts.parties if one.concerned.holder}
    reaches = mandate.principal in principals or mandate.principal == facts.person_id
    return reaches and (facts.purpose in mandate.scope or ANYTHING in mandate.scope)


def _has_basis(facts: Facts) -> bool:
    match facts.basis:
        case Basis.OPT_IN:
            return True  # Each adult's consent is looked at with their row.
        case Basis.LAW:
            # The law speaks to the town. Whoever works for it needs the town's entrustment.
            if facts.actor.kind is ActorKind.ASSOCIATION:
                return False
            law = facts.law
            fits = law is not None and law.basis is Basis.LAW and facts.purpose in law.purposes
            return fits and law is not None and law.is_live(facts.on)
        case Basis.ENTRUSTMENT:
            return facts.is_entrusted
        case Basis.EMERGENCY:
            declared = facts.emergency
            return (
                declared is not None
                and facts.actor.kind in OFFICERS
                and declared.officer == facts.actor.id
                and declared.valid_from <= facts.at < declared.valid_until
                and bool(declared.reason.strip())
            )
        case _:
            assert_never(facts.basis)


def _judge(facts: Facts, party: Party, holder: Party, items: tuple[str, ...]) -> Verdict:
    if party.is_protected:
        return _verdict(party, DecisionCode.UNAVAILABLE)
    if facts.basis is Basis.OPT_IN:
        own = party if party.concerned.holder or party.concerned.needs_own_basis else holder
        return _judge_by_consent(facts, party, own.consent, items)
    reaches_all = facts.basis is not Basis.LAW or (
        facts.law is not None and facts.law.covers is Covers.EVERYONE
    )
    if party.concerned.holder or not party.concerned.needs_own_basis or reaches_all:
        return _verdict(party, DecisionCode.PERMIT, items)
    return _verdict(party, DecisionCode.NO_BASIS)


def _judge_by_consent(
    facts: Facts, party: Party, consent: ConsentRevision | None, items: tuple[str, ...]
) -> Verdict:
    if consent is None:
        return _verdict(party, DecisionCode.NO_CONSENT)
    if not permits(consent, facts.at):
        return _verdict(party, _why_not(consent), (), consent)
    agreed = tuple(name for name in items if name in consent.items)
    if not agreed:
        return _verdict(party, DecisionCode.NO_CONSENT, (), consent)
    return _verdict(party, DecisionCode.PERMIT, agreed, consent)


def _why_not(consent: ConsentRevision) -> DecisionCode:
    match consent.state:
        case ConsentState.WITHDRAWN | ConsentState.INVALIDATED | ConsentState.ENDED_BY_CONTROLLER:
            return DecisionCode.WITHDRAWN
        case (
            ConsentState.GIVEN
            | ConsentState.RECONSENT_REQUESTED
            | ConsentState.EXPIRED
            | ConsentState.SUPERSEDED
        ):
            return DecisionCode.EXPIRED
        case ConsentState.REQUESTED | ConsentState.REFUSED:
            return DecisionCode.NO_CONSENT
        case _:
            assert_never(consent.state)


def _verdict(
    party: Party,
    code: DecisionCode,
    items: tuple[str, ...] = (),
    consent: ConsentRevision | None = None,
) -> Verdict:
    return Verdict(
        subject_id=party.subject_id,
        code=code,
        key=party.concerned.key,
        holder=party.concerned.holder,
        person_id=party.concerned.person_id,
        needs_own_basis=party.concerned.needs_own_basis,
        items=items,
        consent=consent,
    )


def _refuse_all(facts: Facts, code: DecisionCode) -> Decision:
    holder = next((one for one in facts.parties if one.concerned.holder), None)
    if holder is not None and holder.is_protected:
        return Decision(code=code, verdicts=(_verdict(holder, code),))
    verdicts = tuple(_verdict(one, code, (), one.consent) for one in facts.parties)
    return Decision(code=code, verdicts=verdicts)


def _refuse_unseen(holder: Party | None) -> Decision:
    """Only the protected person's own record tells of it: a relative's would give them away."""
    code = DecisionCode.UNAVAILABLE
    return Decision(code=code, verdicts=() if holder is None else (_verdict(holder, code),))


def concerned_adults(parties: Sequence[Party]) -> list[UUID]:
    """Whose consent has to be looked at, in the order in which it is locked."""
    return sorted(
        {
            one.concerned.person_id
            for one in parties
            if one.concerned.person_id is not None
            and not one.is_protected
            and (one.concerned.holder or one.concerned.needs_own_basis)
        }
    )
