"""Whose turn it is: places, endpoints and lines, without a network."""

from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from mieone.blocks.broker.actions.delivery.endpoints import Endpoints
from mieone.blocks.broker.actions.delivery.lines import Line
from mieone.blocks.broker.actions.delivery.places import Places
from mieone.blocks.broker.actions.delivery.policy import Policy
from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.store.couriers import Delivery

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POLICY = Policy()


def delivery(number: int, key: str, attempts: int = 0) -> Delivery:
    return Delivery(
        delivery_id=number,
        tenant=TenantName("t"),
        subscription="s",
        bucket=0,
        order_key=key,
        event=number,
        body=None,
        notification_id=uuid4(),
        attempts=attempts,
        next_at=NOW,
    )


def line_of(*deliveries: Delivery) -> Line:
    line = Line(TenantName("t"), "s", 0, POLICY)
    for one in deliveries:
        assert line.put(one, 0.0)
    return line


@given(st.lists(st.sampled_from("abcdefg"), max_size=400), st.integers(1, 300))
def test_however_many_tenants_hold_their_places_one_is_left(asking: str, at_once: int) -> None:
    places = Places(Policy(at_once=max(at_once, 25)))
    for tenant in asking:
        if places.has_room(TenantName(tenant), is_failing=False):
            places.take(TenantName(tenant))

    assert places.has_room(TenantName("somebody else"), is_failing=True)


def test_a_tenant_alone_gets_three_quarters_and_half_for_what_fails() -> None:
    places = Places(POLICY)
    town = TenantName("town")
    taken = {}
    for is_failing in (True, False):
        while places.has_room(town, is_failing=is_failing):
            places.take(town)
        taken[is_failing] = POLICY.at_once - places.free
    assert taken == {True: 128, False: 192}

    places.give_back(town)
    assert places.has_room(town, is_failing=False)


def test_endpoints_are_forgotten_but_for_those_under_way() -> None:
    endpoints = Endpoints(Policy(endpoints_kept=3))
    busy = endpoints.of("http://busy")
    busy.under_way = 1
    for number in range(50):
        endpoints.of(f"http://dead/{number}").fail(0.0, 0.0, None)

    assert len(endpoints) == 3
    assert endpoints.of("http://busy") is busy


def test_who_never_answered_gets_few_requests_at_once() -> None:
    state = Endpoints(POLICY).of("http://a")
    state.under_way = POLICY.at_first
    assert state.find_obstacle(0.0) == "full"
    state.succeed()
    assert state.find_obstacle(0.0) is None


def test_a_newer_state_does_not_overtake_a_repeat_of_its_entity() -> None:
    """A1 failed and waits; B is due. A2 must not be told together with B, before A1."""
    line = line_of(delivery(1, "A", attempts=1), delivery(2, "B"), delivery(3, "A"))
    line.put(delivery(4, "B"), 0.0)
    repeat = line.choose(0.0, 16)
    assert not isinstance(repeat, float | None)
    repeat.not_before_s = 9.0
    line.put_back(repeat)

    chosen = line.choose(0.0, 16)
    assert not isinstance(chosen, float | None)
    line.merge(chosen, by_key=True, most=100)

    assert (chosen.ids, chosen.overtaken) == ([4], [2])
    again = line.choose(9.0, 16)
    assert not isinstance(again, float | None)
    assert again.ids == [1]


def test_what_is_revived_goes_before_what_is_newer_of_its_entity() -> None:
    line = line_of(delivery(5, "A"), delivery(6, "B"), delivery(7, "A"))
    line.put(delivery(1, "A", attempts=10), 0.0)

    told = [_sent(line) for _ in range(4)]

    assert [one for one in told if one != 6] == [1, 5, 7]


def _sent(line: Line) -> int:
    parcel = line.choose(0.0, 16)
    assert not isinstance(parcel, float | None)
    line.start(parcel)
    line.finish(parcel)
    return parcel.ids[0]


def test_throttling_outlives_what_was_sent_and_holds_no_repeat() -> None:
    line = line_of(delivery(1, "A"))
    line.next_send_at_s = 5.0
    assert line.choose(0.0, 16) == 5.0
    _sent_at = line.choose(5.0, 16)
    assert not isinstance(_sent_at, float | None)
    line.next_send_at_s = 10.0
    line.forget([1])
    assert (line.is_over(6.0), line.is_over(10.0)) == (False, True)

    line.put(delivery(2, "A", attempts=1), 0.0)
    assert not isinstance(line.choose(6.0, 16), float | None)


def test_what_was_overtaken_is_not_forgotten_when_a_claim_fails() -> None:
    line = line_of(delivery(1, "A"), delivery(2, "A"))
    first = line.choose(0.0, 16)
    assert not isinstance(first, float | None)
    line.merge(first, by_key=True, most=100)
    line.put_back(first)
    line.put(delivery(3, "B"), 0.0)
    line.put(delivery(4, "A"), 0.0)

    again = line.choose(0.0, 16)
    assert not isinstance(again, float | None)
    line.merge(again, by_key=True, most=100)

    assert (again.ids, sorted(again.overtaken)) == ([3, 4], [1, 2])
