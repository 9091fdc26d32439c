"""The states of a consent, and the wording and end of what is agreed to."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.consent import ConsentEventKind, ConsentRevision, ConsentState, permits
from mieone.blocks.consent.actions.purposes import load_purposes
from mieone.blocks.consent.problems import StateForbids
from mieone.blocks.consent.rules.states import LIVE, covers, due_end, next_state
from mieone.blocks.consent.rules.wording import digest_of, end_of
from mieone.core.clock import JST
from mieone.core.ports import ConsentDetail
from mieone.core.region import Region

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
GIVEN = ConsentRevision(
    record_id=uuid4(),
    person_id=uuid4(),
    service="nursery",
    dataset="household@1",
    purpose="nursery-booking",
    state=ConsentState.GIVEN,
    revision=1,
    items=("name", "address"),
    excluded=("birth_on",),
    notice_id=uuid4(),
    language="ja",
    valid_until=NOW + timedelta(days=1),
    reconsent_by=None,
    changed_at=NOW,
)
events = st.lists(st.sampled_from(ConsentEventKind), max_size=12)


@for_all(events=events)
def test_a_consent_permits_only_after_a_yes_that_nothing_has_ended(
    events: list[ConsentEventKind],
) -> None:
    state: ConsentState | None = None
    last_yes = False
    for event in events:
        try:
            state = next_state(state, event)
        except StateForbids:
            continue
        if event in (ConsentEventKind.GIVEN, ConsentEventKind.RECONFIRMED):
            last_yes = True
        elif event is not ConsentEventKind.RECONSENT_REQUESTED:
            last_yes = False

    assert (state in LIVE) == last_yes


@pytest.mark.parametrize("state", [None, *(set(ConsentState) - LIVE)])
def test_what_does_not_live_cannot_be_withdrawn(state: ConsentState | None) -> None:
    with pytest.raises(StateForbids):
        next_state(state, ConsentEventKind.WITHDRAWN)


@for_all(state=st.sampled_from(ConsentState), offset=st.integers(-3, 3))
def test_only_given_permits_and_only_before_its_end(state: ConsentState, offset: int) -> None:
    assert GIVEN.valid_until is not None
    consent = msgspec.structs.replace(GIVEN, state=state, reconsent_by=NOW + timedelta(hours=1))
    at = GIVEN.valid_until + timedelta(seconds=offset)

    if permits(consent, at):
        assert state in LIVE
        assert at < GIVEN.valid_until
    assert due_end(consent, at) == (state in LIVE and not permits(consent, at))


def test_a_changed_text_counts_until_its_deadline_and_no_longer() -> None:
    deadline = NOW + timedelta(hours=1)
    asked = msgspec.structs.replace(
        GIVEN, state=ConsentState.RECONSENT_REQUESTED, reconsent_by=deadline
    )

    assert permits(asked, deadline - timedelta(seconds=1))
    assert not permits(asked, deadline)
    assert not covers(asked, ("name",), NOW)


def test_what_the_person_left_out_is_not_asked_again() -> None:
    assert covers(GIVEN, ("name", "birth_on"), NOW)
    assert not covers(GIVEN, ("name", "income"), NOW)


@for_all(day=st.dates(date(2026, 1, 1), date(2032, 12, 31)), months=st.integers(1, 36))
def test_a_consent_ends_at_a_midnight_in_japan_within_the_promised_months(
    day: date, months: int
) -> None:
    purpose = msgspec.structs.replace(PURPOSE, lasts_months=months)
    detail = ConsentDetail(dataset="household@1", items=("name",), purpose="nursery-booking")

    end = end_of(detail, purpose, day)

    assert end.astimezone(JST).hour == 0
    passed = (end.year - day.year) * 12 + end.month - day.month
    assert passed == months
    assert end.day <= day.day


def test_any_change_of_any_language_is_another_version() -> None:
    texts = {"ja": "見せる", "en": "show"}

    assert digest_of(texts) != digest_of({**texts, "en": "show it"})
    assert digest_of(texts) == digest_of(dict(reversed(texts.items())))


PURPOSE = load_purposes(Region.load(Path(__file__).parents[3] / "regions" / "mie"))[
    "nursery-booking"
]
