"""What every NGSI-LD operation does the same, seen at the smallest of them."""

import httpx
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

    check_problem(unknown, 404, "NonexistentTenant")


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
