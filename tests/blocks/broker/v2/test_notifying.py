"""What a v2 subscriber is told, when, and how it looks on the wire."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mieone.blocks.broker.actions.delivery import Policy, serve
from mieone.blocks.broker.actions.parts import Broker
from mieone.core.house import House

from .client import JSON, V2
from .receiver import Receiver, receiving

QUICK = Policy(first_wait_s=0.05, longest_wait_s=0.2, max_attempts=2, lease_s=1.0, poll_s=0.02)


@pytest.fixture(scope="module", autouse=True)
async def _delivering(v2_house: House) -> AsyncIterator[None]:
    broker = Broker(v2_house)
    await broker.open()
    stop = asyncio.Event()
    task = asyncio.create_task(serve(broker, stop, QUICK))
    try:
        yield
    finally:
        stop.set()
        await task
        await broker.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def subscribed(v2: V2, receiver: Receiver, **parts: JSON | str) -> str:
    """`condition`, `notification` (its url comes from here), `entities`; else members of it."""
    notification: JSON = dict(parts.pop("notification", {}))  # type: ignore[arg-type]
    if not any(name in notification for name in ("httpCustom", "http")):
        notification["http"] = {"url": f"{receiver.url}/notify"}
    subject: JSON = {"entities": parts.pop("entities", [{"idPattern": ".*", "type": "Room"}])}
    if "condition" in parts:
        subject["condition"] = parts.pop("condition")
    body = {"subject": subject, "notification": notification, **parts}
    answer = await v2.post("/v2/subscriptions", body)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def room(name: str = "Room1", **values: object) -> JSON:
    return {"id": name, "type": "Room", **{key: {"value": value} for key, value in values.items()}}


async def test_a_change_is_told_in_the_normalized_form(v2: V2, receiver: Receiver) -> None:
    location = await subscribed(v2, receiver)

    await v2.create(room(t=1), Fiware_ServicePath="/a/b")

    [told] = await receiver.wait_for(1)
    assert (told.method, told.target) == ("POST", "/notify")
    assert told.json == {
        "subscriptionId": location.split("/")[-1],
        "data": [
            {
                "id": "Room1",
                "type": "Room",
                "t": {"type": "Number", "value": 1, "metadata": {}},
            }
        ],
    }
    assert told.headers["ngsiv2-attrsformat"] == "normalized"
    assert told.headers["content-type"].startswith("application/json")
    assert told.headers["fiware-service"] == v2.tenant
    assert told.headers["fiware-servicepath"] == "/a/b"
    assert told.headers["fiware-correlator"]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("keyValues", {"data": [{"id": "Room1", "type": "Room", "t": 1, "h": 2}]}),
        ("values", {"data": [[1, 2]]}),
        ("simplifiedKeyValues", {"id": "Room1", "type": "Room", "t": 1, "h": 2}),
        (
            "simplifiedNormalized",
            {
                "id": "Room1",
                "type": "Room",
                "t": {"type": "Number", "value": 1, "metadata": {}},
                "h": {"type": "Number", "value": 2, "metadata": {}},
            },
        ),
    ],
)
async def test_a_change_is_told_in_the_form_asked(
    v2: V2, receiver: Receiver, form: str, body: JSON
) -> None:
    await subscribed(v2, receiver, notification={"attrsFormat": form, "attrs": ["t", "h"]})

    await v2.create(room(h=2, t=1, x=3))

    [told] = await receiver.wait_for(1)
    shown = told.json
    shown.pop("subscriptionId", None)
    assert shown == body
    assert told.headers["ngsiv2-attrsformat"] == form


@pytest.mark.parametrize(
    ("notification", "names"),
    [
        ({}, ["t", "h"]),
        ({"attrs": []}, ["t", "h"]),
        ({"attrs": ["h"]}, ["h"]),
        ({"attrs": ["h", "t"]}, ["h", "t"]),
        ({"attrs": ["x", "h"]}, ["h"]),
        ({"attrs": ["x", "h"], "covered": True}, ["x", "h"]),
        ({"exceptAttrs": ["h"]}, ["t"]),
        ({"onlyChangedAttrs": True}, ["t"]),
        ({"onlyChangedAttrs": True, "attrs": ["h"]}, []),
        (
            {"onlyChangedAttrs": True, "attrs": ["h", "t", "alterationType"]},
            ["t", "alterationType"],
        ),
        ({"attrs": ["*", "dateCreated"]}, ["t", "h", "dateCreated"]),
        ({"attrs": ["servicePath", "t"]}, ["servicePath", "t"]),
    ],
)
async def test_attributes_are_told_as_asked(
    v2: V2, receiver: Receiver, notification: JSON, names: list[str]
) -> None:
    await v2.create(room(t=1, h=2))
    await subscribed(v2, receiver, notification=notification)

    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 5}})

    [told] = await receiver.wait_for(1)
    [shown] = told.json["data"]
    assert [name for name in shown if name not in ("id", "type")] == names
    if "x" in names:
        assert shown["x"] == {"type": "None", "value": None, "metadata": {}}


async def test_builtin_metadata_tells_of_the_change(v2: V2, receiver: Receiver) -> None:
    await v2.create(room(t=1))
    asked = ["previousValue", "actionType", "*"]
    await subscribed(v2, receiver, notification={"metadata": asked})

    await v2.patch("/v2/entities/Room1/attrs", {"t": {"type": "C", "value": 5}})
    await v2.post("/v2/entities/Room1/attrs", {"h": {"value": 7, "metadata": {"m": {"value": 1}}}})

    first, second = await receiver.wait_for(2)
    assert first.json["data"][0]["t"]["metadata"] == {
        "previousValue": {"type": "Number", "value": 1},
        "actionType": {"type": "Text", "value": "update"},
    }
    assert second.json["data"][0]["h"]["metadata"] == {
        "actionType": {"type": "Text", "value": "append"},
        "m": {"type": "Number", "value": 1},
    }
    assert second.json["data"][0]["t"]["metadata"] == {}


async def test_what_is_the_same_is_no_change(v2: V2, receiver: Receiver) -> None:
    await v2.create(room(t=1))
    await subscribed(v2, receiver)

    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 1}})
    await v2.patch("/v2/entities/Room1/attrs?options=forcedUpdate", {"t": {"value": 1}})
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 2}})

    told = await receiver.wait_for(2)
    assert [one.json["data"][0]["t"]["value"] for one in told] == [1, 2]
    assert await receiver.stays_at(2)


async def test_metadata_counts_as_a_change_unless_told(v2: V2, receiver: Receiver) -> None:
    await v2.create(room(t=1))
    await subscribed(v2, receiver, notification={"attrs": ["t"]})
    await subscribed(v2, receiver, condition={"notifyOnMetadataChange": False})

    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 1, "metadata": {"m": {"value": 1}}}})

    assert await receiver.stays_at(1)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (None, ["entityCreate", "entityChange", "entityChange"]),
        ({"attrs": ["t"]}, ["entityCreate", "entityChange", "entityChange"]),
        ({"attrs": ["h"]}, ["entityCreate"]),
        ({"attrs": ["z"]}, []),
        ({"alterationTypes": ["entityCreate"]}, ["entityCreate"]),
        ({"alterationTypes": ["entityChange"]}, ["entityChange", "entityChange"]),
        (
            {"alterationTypes": ["entityUpdate"]},
            ["entityUpdate", "entityChange", "entityChange"],
        ),
        ({"alterationTypes": ["entityDelete"]}, ["entityDelete"]),
        ({"alterationTypes": ["entityDelete"], "attrs": ["h"]}, ["entityDelete"]),
        ({"alterationTypes": ["entityCreate", "entityDelete"]}, ["entityCreate", "entityDelete"]),
        ({"expression": {"q": "t>1"}}, ["entityChange", "entityChange"]),
        ({"expression": {"q": "t>2"}}, ["entityChange"]),
        ({"expression": {"q": "t>2"}, "attrs": ["h"]}, []),
        ({"expression": {"mq": "t.m"}}, ["entityChange"]),
    ],
)
async def test_a_condition_says_what_is_told(
    v2: V2, receiver: Receiver, condition: JSON | None, told: list[str]
) -> None:
    parts: dict[str, JSON] = {} if condition is None else {"condition": condition}
    await subscribed(v2, receiver, notification={"attrs": ["alterationType"]}, **parts)

    await v2.create(room(t=1, h=1))
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 1}})
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 2}})
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 3, "metadata": {"m": {"value": 1}}}})
    await v2.delete("/v2/entities/Room1")

    assert await receiver.stays_at(len(told))
    shown = [one.json["data"][0]["alterationType"]["value"] for one in receiver.got]
    assert shown == told


@pytest.mark.parametrize(
    ("entities", "names"),
    [
        ([{"id": "A"}], "A"),
        ([{"id": "A", "type": "Room"}], "A"),
        ([{"id": "A", "type": "Car"}], ""),
        ([{"idPattern": "^[AB]$"}], "AB"),
        ([{"idPattern": ".*", "type": "Car"}], "C"),
        ([{"idPattern": ".*", "typePattern": "^C"}], "C"),
        ([{"id": "A"}, {"id": "C"}], "AC"),
    ],
)
async def test_entities_are_chosen_by_id_type_and_pattern(
    v2: V2, receiver: Receiver, entities: JSON, names: str
) -> None:
    await subscribed(v2, receiver, entities=entities)

    await v2.create_all(room("A"), room("B"), {"id": "C", "type": "Car"})

    assert await receiver.stays_at(len(names))
    assert "".join(sorted(one.json["data"][0]["id"] for one in receiver.got)) == names


async def test_a_subscription_keeps_to_its_service_path(v2: V2, receiver: Receiver) -> None:
    body = {
        "subject": {"entities": [{"idPattern": ".*"}]},
        "notification": {"http": {"url": receiver.url}},
    }
    await v2.post("/v2/subscriptions", body, Fiware_ServicePath="/a/#")

    await v2.create(room("A"), Fiware_ServicePath="/a/b")
    await v2.create(room("B"), Fiware_ServicePath="/b")

    assert await receiver.stays_at(1)
    assert receiver.got[0].json["data"][0]["id"] == "A"


async def test_a_oneshot_is_told_once_until_it_is_set_again(v2: V2, receiver: Receiver) -> None:
    location = await subscribed(v2, receiver, status="oneshot")
    shown = (await v2.get(location)).json()["status"]

    await v2.create(room(t=1))
    await receiver.wait_for(1)
    async with asyncio.timeout(60):
        while True:
            spent = (await v2.get(location)).json()["status"]
            if spent != "oneshot":
                break
            await asyncio.sleep(0.02)
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 2}})
    assert await receiver.stays_at(1)
    await v2.patch(location, {"status": "oneshot"})
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 3}})

    assert (shown, spent) == ("oneshot", "inactive")
    assert await receiver.stays_at(2)


async def test_an_inactive_subscription_is_silent(v2: V2, receiver: Receiver) -> None:
    location = await subscribed(v2, receiver, status="inactive")

    await v2.create(room(t=1))
    await v2.patch(location, {"status": "active"})
    await v2.patch("/v2/entities/Room1/attrs", {"t": {"value": 2}})

    assert await receiver.stays_at(1)
    assert receiver.got[0].json["data"][0]["t"]["value"] == 2


async def counts(v2: V2, location: str, name: str) -> dict[str, Any]:
    """Once what was sent is written down."""
    async with asyncio.timeout(60):
        while True:
            counted: dict[str, Any] = (await v2.get(location)).json()["notification"]
            if name in counted:
                return counted
            await asyncio.sleep(0.02)


async def test_a_subscription_counts_what_it_sent(v2: V2, receiver: Receiver) -> None:
    location = await subscribed(v2, receiver)

    await v2.create(room(t=1))
    await receiver.wait_for(1)

    counted = await counts(v2, location, "lastSuccess")
    assert counted["timesSent"] == 1
    assert counted["lastNotification"] == counted["lastNotification"][:23] + "Z"
    assert "failsCounter" not in counted


async def test_a_failure_is_shown(v2: V2, receiver: Receiver) -> None:
    receiver.status = 500
    location = await subscribed(v2, receiver)

    await v2.create(room(t=1))
    await receiver.wait_for(1)

    counted = await counts(v2, location, "lastFailure")
    assert counted["failsCounter"] >= 1
    assert "500" in counted["lastFailureReason"]


async def custom(v2: V2, receiver: Receiver, path: str = "/", **members: object) -> None:
    await subscribed(
        v2, receiver, notification={"httpCustom": {"url": f"{receiver.url}{path}", **members}}
    )
    body = room("R 1".replace(" ", "_"), t=23.4, s="warm", o={"a": [1]})
    await v2.create(body, Fiware_ServicePath="/p")


async def test_a_custom_request_is_filled(v2: V2, receiver: Receiver) -> None:
    await custom(
        v2,
        receiver,
        "/entity/${id}?x=1",
        method="PUT",
        qs={"type": "${type}", "t": "${t}", "${s}": "a&b"},
        headers={"X-Own": "v ${s}", "Authorization": "Basic ABC%3D%3D", "Fiware-Correlator": "no"},
        json={
            "t": "${t}",
            "text": "it is ${t} and ${s}",
            "o": "${o}",
            "n": "${none}",
            "l": ["${s}"],
            "v": 4,
        },
    )

    [told] = await receiver.wait_for(1)
    assert told.method == "PUT"
    assert told.target == "/entity/R_1?x=1&type=Room&t=23.4&warm=a%26b"
    assert told.headers["x-own"] == "v warm"
    assert told.headers["authorization"] == "Basic ABC=="
    assert told.headers["fiware-correlator"] != "no"
    assert told.headers["ngsiv2-attrsformat"] == "custom"
    assert told.headers["content-type"].startswith("application/json")
    assert told.json == {
        "t": 23.4,
        "text": "it is 23.4 and warm",
        "o": {"a": [1]},
        "n": None,
        "l": ["warm"],
        "v": 4,
    }


async def test_nobody_writes_the_headers_of_the_connection(v2: V2, receiver: Receiver) -> None:
    headers = {"Host": "inside.example", "Content-Length": "1", "connection": "close", "X-Own": "1"}
    await custom(v2, receiver, headers=headers)

    [told] = await receiver.wait_for(1)
    assert told.headers["host"] in receiver.url
    assert told.headers["content-length"] == str(len(told.body))
    assert told.headers["x-own"] == "1"


async def test_a_custom_text_is_filled(v2: V2, receiver: Receiver) -> None:
    await custom(
        v2, receiver, payload="%22t%22 is ${t}, o is ${o}, ${service} ${servicePath} ${none}"
    )

    [told] = await receiver.wait_for(1)
    assert told.body.decode() == f'"t" is 23.4, o is {{"a":[1]}}, {v2.tenant} /p null'
    assert told.headers["content-type"].startswith("text/plain")


async def test_a_custom_request_may_have_no_body(v2: V2, receiver: Receiver) -> None:
    await custom(v2, receiver, payload=None, method="GET")

    [told] = await receiver.wait_for(1)
    assert (told.method, told.body) == ("GET", b"")


async def test_an_entity_may_be_patched_on_its_way(v2: V2, receiver: Receiver) -> None:
    patch = {"id": "p:${id}", "type": "New", "s": {"value": "${t}"}, "w": {"value": "${service}!"}}
    await custom(v2, receiver, ngsi=patch, headers={"Accept": "", "fiware-servicepath": ""})

    [told] = await receiver.wait_for(1)
    [shown] = told.json["data"]
    assert (shown["id"], shown["type"]) == ("p:R_1", "New")
    assert shown["s"] == {"type": "Number", "value": 23.4, "metadata": {}}
    assert shown["w"]["value"] == f"{v2.tenant}!"
    assert shown["o"]["value"] == {"a": [1]}
    assert told.headers["ngsiv2-attrsformat"] == "normalized"
    assert "fiware-servicepath" not in told.headers


async def test_one_change_is_told_once_to_each_api(v2: V2, receiver: Receiver) -> None:
    async with receiving() as linked:
        await subscribed(v2, receiver)
        answer = await v2.ld(
            "POST",
            "/subscriptions",
            {
                "type": "Subscription",
                "entities": [{"type": "Room"}],
                "notification": {"endpoint": {"uri": linked.url}},
            },
        )
        assert answer.status_code == 201, answer.text

        await v2.create(room(t=1))
        patched = {"t": {"type": "Property", "value": 2}}
        done = await v2.ld("PATCH", "/entities/urn:ngsi-ld:Room:Room1/attrs", patched)
        assert done.status_code == 204, done.text

        assert await receiver.stays_at(2)
        assert await linked.stays_at(2)
    ours = [one.json["data"][0] for one in receiver.got]
    theirs = [one.json["data"][0] for one in linked.got]
    assert [one["t"]["value"] for one in ours] == [one["t"]["value"] for one in theirs] == [1, 2]
    assert {one["id"] for one in ours} == {"Room1"}
    assert {one["id"] for one in theirs} == {"urn:ngsi-ld:Room:Room1"}


async def test_what_one_broker_notifies_another_takes(v2: V2, receiver: Receiver) -> None:
    asked = ["previousValue", "actionType", "*"]
    await subscribed(
        v2, receiver, notification={"attrs": ["*", "alterationType"], "metadata": asked}
    )
    body = room(t=1, s="x", o={"a": None})
    body["place"] = {"type": "geo:point", "value": "34, 136"}
    await v2.create(body)
    [told] = await receiver.wait_for(1)
    before = (await v2.get("/v2/entities/Room1")).json()
    await v2.delete("/v2/entities/Room1")

    answer = await v2.post("/v2/op/notify", told.json)

    assert answer.status_code == 200, answer.text
    assert (await v2.get("/v2/entities/Room1")).json() == before
