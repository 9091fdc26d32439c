"""What a v2 subscription says of how it went: notifications are counted, not their repeats."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from mieone.blocks.broker.actions.parts import Broker
from mieone.core.house import House
from tests.blocks.broker.receivers import QUICK, delivering

from .client import JSON, V2
from .receiver import Receiver, receiving

PATIENT = msgspec.structs.replace(QUICK, max_attempts=99)


@pytest.fixture(scope="module", autouse=True)
async def _delivering(v2_house: House) -> AsyncIterator[None]:
    broker = Broker(v2_house)
    await broker.open()
    async with delivering(broker, PATIENT):
        yield
    await broker.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def subscribed(v2: V2, receiver: Receiver, **notification: object) -> str:
    body = {
        "subject": {"entities": [{"idPattern": ".*", "type": "Room"}]},
        "notification": {"http": {"url": receiver.url}, **notification},
    }
    answer = await v2.post("/v2/subscriptions", body)
    return str(answer.headers["location"])


async def heat(v2: V2, name: str, *values: int) -> None:
    for value in values:
        await v2.post("/v2/entities?options=upsert", {"id": name, "type": "Room", "t": _t(value)})


def _t(value: int) -> JSON:
    return {"type": "Number", "value": value}


async def shown_once(v2: V2, location: str, fits: Callable[[JSON], bool]) -> JSON:
    async with asyncio.timeout(60):
        while True:
            shown: JSON = (await v2.get(location)).json()
            if fits(shown):
                return shown
            await asyncio.sleep(0.02)


async def test_a_repeat_is_no_notification_of_its_own(v2: V2, receiver: Receiver) -> None:
    receiver.status = 500
    location = await subscribed(v2, receiver)
    await heat(v2, "A", 1)
    await receiver.wait_for(4)

    failing = (await v2.get(location)).json()["notification"]
    assert (failing["timesSent"], failing["failsCounter"]) == (1, 1)
    assert failing["lastFailureReason"] == "answered 500"
    assert "lastSuccessCode" not in failing

    receiver.status = 202
    shown = await shown_once(v2, location, lambda one: "lastSuccess" in one["notification"])
    told = shown["notification"]
    assert (told["timesSent"], told["lastSuccessCode"]) == (1, 202)
    assert "failsCounter" not in told
    assert told["lastFailureReason"] == "answered 500"


async def test_what_is_held_up_by_a_failure_has_failed(v2: V2, receiver: Receiver) -> None:
    """Changes of one entity arrive in order, so the later ones wait for the first."""
    receiver.status = 500
    location = await subscribed(v2, receiver)
    await heat(v2, "A", 1, 2, 3)

    await shown_once(v2, location, lambda one: one["notification"].get("failsCounter") == 3)

    receiver.status = 200
    await shown_once(v2, location, lambda one: one["notification"].get("timesSent") == 3)
    shown = await shown_once(v2, location, lambda one: "failsCounter" not in one["notification"])
    assert shown["status"] == "active"


async def test_more_failures_in_a_row_than_allowed_end_it_until_it_is_set_active(
    v2: V2, receiver: Receiver
) -> None:
    receiver.status = 500
    location = await subscribed(v2, receiver, maxFailsLimit=2)
    await heat(v2, "A", 1, 2)
    await shown_once(v2, location, lambda one: one["notification"].get("failsCounter") == 2)
    assert (await v2.get(location)).json()["status"] == "active"

    await heat(v2, "B", 1)
    ended = await shown_once(v2, location, lambda one: one["status"] == "inactive")
    assert ended["notification"]["failsCounter"] == 3

    receiver.status = 200
    await v2.patch(location, {"status": "active"})
    assert "failsCounter" not in (await v2.get(location)).json()["notification"]
    await shown_once(v2, location, lambda one: one["notification"].get("timesSent") == 3)
    assert (await v2.get(location)).json()["status"] == "active"


async def test_a_success_between_begins_the_count_anew(v2: V2, receiver: Receiver) -> None:
    location = await subscribed(v2, receiver, maxFailsLimit=1)
    for value in range(3):
        receiver.status = 500
        await heat(v2, "A", value)
        await shown_once(v2, location, lambda one: one["notification"].get("failsCounter") == 1)
        receiver.status = 200
        await shown_once(v2, location, lambda one: "failsCounter" not in one["notification"])

    shown = (await v2.get(location)).json()
    assert (shown["status"], shown["notification"]["timesSent"]) == ("active", 3)
