"""/v2/types, /v2 and /version."""

from .client import V2, says


async def given_things(v2: V2) -> None:
    place = {"type": "geo:point", "value": "34, 136"}
    when = {"type": "DateTime", "value": "2026-11-22"}
    goal = {"type": "Relationship", "value": "urn:a:b"}
    await v2.create_all(
        {"id": "R1", "type": "Room", "t": {"value": 1}, "place": place},
        {"id": "R2", "type": "Room", "t": {"type": "Celsius", "value": 1}, "when": when},
        {"id": "C1", "type": "Car", "speed": {"value": "fast"}, "to": goal},
    )
    await v2.create({"id": "B1", "type": "Bus"}, Fiware_ServicePath="/a/b")


ROOM = {
    "attrs": {
        "place": {"types": ["geo:point"]},
        "t": {"types": ["Celsius", "Number"]},
        "when": {"types": ["DateTime"]},
    },
    "count": 2,
}
CAR = {"attrs": {"speed": {"types": ["Text"]}, "to": {"types": ["Relationship"]}}, "count": 1}


async def test_types_are_listed_by_name(v2: V2) -> None:
    await given_things(v2)

    answer = await v2.get("/v2/types?options=count")

    assert answer.headers["fiware-total-count"] == "3"
    assert answer.json() == [
        {"type": "Bus", "attrs": {}, "count": 1},
        {"type": "Car", **CAR},
        {"type": "Room", **ROOM},
    ]


async def test_types_are_paged_and_shortened(v2: V2) -> None:
    await given_things(v2)

    assert (await v2.get("/v2/types?options=values")).json() == ["Bus", "Car", "Room"]
    page = await v2.get("/v2/types?options=values,count&limit=1&offset=1")
    assert page.json() == ["Car"]
    assert page.headers["fiware-total-count"] == "3"
    [car] = (await v2.get("/v2/types?options=noAttrDetail&limit=1&offset=1")).json()
    assert car["attrs"] == {"speed": {"types": []}, "to": {"types": []}}


async def test_types_keep_to_service_paths(v2: V2) -> None:
    await given_things(v2)

    for path, names in [
        ("/", ["Car", "Room"]),
        ("/#", ["Bus", "Car", "Room"]),
        ("/a", []),
        ("/a/#", ["Bus"]),
        ("/a/b", ["Bus"]),
        ("/a_b/#", []),
    ]:
        answer = await v2.get("/v2/types?options=values", Fiware_ServicePath=path)
        assert answer.json() == names, path


async def test_one_type_is_told(v2: V2) -> None:
    await given_things(v2)

    assert (await v2.get("/v2/types/Room")).json() == ROOM
    assert (await v2.get("/v2/types/Car")).json() == CAR
    says(await v2.get("/v2/types/Nothing"), 404, "NotFound")
    says(await v2.get("/v2/types/Nothing?options=nonsense"), 400, "BadRequest")


async def test_nobody_has_no_types(v2: V2) -> None:
    assert (await v2.get("/v2/types")).json() == []


async def test_the_entry_point_names_the_rooms(v2: V2) -> None:
    assert (await v2.get("/v2")).json() == {
        "entities_url": "/v2/entities",
        "types_url": "/v2/types",
        "subscriptions_url": "/v2/subscriptions",
        "registrations_url": "/v2/registrations",
    }


async def test_the_version_is_told_to_everybody(v2: V2) -> None:
    answer = await v2.http.get("/version")

    assert answer.status_code == 200
    assert answer.json()["mieone"]["version"]
    assert answer.json()["mieone"]["uptime"].startswith("0 d, 0 h, ")
