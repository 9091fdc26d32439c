"""Default deny, over everything that could be said at the door."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from mieone.blocks.consent import ConsentRevision, ConsentState, permits
from mieone.blocks.exchange.model import (
    Covers,
    DecisionCode,
    Emergency,
    Facts,
    LegalBasis,
    Mandate,
    Party,
    Right,
    RightState,
    Service,
    ServiceState,
)
from mieone.blocks.exchange.rules.cut import cut
from mieone.blocks.exchange.rules.decide import decide
from mieone.core.model import Actor, ActorKind, SubjectId
from mieone.core.ports import Basis, Concerned, ProvidedRow

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
KNOWN = ("name", "birth_on", "address")
PERSON, SPOUSE, CHILD = uuid4(), uuid4(), uuid4()

item_sets = st.lists(st.sampled_from((*KNOWN, "income")), min_size=1, unique=True).map(tuple)
bases = st.sampled_from(Basis)
codes = st.sampled_from(DecisionCode)


@st.composite
def consents(draw: st.DrawFn, person_id: UUID) -> ConsentRevision | None:
    if draw(st.booleans()):
        return None
    return ConsentRevision(
        record_id=uuid4(),
        person_id=person_id,
        service="nursery",
        dataset="household@1",
        purpose="booking",
        state=draw(st.sampled_from(ConsentState)),
        revision=draw(st.integers(1, 9)),
        items=draw(item_sets),
        excluded=(),
        notice_id=uuid4(),
        language="ja",
        valid_until=draw(st.sampled_from([None, NOW, NOW + timedelta(days=1)])),
        reconsent_by=draw(st.sampled_from([None, NOW, NOW + timedelta(days=1)])),
        changed_at=NOW,
    )


@st.composite
def parties(draw: st.DrawFn) -> list[Party]:
    found = []
    for subject_id, holder, own in (
        (PERSON, True, False),
        (SPOUSE, False, True),
        (CHILD, False, False),
    ):
        if not draw(st.integers(0, 5)):
            continue
        concerned = Concerned(
            subject_id=SubjectId(subject_id),
            person_id=None if subject_id == CHILD else subject_id,
            key=str(subject_id),
            holder=holder,
            needs_own_basis=own,
        )
        found.append(
            Party(
                concerned=concerned,
                is_protected=draw(st.integers(0, 4)) == 0,
                consent=draw(consents(subject_id)),
            )
        )
    return found


@st.composite
def rights(draw: st.DrawFn) -> Right:
    return Right(
        right_id=uuid4(),
        service="nursery",
        dataset="household@1",
        items=draw(st.sampled_from([("*",), KNOWN, ("name",), ("address", "name")])),
        purpose=draw(st.sampled_from(["booking", "booking", "other"])),
        basis=draw(bases),
        basis_ref=draw(st.sampled_from([None, None, "law-1"])),
        state=draw(st.sampled_from([RightState.ACTIVE, RightState.ACTIVE, RightState.REVOKED])),
        valid_from=draw(st.sampled_from([TODAY, TODAY + timedelta(days=1)])),
        valid_until=draw(st.sampled_from([None, TODAY + timedelta(days=1)])),
    )


@st.composite
def all_facts(draw: st.DrawFn) -> Facts:
    kinds = [ActorKind.SERVICE, ActorKind.PERSON, ActorKind.TOWN_OFFICER, ActorKind.ASSOCIATION]
    kind = draw(st.sampled_from(kinds))
    actor_id = draw(st.sampled_from([str(PERSON), str(SPOUSE), "nursery", "post-1"]))
    mandate = Mandate(
        mandate_id=uuid4(),
        principal=draw(st.sampled_from([PERSON, SPOUSE])),
        agent=SPOUSE,
        scope=draw(st.sampled_from([frozenset({"booking"}), frozenset({"other"})])),
        valid_from=NOW,
        valid_until=draw(st.sampled_from([NOW, NOW + timedelta(days=1)])),
    )
    law = LegalBasis(
        basis_id="law-1",
        basis=draw(st.sampled_from([Basis.LAW, Basis.EMERGENCY])),
        purposes=draw(st.sampled_from([("booking",), ("other",)])),
        covers=draw(st.sampled_from(Covers)),
        citation="",
        verified=False,
        valid_from=draw(st.sampled_from([TODAY, TODAY + timedelta(days=1)])),
        valid_until=None,
    )
    emergency = Emergency(
        emergency_id=uuid4(),
        officer=draw(st.sampled_from(["post-1", "post-2"])),
        organisation="town",
        reason=draw(st.sampled_from(["地震で倒れた家の中にいるため", "  "])),
        valid_from=NOW,
        valid_until=draw(st.sampled_from([NOW, NOW + timedelta(hours=1)])),
    )
    service = Service(
        service_id="nursery",
        sector="nursery",
        organisation="o",
        is_own=False,
        state=draw(st.sampled_from([ServiceState.ACTIVE] * 3 + [ServiceState.SUSPENDED])),
    )
    has_mandate = draw(st.booleans())
    return Facts(
        at=NOW,
        on=TODAY,
        actor=Actor(kind=kind, id=actor_id),
        person_id=PERSON,
        town=None,
        service=draw(st.sampled_from([service, service, service, None])),
        rights=draw(st.lists(rights(), max_size=3)),
        purpose="booking",
        is_own_view=draw(st.booleans()),
        basis=draw(bases),
        basis_ref=draw(st.sampled_from([None, "law-1"])),
        asked=draw(item_sets),
        known_items=KNOWN,
        mandate_ref=mandate.mandate_id if has_mandate else None,
        mandate=mandate if has_mandate else None,
        law=draw(st.sampled_from([None, law, law])),
        is_entrusted=draw(st.booleans()),
        emergency=draw(st.sampled_from([None, emergency, emergency])),
        parties=draw(parties()),
    )


@settings(max_examples=150, deadline=None)
@for_all(facts=all_facts())
def test_every_term_is_there_when_something_is_permitted(facts: Facts) -> None:
    decision = decide(facts)
    if decision.code is not DecisionCode.PERMIT:
        assert decision.permitted == ()
        return

    assert facts.service is not None
    assert facts.service.state is ServiceState.ACTIVE
    fitting = [
        right
        for right in facts.rights
        if right.is_live(facts.on)
        and right.purpose == facts.purpose
        and right.basis is facts.basis
        and right.basis_ref in (None, facts.basis_ref)
    ]
    granted = {name for right in fitting for name in right.items}
    assert fitting
    if facts.actor.kind is ActorKind.PERSON:
        assert facts.actor.id == str(facts.person_id) or facts.mandate_ref is not None
    for verdict in decision.permitted:
        assert set(verdict.items) <= set(facts.asked) & set(facts.known_items)
        assert verdict.items
        assert "*" in granted or set(verdict.items) <= granted


@settings(max_examples=100, deadline=None)
@for_all(facts=all_facts())
def test_by_consent_each_adults_row_rests_on_their_own(facts: Facts) -> None:
    facts = msgspec.structs.replace(facts, basis=Basis.OPT_IN)
    for verdict in decide(facts).permitted:
        owner = PERSON if verdict.subject_id == CHILD else verdict.subject_id
        relied_on = verdict.consent
        assert relied_on is not None
        assert relied_on.person_id == owner
        assert permits(relied_on, facts.at)
        assert set(verdict.items) <= set(relied_on.items)


@settings(max_examples=100, deadline=None)
@for_all(facts=all_facts())
def test_the_protected_are_never_permitted_and_a_protected_holder_is_nobody(facts: Facts) -> None:
    decision = decide(facts)
    hidden = {one.subject_id for one in facts.parties if one.is_protected}

    assert not {one.subject_id for one in decision.permitted} & hidden
    if PERSON in hidden:
        # No relative's record tells that the protected person's was asked for.
        assert {one.subject_id for one in decision.verdicts} <= {PERSON}


@settings(max_examples=60, deadline=None)
@for_all(facts=all_facts())
def test_an_answer_with_a_protected_relative_is_the_one_without(facts: Facts) -> None:
    seen = [one for one in facts.parties if one.concerned.holder or not one.is_protected]
    without = msgspec.structs.replace(facts, parties=seen)

    assert decide(facts).permitted == decide(without).permitted
    assert decide(facts).code == decide(without).code


@settings(max_examples=60, deadline=None)
@for_all(facts=all_facts(), basis=st.sampled_from([Basis.LAW, Basis.ENTRUSTMENT, Basis.EMERGENCY]))
def test_without_consent_only_a_dated_row_opens(facts: Facts, basis: Basis) -> None:
    bare = msgspec.structs.replace(facts, basis=basis, law=None, is_entrusted=False, emergency=None)

    assert decide(bare).code is not DecisionCode.PERMIT


@settings(max_examples=60, deadline=None)
@for_all(facts=all_facts())
def test_the_association_reads_nothing_on_the_law_alone(facts: Facts) -> None:
    actor = msgspec.structs.replace(facts.actor, kind=ActorKind.ASSOCIATION)
    asked = msgspec.structs.replace(facts, actor=actor, basis=Basis.LAW)

    assert decide(asked).code is not DecisionCode.PERMIT


@settings(max_examples=60, deadline=None)
@for_all(facts=all_facts(), extra=item_sets)
def test_a_provider_cannot_add_rows_or_items(facts: Facts, extra: tuple[str, ...]) -> None:
    permitted = decide(facts).permitted
    rows = [
        ProvidedRow(key=str(one), items=dict.fromkeys((*KNOWN, "income", *extra), "x"))
        for one in (PERSON, SPOUSE, CHILD)
    ]

    released, records = cut(permitted, rows, {PERSON: "ref"})

    assert set(released) == {one.subject_id for one in permitted}
    assert [set(one.items) for one in records] == [set(one.items) for one in permitted]
    assert all(one.ref is None or one.holder for one in records)
