"""What every NGSI-LD operation does the same, seen at the smallest of them."""

import httpx
import msgspec
import pytest

INFO = "/ngsi-ld/v1/info/sourceIdentity"
CONTEXT_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"


def check_problem(response: httpx.Response, status: int, name: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    problem = response.json()
    assert problem["type"] == f"{ERRORS}{name}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["title"] != problem["detail"]


async def test_json_answers_name_their_context_in_a_header(
    broker_client: httpx.AsyncClient,
) -> None:
    response = await broker_client.get(INFO)

    assert response.headers["content-type"] == "application/json"
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in response.headers["link"]
    assert response.json()["type"] == "ContextSourceIdentity"
    assert "@context" not in response.json()


async def test_json_ld_answers_carry_their_context(broker_client: httpx.AsyncClient) -> None:
    response = await broker_client.get(INFO, headers={"Accept": "application/ld+json"})

    assert response.headers["content-type"] == "application/ld+json"
    assert "link" not in response.headers
    assert response.json()["@context"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/ld+json;q=0.9, application/json;q=0.8", "application/ld+json"),
        ("text/html, application/json;q=0, application/*;q=0.1", "application/ld+json"),
        ("application/json; charset=utf-8", "application/json"),
    ],
)
async def test_the_reader_chooses_the_media_type(
    broker_client: httpx.AsyncClient, accept: str, expected: str
) -> None:
    response = await broker_client.get(INFO, headers={"Accept": accept})

    assert response.headers["content-type"] == expected


@pytest.mark.parametrize("accept", ["application/xml", "application/geo+json", "text/html"])
async def test_what_nobody_here_speaks_is_not_acceptable(
    broker_client: httpx.AsyncClient, accept: str
) -> None:
    check_problem(await broker_client.get(INFO, headers={"Accept": accept}), 406, "NotAcceptable")


async def test_parameters_and_options_are_known_or_refused(
    broker_client: httpx.AsyncClient,
) -> None:
    check_problem(await broker_client.get(f"{INFO}?strange=1"), 400, "InvalidRequest")
    check_problem(await broker_client.get(f"{INFO}?options=sysAttrs"), 400, "InvalidRequest")
    check_problem(await broker_client.get(f"{INFO}?local=true&local=true"), 400, "InvalidRequest")
    check_problem(await broker_client.get(f"{INFO}?local=maybe"), 400, "BadRequestData")
    check_problem(await broker_client.get(f"{INFO}?local=%FF"), 400, "InvalidRequest")
    assert (await broker_client.get(f"{INFO}?local=true")).status_code == 200


async def test_links_of_another_relation_are_no_contexts(broker_client: httpx.AsyncClient) -> None:
    other = "<https://example.org/x>; rel=help"
    two = f"{CONTEXT_LINK.format(CORE)}, {CONTEXT_LINK.format(CORE)}"

    plain = await broker_client.get(INFO, headers={"Link": other})

    assert plain.status_code == 200
    check_problem(await broker_client.get(INFO, headers={"Link": two}), 400, "BadRequestData")
    check_problem(await broker_client.get(INFO, headers={"Link": "junk"}), 400, "BadRequestData")


async def test_tenants_are_echoed_and_never_made_by_a_header(
    broker_client: httpx.AsyncClient,
) -> None:
    unknown = await broker_client.get(INFO, headers={"NGSILD-Tenant": "nobody"})

    known = await broker_client.get(INFO, headers={"NGSILD-Tenant": "region"})

    check_problem(unknown, 404, "NonexistentTenant")
    assert known.headers["ngsild-tenant"] == "region"


async def test_a_request_that_comes_back_is_a_loop(broker_client: httpx.AsyncClient) -> None:
    alias = (await broker_client.get(INFO)).json()["contextSourceAlias"]

    again = await broker_client.get(INFO, headers={"Via": f"1.1 other, 1.1 {alias}"})
    foreign = await broker_client.get(INFO, headers={"Via": "1.1 other"})

    check_problem(again, 508, "LoopDetected")
    assert foreign.status_code == 200


async def test_paths_and_methods_fail_in_the_standards_form(
    broker_client: httpx.AsyncClient,
) -> None:
    nowhere = await broker_client.get("/ngsi-ld/v1/nowhere")
    wrong = await broker_client.delete(INFO)

    check_problem(nowhere, 404, "ResourceNotFound")
    check_problem(wrong, 405, "MethodNotAllowed")
    assert "GET" in wrong.headers["allow"]


async def test_a_slash_at_the_end_changes_nothing(broker_client: httpx.AsyncClient) -> None:
    assert (await broker_client.get(f"{INFO}/")).status_code == 200


async def test_ids_keep_the_slashes_they_are_written_with(
    broker_client: httpx.AsyncClient,
) -> None:
    entity = {"id": "http://example.org/rooms/1", "type": "Room", "a": {"value": 1}}
    made = await broker_client.post("/ngsi-ld/v1/entities", json=entity)
    path = "/ngsi-ld/v1/entities/http%3A%2F%2Fexample.org%2Frooms%2F1"

    changed = await broker_client.patch(f"{path}/attrs/a", json={"value": 2})
    found = await broker_client.get(path, params={"options": "keyValues"})
    head = await broker_client.head(path)

    assert (made.status_code, changed.status_code) == (201, 204)
    assert found.json() == {"id": "http://example.org/rooms/1", "type": "Room", "a": 2}
    assert head.status_code == 200
    assert head.content == b""


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "InvalidRequest"),
        (b"nonsense", "InvalidRequest"),
        (b'{"id": NaN}', "InvalidRequest"),
        (b'{"id": "\xff"}', "InvalidRequest"),
        (b'{"id": "\\ud800"}', "InvalidRequest"),
        (b'{"id": 1e999}', "InvalidRequest"),
        (b'"a text"', "InvalidRequest"),
        (b"null", "InvalidRequest"),
        (b"[" * 100_000, "BadRequestData"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "BadRequestData"),
        (b'{"id": "urn:a:b", "type": "T", "a": "\\u0000"}', "BadRequestData"),
        (b'{"id": "urn:a:b", "type": "T", "a": 1' + b"0" * 400 + b"}", "BadRequestData"),
        (b'{"@context": [], "id": "urn:a:b", "type": "T"}', "BadRequestData"),
    ],
)
async def test_no_body_does_worse_than_be_refused(
    broker_client: httpx.AsyncClient, body: bytes, name: str
) -> None:
    response = await broker_client.post(
        "/ngsi-ld/v1/entities", content=body, headers={"Content-Type": "application/json"}
    )

    check_problem(response, 400, name)


async def test_contexts_stand_where_the_media_type_says(broker_client: httpx.AsyncClient) -> None:
    entity = {"id": "urn:a:c", "type": "T", "a": {"value": 1}}
    as_ld = {"Content-Type": "application/ld+json"}
    linked = {"Link": CONTEXT_LINK.format(CORE)}
    path = "/ngsi-ld/v1/entities"

    without = await broker_client.post(path, content=msgspec.json.encode(entity), headers=as_ld)
    content = msgspec.json.encode({**entity, "@context": CORE})
    both = await broker_client.post(path, content=content, headers={**as_ld, **linked})
    xml = await broker_client.post(path, content="<a/>", headers={"Content-Type": "text/xml"})
    right = await broker_client.post(path, content=content, headers=as_ld)

    check_problem(without, 400, "BadRequestData")
    check_problem(both, 400, "BadRequestData")
    check_problem(xml, 415, "UnsupportedMediaType")
    assert right.status_code == 201


async def test_a_body_has_an_upper_limit(broker_client: httpx.AsyncClient) -> None:
    response = await broker_client.post(
        "/ngsi-ld/v1/entities",
        content=b" " * (13 * 1024 * 1024),
        headers={"Content-Type": "application/json"},
    )

    check_problem(response, 413, "RequestEntityTooLarge")


async def test_pages_lead_to_each_other_and_keep_what_was_asked(
    broker_client: httpx.AsyncClient,
) -> None:
    batch = [{"id": f"urn:p:{n}", "type": "P", "a": {"value": n}} for n in range(5)]
    await broker_client.post("/ngsi-ld/v1/entityOperations/create", json=batch)
    seen: list[str] = []
    path: str | None = "/ngsi-ld/v1/entities/?type=P&limit=2&count=true&options=keyValues"

    while path is not None:
        page = await broker_client.get(path, headers={"Accept": "application/ld+json"})
        assert page.headers["ngsild-results-count"] == "5"
        assert all(isinstance(one["a"], int) for one in page.json())
        seen += [one["id"] for one in page.json()]
        path = page.links.get("next", {}).get("url")

    assert seen == [f"urn:p:{n}" for n in range(5)]
    assert page.links["prev"]["url"].startswith("/ngsi-ld/v1/entities?type=P&limit=2&count=true")


async def test_everything_of_a_page_comes_in_each_form(broker_client: httpx.AsyncClient) -> None:
    batch = [
        {
            "id": "urn:f:1",
            "type": "F",
            "a": 1,
            "location": {"type": "Point", "coordinates": [1, 2]},
        },
        {"id": "urn:f:2", "type": "F", "to": {"object": "urn:f:1"}},
    ]
    await broker_client.post("/ngsi-ld/v1/entityOperations/create", json=batch)

    async def ask(accept: str, **params: str) -> httpx.Response:
        path = "/ngsi-ld/v1/entities"
        return await broker_client.get(
            path, params={"type": "F", **params}, headers={"Accept": accept}
        )

    geo = await ask("application/geo+json", format="simplified")
    table = await ask("text/csv")
    concise = await ask("application/json", format="concise")
    joined = await ask("application/json", format="keyValues", join="inline")
    flat = await ask("application/json", join="flat", pick="id,to")

    assert geo.headers["content-type"] == "application/geo+json"
    assert geo.json()["features"][0]["geometry"] == {"type": "Point", "coordinates": [1, 2]}
    assert geo.json()["features"][1]["geometry"] is None
    assert "@context" in geo.json()
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines() == [
        "id,type,a,location.latitude,location.longitude,to",
        "urn:f:1,F,1,2,1,",
        "urn:f:2,F,,,,urn:f:1",
    ]
    assert concise.json() == batch
    assert joined.json()[1]["to"]["a"] == 1
    assert [one["id"] for one in flat.json()] == ["urn:f:1", "urn:f:2"]


async def test_geojson_names_its_context_where_the_reader_prefers(
    broker_client: httpx.AsyncClient,
) -> None:
    entity = {"id": "urn:g:1", "type": "G", "location": {"type": "Point", "coordinates": [1, 2]}}
    await broker_client.post("/ngsi-ld/v1/entities", json=entity)
    path, accept = "/ngsi-ld/v1/entities/urn:g:1", {"Accept": "application/geo+json"}

    inside = await broker_client.get(path, headers=accept)
    outside = await broker_client.get(path, headers={**accept, "Prefer": "body=json"})

    assert "@context" in inside.json()
    assert "link" not in inside.headers
    assert "@context" not in outside.json()
    assert "json-ld#context" in outside.headers["link"]
