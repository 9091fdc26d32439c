"""Small decisions: reading what a card says, where somebody lives, whose card it is, acting for another."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.identity.model import (
    ExternalKey,
    Link,
    LinkKind,
    LinkState,
    Mandate,
    MandateKind,
    PersonId,
    PersonState,
    RawAttributes,
    Residency,
    Sex,
)
from mieone.blocks.identity.pages.visit import safe_path
from mieone.blocks.identity.problems import (
    AttributesUnparsable,
    CertificateRevoked,
    MandateRefused,
    StepNotAllowed,
)
from mieone.blocks.identity.rules import attributes, linking, mandates
from mieone.blocks.identity.rules.linking import Choice
from mieone.core.clock import JST
from mieone.core.region import Region
from mieone.simulators import authority

TODAY = date(2026, 11, 22)
dates = st.dates(min_value=date(1868, 1, 25), max_value=TODAY)


@for_all(born_on=dates)
def test_a_birth_date_reads_back_from_each_of_its_forms(born_on: date) -> None:
    for text in (authority.birth_of(born_on), f"{born_on:%Y%m%d}", born_on.isoformat()):
        assert attributes.read_birth(text, TODAY) == born_on


@pytest.mark.parametrize(
    "text",
    ["", "19910230", "519910517", "619910517", "20270101", "18000101", "1991/05/17", "91-05-17"],
)
def test_a_birth_date_is_never_guessed(text: str) -> None:
    with pytest.raises(AttributesUnparsable):
        attributes.read_birth(text, TODAY)


def raw(**changes: str) -> RawAttributes:
    usual = {"name": "見本 花子", "address": "三重県多気郡明和町", "birth": "419910517", "sex": "2"}
    return RawAttributes(**{**usual, **changes})


def test_the_four_attributes_are_read() -> None:
    read = attributes.read_attributes(raw(name_flags="01000"), TODAY)

    assert (read.born_on, read.sex, read.name_flags) == (date(1991, 5, 17), Sex.FEMALE, "01000")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"address": ""},
        {"address": "あ" * 201},
        {"sex": "9"},
        {"name_flags": "01"},
        {"address_flags": "2" * 9},
    ],
)
def test_half_readable_attributes_are_refused_whole(changes: dict[str, str]) -> None:
    with pytest.raises(AttributesUnparsable):
        attributes.read_attributes(raw(**changes), TODAY)


@pytest.mark.parametrize(
    ("address", "residency", "town"),
    [
        ("三重県多気郡明和町大字馬之上900番地", Residency.RESIDENT, "244422"),
        ("多気郡明和町馬之上", Residency.RESIDENT, "244422"),
        ("明和町馬之上", Residency.RESIDENT, "244422"),
        ("三重県多気郡大台町大ヶ所1", Residency.RESIDENT, "244431"),
        ("三重県北牟婁郡紀北町紀伊長島区東長島", Residency.RESIDENT, "245437"),
        ("三重県度会郡玉城町田丸", Residency.VISITOR, None),
        ("三重県度会郡南伊勢町五ヶ所浦", Residency.VISITOR, None),
        ("三重県度会郡大宮町滝原", Residency.UNDETERMINED, None),
        ("三重県津市広明町13番地", Residency.VISITOR, None),
        ("奈良県高市郡明日香村", Residency.VISITOR, None),
        ("東京都千代田区永田町", Residency.VISITOR, None),
        ("三重県多気郡多気", Residency.VISITOR, None),
        ("番地なし", Residency.UNDETERMINED, None),
        ("", Residency.UNDETERMINED, None),
    ],
)
def test_somebody_lives_here_only_when_county_and_town_say_so(
    region: Region, address: str, residency: Residency, town: str | None
) -> None:
    assert attributes.decide_residency(address, region, TODAY) == (residency, town)


def test_a_county_alone_or_another_s_county_makes_no_resident(region: Region) -> None:
    answer, town = attributes.decide_residency("三重県度会郡明和町一番", region, TODAY)
    assert (answer, town) == (Residency.VISITOR, None)


AUTH = ExternalKey(kind=LinkKind.JPKI_AUTH, value="issuer:1")
USER = ExternalKey(kind=LinkKind.PF_USER, value="user-1")
HANAKO, TARO = PersonId(UUID(int=1)), PersonId(UUID(int=2))


def link(person: PersonId, kind: LinkKind, state: LinkState = LinkState.VERIFIED) -> Link:
    return Link(id=uuid4(), person_id=person, kind=kind, state=state)


def test_two_unknown_keys_are_somebody_new() -> None:
    decision = linking.decide_link((AUTH, USER), (), (), None)

    assert decision.choice is Choice.NEW
    assert decision.added == (AUTH, USER)


def test_a_known_account_with_a_new_certificate_is_the_same_person() -> None:
    old, account = link(HANAKO, LinkKind.JPKI_AUTH), link(HANAKO, LinkKind.PF_USER)
    decision = linking.decide_link((AUTH, USER), [(USER, account)], [old, account], None)

    assert (decision.choice, decision.person_id) == (Choice.KNOWN, HANAKO)
    assert decision.superseded == (old,)
    assert decision.added == (AUTH,)


def test_keys_of_two_people_are_a_case() -> None:
    found = [(AUTH, link(HANAKO, LinkKind.JPKI_AUTH)), (USER, link(TARO, LinkKind.PF_USER))]
    assert linking.decide_link((AUTH, USER), found, (), None).choice is Choice.CONFLICT


def test_a_certificate_replaced_before_opens_nothing() -> None:
    old = link(HANAKO, LinkKind.JPKI_AUTH, LinkState.SUPERSEDED)
    with pytest.raises(CertificateRevoked):
        linking.decide_link((AUTH, USER), [(AUTH, old)], [old], None)


owners = st.sampled_from([None, HANAKO, TARO])


@for_all(auth=owners, user=owners, signed_in=owners)
def test_no_decision_ever_joins_two_people(
    auth: PersonId | None, user: PersonId | None, signed_in: PersonId | None
) -> None:
    found = []
    if auth is not None:
        found.append((AUTH, link(auth, LinkKind.JPKI_AUTH)))
    if user is not None:
        found.append((USER, link(user, LinkKind.PF_USER)))
    held = [one for _, one in found]

    decision = linking.decide_link((AUTH, USER), found, held, signed_in)

    involved = {person for person in (auth, user, signed_in) if person is not None}
    assert (decision.choice is Choice.CONFLICT) == (len(involved) > 1)
    assert decision.person_id is None or involved == {decision.person_id}


@for_all(steps=st.lists(st.sampled_from(list(PersonState)), max_size=8))
def test_nobody_comes_back_from_being_closed(steps: list[PersonState]) -> None:
    state = PersonState.PROVISIONAL
    visited = [state]
    for target in steps:
        try:
            linking.check_step(state, target)
        except StepNotAllowed:
            continue
        state = target
        visited.append(state)
    if PersonState.CLOSED in visited:
        after = visited[visited.index(PersonState.CLOSED) + 1 :]
        assert set(after) <= {PersonState.SHREDDED}


@pytest.mark.parametrize(
    ("born_on", "adult_on"),
    [
        (date(2008, 4, 1), date(2026, 4, 1)),
        (date(2008, 2, 29), date(2026, 3, 1)),
        (date(2010, 2, 28), date(2028, 2, 28)),
        (date(2008, 11, 23), date(2026, 11, 23)),
    ],
)
def test_majority_begins_with_the_birthday(born_on: date, adult_on: date) -> None:
    assert mandates.majority_from(born_on).astimezone(JST).date() == adult_on


NOW = datetime(2026, 11, 22, 12, tzinfo=JST)
scopes = st.frozensets(st.sampled_from(["coin", "procedures", "health", "inbox"]), min_size=1)
offsets = st.integers(min_value=-30, max_value=30)


@st.composite
def held_mandates(draw: st.DrawFn) -> Mandate:
    start = NOW + timedelta(days=draw(offsets))
    return Mandate(
        id=uuid4(),
        principal=HANAKO,
        agent=TARO,
        kind=draw(st.sampled_from(list(MandateKind))),
        scope=draw(scopes),
        valid_from=start,
        valid_until=start + timedelta(days=draw(st.integers(min_value=1, max_value=40))),
    )


@for_all(held=st.lists(held_mandates(), max_size=4), wanted=scopes)
def test_an_agent_never_gets_more_than_the_valid_mandates_give(
    held: list[Mandate], wanted: frozenset[str]
) -> None:
    allowed = mandates.allowed_scope(held, wanted, NOW)

    assert allowed <= wanted
    for scope in allowed:
        assert any(one.valid_from <= NOW < one.valid_until and scope in one.scope for one in held)


def test_a_parent_s_mandate_ends_with_majority_and_needs_the_birth_date() -> None:
    far = NOW + timedelta(days=9000)
    born_on = date(2020, 1, 15)

    assert mandates.bounded_until(MandateKind.PARENT, far, born_on) == mandates.majority_from(
        born_on
    )
    assert mandates.bounded_until(MandateKind.CARER, far, None) == far
    with pytest.raises(MandateRefused):
        mandates.bounded_until(MandateKind.PARENT, far, None)


@for_all(path=st.text(max_size=30))
def test_a_way_back_never_leaves_this_site(path: str) -> None:
    target = safe_path(path)

    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    assert "\n" not in target
