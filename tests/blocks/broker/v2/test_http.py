"""Headers, bodies, methods and errors: the same at every place."""

import httpx
import pytest

from .client import V2, says

BODIES = [
    ("POST", "/v2/entities"),
    ("POST", "/v2/entities/E/attrs"),
    ("PATCH", "/v2/entities/E/attrs"),
    ("PUT", "/v2/entities/E/attrs"),
    ("PUT", "/v2/entities/E/attrs/a"),
    ("POST", "/v2/op/update"),
    ("POST", "/v2/op/query"),
    ("POST", "/v2/op/notify"),
    ("POST", "/v2/subscriptions"),
    ("PATCH", "/v2/subscriptions/x"),
    ("POST", "/v2/registrations"),
]
READS = [
    "/v2",
    "/v2/entities",
    "/v2/entities/E",
    "/v2/entities/E/attrs",
    "/v2/entities/E/attrs/a",
    "/v2/types",
    "/v2/types/T",
    "/v2/subscriptions",
    "/v2/registrations",
]


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_body_is_wanted_and_of_json(v2: V2, method: str, path: str) -> None:
    json = {"Content_Type": "application/json"}
    says(await v2.ask(method, path, "", **json), 411, "ContentLengthRequired")
    says(await v2.ask(method, path, "{}"), 415, "UnsupportedMediaType")
    says(
        await v2.ask(method, path, "{}", Content_Type="application/ld+json"),
        415,
        "UnsupportedMediaType",
    )
    for text in ("{", "x", '{"a": }', "{'a': 1}", '{"a": NaN}', "\xff", '{"a": 1} x'):
        says(await v2.ask(method, path, text, **json), 400, "ParseError")


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_deep_body_is_refused(v2: V2, method: str, path: str) -> None:
    deep = '{"a":' * 5000 + "1" + "}" * 5000

    answer = await v2.ask(method, path, deep, Content_Type="application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize("path", READS)
async def test_answers_are_json_only(v2: V2, path: str) -> None:
    says(await v2.get(path, Accept="text/turtle"), 406, "NotAcceptable")
    says(await v2.get(path, Accept="application/ld+json"), 406, "NotAcceptable")


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/json", "text/html, */*;q=0.1"]
)
async def test_what_takes_json_gets_it(v2: V2, accept: str) -> None:
    answer = await v2.get("/v2/entities", Accept=accept)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v2/entities"),
        ("PATCH", "/v2/entities"),
        ("DELETE", "/v2/entities"),
        ("POST", "/v2/entities/E"),
        ("PUT", "/v2/entities/E"),
        ("PATCH", "/v2/entities/E"),
        ("DELETE", "/v2/entities/E/attrs"),
        ("POST", "/v2/entities/E/attrs/a"),
        ("PATCH", "/v2/entities/E/attrs/a"),
        ("POST", "/v2/entities/E/attrs/a/value"),
        ("DELETE", "/v2/entities/E/attrs/a/value"),
        ("POST", "/v2/types"),
        ("DELETE", "/v2/types/T"),
        ("GET", "/v2/op/update"),
        ("GET", "/v2/op/query"),
        ("PUT", "/v2/op/notify"),
        ("DELETE", "/v2/subscriptions"),
        ("PUT", "/v2/subscriptions/x"),
        ("POST", "/v2/subscriptions/x"),
        ("PATCH", "/v2/registrations/x"),
        ("PUT", "/v2/registrations/x"),
        ("DELETE", "/v2/registrations"),
        ("POST", "/v2"),
    ],
)
async def test_a_method_that_is_none_here_is_refused(v2: V2, method: str, path: str) -> None:
    answer = await v2.ask(method, path, {})

    says(answer, 405, "MethodNotAlowed")
    assert method not in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/v2/", "/v2/foo", "/v2/op", "/v2/op/foo", "/v2/entities/E/foo"])
async def test_a_path_that_is_none_here_is_not_found(v2: V2, path: str) -> None:
    answer = await v2.get(path)

    assert answer.status_code in (404, 200 if path == "/v2/" else 404)
    if answer.status_code == 404:
        says(answer, 404, "NotFound")


@pytest.mark.parametrize(
    ("service", "status"),
    [
        ("T1", 200),
        ("t1", 200),
        ("", 200),
        ("no_such_town", 404),
        ("a-b", 400),
        ("a b", 400),
        ("x" * 51, 400),
    ],
)
async def test_a_service_is_a_tenant(v2_http: httpx.AsyncClient, service: str, status: int) -> None:
    answer = await v2_http.get("/v2/entities", headers={"Fiware-Service": service})

    assert answer.status_code == status, answer.text


async def test_tenants_see_nothing_of_each_other(v2: V2, v2_http: httpx.AsyncClient) -> None:
    await v2.create({"id": "E", "type": "T"})

    upper = await v2_http.get("/v2/entities", headers={"Fiware-Service": v2.tenant.upper()})
    other = await v2_http.get("/v2/entities/E", headers={"Fiware-Service": "t899"})

    assert [one["id"] for one in upper.json()] == ["E"]
    says(other, 404, "NotFound")


async def test_a_correlator_is_given_back(v2: V2) -> None:
    named = await v2.get("/v2/entities", Fiware_Correlator="abc-1")
    failed = await v2.get("/v2/entities/X", Fiware_Correlator="abc-2")
    made = await v2.get("/v2/entities")

    assert named.headers["fiware-correlator"] == "abc-1"
    assert failed.headers["fiware-correlator"] == "abc-2"
    assert len(made.headers["fiware-correlator"]) == 36


async def test_a_text_that_no_database_holds_is_refused(v2: V2) -> None:
    for text in (
        '{"id": "E", "a": {"value": "\\u0000"}}',
        '{"id": "E", "a": {"value": "\\ud800"}}',
    ):
        answer = await v2.post("/v2/entities", text, Content_Type="application/json")
        assert answer.status_code == 400, text
    assert (await v2.get("/v2/entities?id=%00")).status_code == 400
    assert (await v2.get("/v2/entities/%00")).status_code == 400
