"""The machine entrance of the door."""

from uuid import uuid4

import httpx

from . import given
from .test_sheet import Family, family

__all__ = ["family"]
PATH = "/api/exchange/v1/disclosures"
BODY = {"dataset": given.DATASET, "items": ["name", "address"], "purpose": given.PURPOSE}


async def ask(family: Family, **headers: str) -> httpx.Response:
    shown = {"x-client": given.SERVICE, "x-token-person": str(family.mother.person_id), **headers}
    return await family.client.post(PATH, json=BODY, headers=shown)


async def test_a_service_gets_exactly_what_was_agreed(family: Family) -> None:
    await given.give(family.world, family.mother)
    request_id = str(uuid4())

    answer = await ask(family, **{"Request-Id": request_id})

    assert answer.status_code == 200
    body = answer.json()
    assert body["request_id"] == request_id
    assert [one["items"]["name"] for one in body["records"]] == ["見本花子", "見本そら"]
    assert body["records"][0]["ref"]
    assert body["records"][1]["ref"] is None
    assert set(body["records"][0]) == {"ref", "holder", "items"}


async def test_a_refusal_is_a_problem_that_says_no_reason(family: Family) -> None:
    refused = await ask(family)
    unknown = await ask(family, **{"x-token-person": str(uuid4())})

    assert refused.status_code == unknown.status_code == 403
    assert refused.json()["type"].endswith("/problems/exchange/refused")
    assert refused.json()["title"] == unknown.json()["title"]
    assert set(refused.json()) == set(unknown.json())
    assert refused.json()["detail"][:20] == unknown.json()["detail"][:20]


async def test_a_token_without_a_person_opens_nothing(family: Family) -> None:
    answer = await family.client.post(PATH, json=BODY, headers={"x-client": "nursery"})

    assert answer.json()["type"].endswith("/problems/exchange/no-person")


async def test_the_catalogue_lists_datasets_and_rights(family: Family) -> None:
    datasets = (await family.client.get("/api/exchange/v1/datasets")).json()
    rights = (
        await family.client.get("/api/exchange/v1/rights", headers={"x-client": "nursery"})
    ).json()

    assert [one["dataset"] for one in datasets["datasets"]] == [given.DATASET]
    assert "nursery-booking" in datasets["datasets"][0]["purposes"]
    assert rights["rights"][0]["basis"] == "opt_in"


async def test_integrators_find_their_entrance(family: Family) -> None:
    page = await family.client.get("/developers")

    assert page.status_code == 200
    assert "household@1" in page.text


async def test_the_entrance_is_described_in_openapi(family: Family) -> None:
    described = (await family.client.get("/schema/openapi.json")).json()

    assert PATH in described["paths"]
    assert "/api/consent/v1/jwks" in described["paths"]
    assert described["paths"][PATH]["post"]["operationId"] == "postDisclosure"
