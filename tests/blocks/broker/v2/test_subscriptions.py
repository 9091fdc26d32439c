"""/v2/subscriptions: made, read, changed, removed; what is none is refused."""

import copy

import pytest

from .client import JSON, V2, says

WHOLE: JSON = {
    "description": "One of many",
    "subject": {
        "entities": [{"idPattern": ".*", "type": "Room"}],
        "condition": {"attrs": ["temperature"], "expression": {"q": "temperature>40"}},
    },
    "notification": {
        "http": {"url": "http://127.0.0.1:9/x"},
        "attrs": ["temperature", "humidity"],
        "attrsFormat": "keyValues",
        "metadata": ["dateCreated"],
    },
    "expires": "2040-04-05T14:00:00.000Z",
    "throttling": 5,
}
SMALL: JSON = {
    "subject": {"entities": [{"id": "Room1", "type": "Room"}]},
    "notification": {"http": {"url": "http://127.0.0.1:9/x"}},
}


def changed(*path: str, value: object = None, drop: bool = False) -> JSON:
    """The whole subscription with one member another."""
    body = copy.deepcopy(WHOLE)
    place = body
    for name in path[:-1]:
        place = place[name]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return body


async def subscribed(v2: V2, body: JSON, **headers: str) -> str:
    answer = await v2.post("/v2/subscriptions", body, **headers)
    assert answer.status_code == 201, answer.text
    assert answer.content == b""
    location: str = answer.headers["location"]
    assert location.startswith("/v2/subscriptions/")
    return location


async def test_a_subscription_is_shown_as_it_was_written(v2: V2) -> None:
    location = await subscribed(v2, WHOLE)

    shown = (await v2.get(location)).json()

    assert len(shown["id"]) == 24
    assert location.endswith(shown["id"])
    assert shown["status"] == "active"
    for name in ("description", "subject", "expires", "throttling"):
        assert shown[name] == WHOLE[name]
    assert shown["notification"] == {
        **WHOLE["notification"],
        "onlyChangedAttrs": False,
        "covered": False,
    }


async def test_a_small_subscription_has_defaults(v2: V2) -> None:
    location = await subscribed(v2, SMALL)

    shown = (await v2.get(location)).json()

    assert shown.keys() == {"id", "status", "subject", "notification"}
    assert shown["notification"]["attrs"] == []
    assert shown["notification"]["attrsFormat"] == "normalized"


async def test_subscriptions_are_listed_and_paged(v2: V2) -> None:
    made = [await subscribed(v2, SMALL) for _ in range(3)]

    answer = await v2.get("/v2/subscriptions?options=count&limit=2&offset=1")

    assert answer.headers["fiware-total-count"] == "3"
    assert [one["id"] for one in answer.json()] == [
        location.split("/")[-1] for location in made[1:]
    ]


async def test_subscriptions_are_listed_by_service_path(v2: V2) -> None:
    await subscribed(v2, SMALL)
    location = await subscribed(v2, SMALL, Fiware_ServicePath="/a/#")

    answer = await v2.get("/v2/subscriptions?options=count", Fiware_ServicePath="/a/#")

    assert [one["id"] for one in answer.json()] == [location.split("/")[-1]]
    assert answer.headers["fiware-total-count"] == "1"
    assert len((await v2.get("/v2/subscriptions")).json()) == 2


async def test_the_other_api_has_subscriptions_of_its_own(v2: V2) -> None:
    await subscribed(v2, SMALL)

    assert (await v2.ld("GET", "/subscriptions")).json() == []


@pytest.mark.parametrize(
    ("body", "name", "shown"),
    [
        ({"description": "new"}, "description", "new"),
        ({"status": "inactive"}, "status", "inactive"),
        ({"status": "oneshot"}, "status", "oneshot"),
        ({"expires": "2041-01-01"}, "expires", "2041-01-01T00:00:00.000Z"),
        ({"throttling": 0.5}, "throttling", 0.5),
        (
            {"subject": {"entities": [{"id": "X"}]}},
            "subject",
            {"entities": [{"id": "X"}]},
        ),
    ],
)
async def test_a_change_touches_only_what_it_names(
    v2: V2, body: JSON, name: str, shown: object
) -> None:
    location = await subscribed(v2, WHOLE)
    before = (await v2.get(location)).json()

    answer = await v2.patch(location, body)

    assert answer.status_code == 204
    assert (await v2.get(location)).json() == {**before, name: shown}


async def test_a_notification_is_changed_as_a_whole(v2: V2) -> None:
    location = await subscribed(v2, WHOLE)

    new = {"http": {"url": "http://127.0.0.1:9/y"}, "exceptAttrs": ["a"]}
    assert (await v2.patch(location, {"notification": new})).status_code == 204

    shown = (await v2.get(location)).json()["notification"]
    assert shown == {
        **new,
        "attrsFormat": "normalized",
        "onlyChangedAttrs": False,
        "covered": False,
    }


async def test_what_was_read_can_be_sent_back(v2: V2) -> None:
    location = await subscribed(v2, WHOLE)
    shown = (await v2.get(location)).json()
    del shown["id"]

    assert (await v2.patch(location, shown)).status_code == 204
    assert (await v2.post("/v2/subscriptions", shown)).status_code == 201


async def test_an_end_in_the_future_is_taken_away(v2: V2) -> None:
    location = await subscribed(v2, WHOLE)

    await v2.patch(location, {"expires": ""})

    assert "expires" not in (await v2.get(location)).json()


async def test_a_removed_subscription_is_gone(v2: V2) -> None:
    location = await subscribed(v2, SMALL)

    assert (await v2.delete(location)).status_code == 204
    for method, body in [("GET", None), ("DELETE", None), ("PATCH", {"status": "active"})]:
        says(await v2.ask(method, location, body), 404, "NotFound")


async def test_a_password_is_not_shown(v2: V2) -> None:
    mqtt = {
        "url": "mqtt://127.0.0.1:1883",
        "topic": "a/b",
        "qos": 1,
        "user": "u",
        "passwd": "secret",
    }
    location = await subscribed(v2, changed("notification", value={"mqtt": mqtt}))

    answer = await v2.get(location)

    assert "secret" not in answer.text
    assert answer.json()["notification"]["mqtt"]["user"] == "u"


CUSTOM: JSON = {"url": "http://127.0.0.1:9/${id}"}
GOOD: list[JSON] = [
    changed("subject", "condition", drop=True),
    changed("subject", "condition", value={"attrs": []}),
    changed("subject", "condition", value={"expression": {"mq": "a.b==1"}}),
    changed(
        "subject",
        "condition",
        value={
            "expression": {
                "georel": "near;maxDistance:15000",
                "geometry": "point",
                "coords": "37.4,-6.0",
            }
        },
    ),
    changed("subject", "condition", value={"alterationTypes": ["entityDelete", "entityUpdate"]}),
    changed("subject", "condition", value={"notifyOnMetadataChange": False}),
    changed("subject", "entities", value=[{"id": "A"}, {"idPattern": "B.*", "typePattern": "C"}]),
    changed("notification", "attrsFormat", value="simplifiedKeyValues"),
    changed("notification", "covered", value=True),
    changed("notification", "onlyChangedAttrs", value=True),
    changed("notification", "maxFailsLimit", value=3),
    changed("notification", "http", value={"url": "https://127.0.0.1:9/", "timeout": 1000}),
    changed("notification", value={"httpCustom": CUSTOM}),
    changed("notification", value={"httpCustom": {**CUSTOM, "payload": None}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "payload": "t is ${t}"}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "json": ["${t}"], "method": "PUT"}}),
    changed(
        "notification", value={"httpCustom": {**CUSTOM, "ngsi": {"id": "x", "a": {"value": 1}}}}
    ),
    changed(
        "notification", value={"httpCustom": {**CUSTOM, "headers": {"a": "b"}, "qs": {"c": "d"}}}
    ),
    changed("notification", value={"mqtt": {"url": "mqtt://127.0.0.1", "topic": "t"}}),
    changed("notification", value={"mqttCustom": {"url": "mqtt://127.0.0.1", "topic": "t/${id}"}}),
    changed("throttling", value=0),
    changed("status", value="inactive"),
    changed("status", value="oneshot"),
    changed("expires", value="2040-01-01"),
]


@pytest.mark.parametrize("body", GOOD, ids=range(len(GOOD)))
async def test_every_kind_of_subscription_is_taken(v2: V2, body: JSON) -> None:
    location = await subscribed(v2, body)

    shown = (await v2.get(location)).json()
    assert shown["subject"] == body["subject"]
    assert shown["notification"].items() >= body["notification"].items()


BAD: list[object] = [
    [],
    {},
    changed("subject", drop=True),
    changed("notification", drop=True),
    changed("foo", value=1),
    changed("description", value=1),
    changed("description", value="x" * 1025),
    changed("description", value="<x>"),
    changed("expires", value="soon"),
    changed("expires", value=5),
    changed("throttling", value="5"),
    changed("throttling", value=-1),
    changed("throttling", value=True),
    changed("status", value="failed"),
    changed("status", value="expired"),
    changed("status", value=1),
    changed("subject", value=[]),
    changed("subject", value={}),
    changed("subject", "foo", value=1),
    changed("subject", "entities", value=[]),
    changed("subject", "entities", value={}),
    changed("subject", "entities", value=[{}]),
    changed("subject", "entities", value=[{"type": "T"}]),
    changed("subject", "entities", value=[{"id": "A", "idPattern": "A"}]),
    changed("subject", "entities", value=[{"id": "A", "type": "T", "typePattern": "T"}]),
    changed("subject", "entities", value=[{"idPattern": "["}]),
    changed("subject", "entities", value=[{"idPattern": ""}]),
    changed("subject", "entities", value=[{"id": "a b"}]),
    changed("subject", "entities", value=[{"id": "A", "type": ""}]),
    changed("subject", "condition", value={}),
    changed("subject", "condition", value=[]),
    changed("subject", "condition", value={"foo": 1}),
    changed("subject", "condition", value={"attrs": "a"}),
    changed("subject", "condition", value={"attrs": ["a b"]}),
    changed("subject", "condition", value={"attrs": [1]}),
    changed("subject", "condition", value={"expression": {}}),
    changed("subject", "condition", value={"expression": {"q": ""}}),
    changed("subject", "condition", value={"expression": {"q": "a=="}}),
    changed("subject", "condition", value={"expression": {"mq": "a"}}),
    changed("subject", "condition", value={"expression": {"georel": "near"}}),
    changed("subject", "condition", value={"expression": {"foo": "x"}}),
    changed("subject", "condition", value={"alterationTypes": "entityCreate"}),
    changed("subject", "condition", value={"alterationTypes": ["foo"]}),
    changed("subject", "condition", value={"notifyOnMetadataChange": "no"}),
    changed("notification", value=[]),
    changed("notification", value={}),
    changed("notification", value={"attrs": ["a"]}),
    changed("notification", "foo", value=1),
    changed("notification", "mqtt", value={"url": "mqtt://127.0.0.1", "topic": "t"}),
    changed("notification", "exceptAttrs", value=["a"]),
    changed("notification", "attrs", value="a"),
    changed("notification", "attrs", value=["a b"]),
    changed("notification", "attrsFormat", value="foo"),
    changed("notification", "attrsFormat", value=1),
    changed("notification", "metadata", value="m"),
    changed("notification", "onlyChangedAttrs", value="yes"),
    changed("notification", "covered", value=1),
    changed("notification", value={"http": {"url": "http://127.0.0.1:9"}, "covered": True}),
    changed("notification", value={"http": {"url": "http://127.0.0.1:9"}, "exceptAttrs": []}),
    changed("notification", "maxFailsLimit", value=0),
    changed("notification", "maxFailsLimit", value="3"),
    changed("notification", "http", value={}),
    changed("notification", "http", value={"url": ""}),
    changed("notification", "http", value={"url": 1}),
    changed("notification", "http", value={"url": "x"}),
    changed("notification", "http", value={"url": "ftp://127.0.0.1/"}),
    changed("notification", "http", value={"url": "http://127.0.0.1:x/"}),
    changed("notification", "http", value={"url": "http://"}),
    changed("notification", "http", value={"url": "http://169.254.169.254/latest"}),
    changed("notification", "http", value={"url": "http://127.0.0.1:9", "timeout": -1}),
    changed("notification", "http", value={"url": "http://127.0.0.1:9", "timeout": 1_800_001}),
    changed("notification", "http", value={"url": "http://127.0.0.1:9", "foo": 1}),
    changed("notification", value={"mqtt": {"url": "http://127.0.0.1", "topic": "t"}}),
    changed("notification", value={"mqtt": {"url": "mqtt://127.0.0.1/x", "topic": "t"}}),
    changed("notification", value={"mqtt": {"url": "mqtt://127.0.0.1"}}),
    changed("notification", value={"mqtt": {"url": "mqtt://127.0.0.1", "topic": "a/#"}}),
    changed("notification", value={"mqtt": {"url": "mqtt://127.0.0.1", "topic": "t", "qos": 3}}),
    changed("notification", value={"mqtt": {"url": "mqtt://127.0.0.1", "topic": "t", "retain": 1}}),
    changed("notification", value={"mqtt": {"url": "mqtt://127.0.0.1", "topic": "t", "user": "u"}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "headers": {}}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "qs": {}}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "qs": {"a": 1}}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "method": "FOO"}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "payload": 1}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "payload": "<x>"}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "payload": "a", "json": {}}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "json": "x"}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "ngsi": []}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "ngsi": {"a": 1}}}),
    changed("notification", value={"httpCustom": {**CUSTOM, "ngsi": {"a": {"metadata": {}}}}}),
]


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
async def test_what_is_no_subscription_is_refused(v2: V2, body: object) -> None:
    says(await v2.post("/v2/subscriptions", body), 400, "BadRequest")
    assert (await v2.get("/v2/subscriptions")).json() == []


async def test_one_that_is_over_already_is_kept_and_shown_as_expired(v2: V2) -> None:
    location = await subscribed(v2, changed("expires", value="2020-01-01T00:00:00.00Z"))

    shown = (await v2.get(location)).json()
    assert (shown["status"], shown["expires"]) == ("expired", "2020-01-01T00:00:00.000Z")

    await v2.patch(location, {"expires": "2040-01-01"})
    assert (await v2.get(location)).json()["status"] == "active"
    await v2.patch(location, {"expires": "2020-01-01"})
    assert (await v2.get(location)).json()["status"] == "expired"


@pytest.mark.parametrize("body", [one for one in BAD if one != {}][3:30], ids=range(27))
async def test_a_wrong_change_changes_nothing(v2: V2, body: object) -> None:
    location = await subscribed(v2, WHOLE)
    before = (await v2.get(location)).json()

    says(await v2.patch(location, body), 400, "BadRequest")
    assert (await v2.get(location)).json() == before
