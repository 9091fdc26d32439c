"""Fiware-ServicePath: one path to write, several and whole trees to read."""

import pytest

from .client import JSON, V2, says


async def given_trees(v2: V2) -> None:
    for name, path in [("A", "/"), ("B", "/a"), ("C", "/a/b"), ("D", "/a/b/c"), ("E", "/ab")]:
        await v2.create({"id": name, "type": "T", "x": {"value": 1}}, Fiware_ServicePath=path)


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        (None, "ABCDE"),
        ("/#", "ABCDE"),
        ("/", "A"),
        ("/a", "B"),
        ("/a/", "B"),
        ("/a/#", "BCD"),
        ("/a/b", "C"),
        ("/a/b/#", "CD"),
        ("/a,/ab", "BE"),
        ("/a, /ab", "BE"),
        ("/,/a/b/#", "ACD"),
        ("/ab/#", "E"),
        ("/b", ""),
        ("/a,/#", "ABCDE"),
    ],
)
async def test_reading_sees_the_paths_it_names(v2: V2, path: str | None, ids: str) -> None:
    await given_trees(v2)
    headers = {} if path is None else {"Fiware_ServicePath": path}

    assert "".join(await v2.ids("/v2/entities?options=count", **headers)) == ids
    asked = await v2.post("/v2/op/query", {"entities": [{"idPattern": ".*"}]}, **headers)
    assert "".join(entity["id"] for entity in asked.json()) == ids
    for name in "ABCDE":
        found = await v2.get(f"/v2/entities/{name}", **headers)
        assert found.status_code == (200 if name in ids else 404)


async def test_one_entity_may_stand_in_several_places(v2: V2) -> None:
    for path in ("/", "/a", "/b"):
        body: JSON = {"id": "E", "type": "T", "p": {"value": path}}
        await v2.create(body, Fiware_ServicePath=path)

    says(await v2.get("/v2/entities/E"), 409, "TooManyResults")
    for path in ("/", "/a", "/b"):
        shown = await v2.get("/v2/entities/E?options=keyValues", Fiware_ServicePath=path)
        assert shown.json()["p"] == path
    await v2.patch("/v2/entities/E/attrs", {"p": {"value": "new"}}, Fiware_ServicePath="/a")
    await v2.delete("/v2/entities/E", Fiware_ServicePath="/b")
    shown = (await v2.get("/v2/entities?options=keyValues&attrs=*,servicePath")).json()
    assert [(one["servicePath"], one["p"]) for one in shown] == [("/", "/"), ("/a", "new")]
    says(
        await v2.post("/v2/entities", {"id": "E", "type": "T"}, Fiware_ServicePath="/a"),
        422,
        "Unprocessable",
    )


async def test_writing_without_a_path_is_at_the_root(v2: V2) -> None:
    await given_trees(v2)

    says(await v2.patch("/v2/entities/B/attrs", {"x": {"value": 2}}), 404, "NotFound")
    says(await v2.delete("/v2/entities/B"), 404, "NotFound")
    assert (await v2.delete("/v2/entities/A")).status_code == 204


async def test_a_batch_is_written_in_one_place(v2: V2) -> None:
    body = {
        "actionType": "append",
        "entities": [{"id": "E", "type": "T"}, {"id": "F", "type": "T"}],
    }

    for path in ("/a", "/b"):
        assert (await v2.post("/v2/op/update", body, Fiware_ServicePath=path)).status_code == 204

    assert await v2.ids("/v2/entities") == ["E", "F", "E", "F"]
    assert await v2.ids("/v2/entities", Fiware_ServicePath="/b") == ["E", "F"]


async def test_a_service_path_can_be_asked_for(v2: V2) -> None:
    await given_trees(v2)

    assert await v2.ids("/v2/entities?q=servicePath==/a/b") == ["C"]
    assert await v2.ids("/v2/entities?orderBy=!servicePath") == ["E", "D", "C", "B", "A"]


@pytest.mark.parametrize(
    "path",
    ["a", "a/b", "/a b", "/a-b", "/a//b", "/" + "x" * 51, "/a" * 11, "/a/#/b", "/#/a", "/a#"],
)
async def test_what_is_no_service_path_is_refused(v2: V2, path: str) -> None:
    says(
        await v2.get("/v2/entities", Fiware_ServicePath=path.encode().decode("latin-1")),
        400,
        "BadRequest",
    )


@pytest.mark.parametrize("path", ["/a,/b", "/#", "/a/#"])
async def test_a_write_names_one_path(v2: V2, path: str) -> None:
    says(await v2.post("/v2/entities", {"id": "E"}, Fiware_ServicePath=path), 400, "BadRequest")


async def test_at_most_ten_paths_are_read(v2: V2) -> None:
    ten = ",".join(f"/p{n}" for n in range(10))

    assert (await v2.get("/v2/entities", Fiware_ServicePath=ten)).status_code == 200
    says(await v2.get("/v2/entities", Fiware_ServicePath=f"{ten},/x"), 400, "BadRequest")
