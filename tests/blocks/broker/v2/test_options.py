"""What of an entity is shown, how, and how many at once."""

import pytest

from .client import V2, says


async def given_cars(v2: V2) -> None:
    await v2.create_all(
        *(
            {
                "id": f"Car{n}",
                "type": "Car",
                "speed": {
                    "value": n * 10,
                    "metadata": {"accuracy": {"value": n}, "by": {"value": "x"}},
                },
                "colour": {"value": "red" if n % 2 else "blue"},
            }
            for n in range(1, 6)
        )
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("options=keyValues", {"id": "Car1", "type": "Car", "speed": 10, "colour": "red"}),
        ("options=values&attrs=colour,speed", ["red", 10]),
        ("options=values&attrs=speed,colour", [10, "red"]),
        ("options=values&attrs=speed,nothing", [10]),
        ("options=keyValues&attrs=speed", {"id": "Car1", "type": "Car", "speed": 10}),
        ("options=keyValues&attrs=nothing", {"id": "Car1", "type": "Car"}),
        ("options=keyValues&attrs=*", {"id": "Car1", "type": "Car", "speed": 10, "colour": "red"}),
        (
            "options=keyValues&attrs=servicePath",
            {"id": "Car1", "type": "Car", "servicePath": "/"},
        ),
        (
            "options=keyValues&attrs=*,servicePath",
            {"id": "Car1", "type": "Car", "speed": 10, "colour": "red", "servicePath": "/"},
        ),
        ("options=keyValues&attrs=alterationType", {"id": "Car1", "type": "Car"}),
        (
            "options=keyValues,skipForwarding&attrs=speed",
            {"id": "Car1", "type": "Car", "speed": 10},
        ),
    ],
)
async def test_an_entity_is_shown_as_asked(v2: V2, query: str, shown: object) -> None:
    await given_cars(v2)

    assert (await v2.get(f"/v2/entities/Car1?{query}")).json() == shown
    listed = (await v2.get(f"/v2/entities?id=Car1&{query}")).json()
    assert listed == [shown]


async def test_unique_leaves_repeats_out(v2: V2) -> None:
    await v2.create(
        {
            "id": "E",
            "type": "T",
            "a": {"value": 1},
            "b": {"value": 1},
            "c": {"value": True},
            "d": {"value": "1"},
        }
    )

    every = (await v2.get("/v2/entities/E?options=values&attrs=a,b,c,d")).json()
    unique = (await v2.get("/v2/entities/E?options=unique&attrs=a,b,c,d")).json()

    assert every == [1, 1, True, "1"]
    assert unique == [1, True, "1"]


async def test_attributes_stand_in_the_order_asked(v2: V2) -> None:
    await given_cars(v2)

    first = (await v2.get("/v2/entities/Car1?attrs=speed,colour")).json()
    second = (await v2.get("/v2/entities/Car1?attrs=colour,speed")).json()

    assert list(first) == ["id", "type", "speed", "colour"]
    assert list(second) == ["id", "type", "colour", "speed"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"accuracy", "by"}),
        ("metadata=accuracy", {"accuracy"}),
        ("metadata=*", {"accuracy", "by"}),
        ("metadata=dateCreated", {"dateCreated"}),
        ("metadata=dateModified,*", {"dateModified", "accuracy", "by"}),
        ("metadata=by,dateCreated", {"by", "dateCreated"}),
        ("metadata=nothing", set()),
        ("metadata=previousValue,actionType", set()),
    ],
)
async def test_metadata_is_shown_as_asked(v2: V2, query: str, names: set[str]) -> None:
    await given_cars(v2)

    shown = (await v2.get(f"/v2/entities/Car1?{query}")).json()

    assert set(shown["speed"]["metadata"]) == names
    [listed] = (await v2.get(f"/v2/entities?id=Car1&{query}")).json()
    assert set(listed["speed"]["metadata"]) == names


async def test_builtin_times_are_shown_when_named(v2: V2) -> None:
    await given_cars(v2)

    shown = (await v2.get("/v2/entities/Car1?attrs=dateCreated,dateModified,dateExpires")).json()
    old = (await v2.get("/v2/entities/Car1?options=dateCreated,dateModified")).json()

    assert set(shown) == {"id", "type", "dateCreated", "dateModified"}
    assert shown["dateCreated"]["type"] == "DateTime"
    assert shown["dateCreated"]["value"].endswith("Z")
    assert len(shown["dateCreated"]["value"]) == 24
    assert set(old) == {"id", "type", "speed", "colour", "dateCreated", "dateModified"}


async def test_a_change_moves_dateModified_only(v2: V2) -> None:
    await given_cars(v2)
    path = (
        "/v2/entities/Car1?attrs=dateCreated,dateModified,speed&metadata=dateCreated,dateModified"
    )
    before = (await v2.get(path)).json()

    await v2.patch("/v2/entities/Car1/attrs", {"speed": {"value": 99}})
    after = (await v2.get(path)).json()

    assert after["dateCreated"] == before["dateCreated"]
    assert after["dateModified"]["value"] > before["dateModified"]["value"]
    was, now = before["speed"]["metadata"], after["speed"]["metadata"]
    assert now["dateCreated"] == was["dateCreated"]
    assert now["dateModified"]["value"] > was["dateModified"]["value"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "12345"),
        ("limit=2", "12"),
        ("limit=2&offset=2", "34"),
        ("limit=2&offset=4", "5"),
        ("offset=3", "45"),
        ("offset=5", ""),
        ("offset=1000", ""),
        ("limit=1000", "12345"),
        ("orderBy=speed", "12345"),
        ("orderBy=!speed", "54321"),
        ("orderBy=colour,speed", "24135"),
        ("orderBy=colour,!speed", "42531"),
        ("orderBy=!colour,speed", "13524"),
        ("orderBy=!dateCreated", "54321"),
        ("orderBy=dateModified", "12345"),
        ("orderBy=!id", "54321"),
        ("orderBy=type,id", "12345"),
        ("orderBy=!speed&limit=2&offset=1", "43"),
        ("id=Car2", "2"),
        ("id=Car2,Car4", "24"),
        ("id=Car2,Nobody", "2"),
        ("id=Nobody", ""),
        ("idPattern=Car[24]", "24"),
        ("idPattern=^Car", "12345"),
        ("idPattern=.*", "12345"),
        ("idPattern=3$", "3"),
        ("idPattern=(1|2)$", "12"),
        ("idPattern=urn", ""),
        ("type=Car", "12345"),
        ("type=Bus", ""),
        ("type=Bus,Car", "12345"),
        ("typePattern=^C.r$", "12345"),
        ("typePattern=B", ""),
        ("id=Car1&type=Car", "1"),
        ("id=Car1&type=Bus", ""),
        ("idPattern=[12]&typePattern=Car", "12"),
        ("attrs=speed", "12345"),
        ("attrs=nothing", "12345"),
        ("whatever=1", "12345"),
    ],
)
async def test_lists_are_chosen_ordered_and_paged(v2: V2, query: str, ids: str) -> None:
    await given_cars(v2)

    assert await v2.ids(f"/v2/entities?{query}") == [f"Car{n}" for n in ids]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),
        ("&limit=1", 5),
        ("&offset=100", 5),
        ("&q=speed>20", 3),
        ("&type=Bus", 0),
        ("&id=Car1", 1),
    ],
)
async def test_a_count_tells_how_many_there_are(v2: V2, query: str, count: int) -> None:
    await given_cars(v2)

    answer = await v2.get(f"/v2/entities?options=count{query}")

    assert answer.headers["fiware-total-count"] == str(count)
    assert "fiware-total-count" not in (await v2.get("/v2/entities")).headers


async def test_a_page_has_twenty_by_default(v2: V2) -> None:
    entities = [{"id": f"E{n:02}", "type": "T"} for n in range(25)]
    await v2.post("/v2/op/update", {"actionType": "append", "entities": entities})

    assert len(await v2.ids("/v2/entities")) == 20
    assert len(await v2.ids("/v2/entities?offset=20")) == 5


async def test_kinds_of_values_stand_in_one_order(v2: V2) -> None:
    values: list[object] = [True, [1], {"a": 1}, "x", 5, None]
    await v2.create_all(
        *({"id": f"E{n}", "type": "T", "a": {"value": value}} for n, value in enumerate(values))
    )

    assert await v2.ids("/v2/entities?orderBy=a") == ["E5", "E4", "E3", "E2", "E1", "E0"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "offset=-1",
        "offset=x",
        "offset=",
        "options=",
        "options=foo",
        "options=keyValues,foo",
        "options=upsert",
        "attrs=",
        "attrs=a,,b",
        "metadata=",
        "orderBy=",
        "orderBy=a,a",
        "orderBy=a,!a",
        "orderBy=!",
        "id=",
        "type=",
        "id=a b",
        "id=a%26b",
        "id=E&idPattern=E",
        "type=T&typePattern=T",
        "idPattern=",
        "idPattern=[",
        "typePattern=(",
        "q=",
        "mq=",
        "georel=",
        "id=%3Cx%3E",
        "attrs=a%27b",
        "orderBy=geo:distance",
    ],
)
async def test_a_parameter_that_makes_no_sense_is_refused(v2: V2, query: str) -> None:
    says(await v2.get(f"/v2/entities?{query}"), 400, "BadRequest")
