"""csf: which context sources a question goes to, by what they say of themselves."""

import httpx
import pytest

from .saying import BATCH, ENTITIES, ONE, register, shelter, value

QUERY = f"{BATCH}/query"
PUBLIC, PRIVATE = 'operator=="town"', 'operator=="club"'


@pytest.mark.parametrize(("csf", "told"), [(None, 7), (PUBLIC, 7), (PRIVATE, 1)])
@pytest.mark.parametrize("in_body", [False, True])
async def test_only_sources_of_that_kind_are_asked(
    here: httpx.AsyncClient,
    there: httpx.AsyncClient,
    csf: str | None,
    told: int,
    in_body: bool,
) -> None:
    await here.post(ENTITIES, json=shelter(capacity=value(1)))
    await there.post(ENTITIES, json=shelter(capacity=value(7)))
    await register(here, there.base_url, operator="town")
    asked = {} if csf is None else {"csf": csf}

    if in_body:
        body = {"type": "Query", "entities": [{"type": "Shelter"}], **asked}
        answer = await here.post(QUERY, json=body)
    else:
        answer = await here.get(ENTITIES, params={"type": "Shelter", **asked})

    assert answer.status_code == 200, answer.text
    (found,) = answer.json()
    assert (found["id"], found["capacity"]["value"]) == (ONE, told)


async def test_a_filter_holds_on_every_page_of_an_entity_map(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await here.post(ENTITIES, json=shelter(capacity=value(1)))
    await there.post(ENTITIES, json=shelter(capacity=value(7)))
    await register(here, there.base_url, operator="town")
    asked = {"type": "Shelter", "csf": PRIVATE}

    made = await here.get(ENTITIES, params={**asked, "entityMap": "true"})
    page = await here.get(
        ENTITIES, params=asked, headers={"NGSILD-EntityMap": made.headers["NGSILD-EntityMap"]}
    )

    assert [one["capacity"]["value"] for one in page.json()] == [1]


@pytest.mark.parametrize(("csf", "days"), [(PUBLIC, [1, 2]), (PRIVATE, [1])])
async def test_histories_come_from_sources_of_that_kind(
    here: httpx.AsyncClient, there: httpx.AsyncClient, csf: str, days: list[int]
) -> None:
    temporal = "/ngsi-ld/v1/temporal/entities"
    for client, day in ((here, 1), (there, 2)):
        levels = [value(day, observedAt=f"2026-01-0{day}T00:00:00Z")]
        await client.post(temporal, json=shelter(level=levels))
    await register(here, there.base_url, operations=["queryTemporal"], operator="town")
    span = {"timerel": "after", "timeAt": "2025-01-01T00:00:00Z"}

    (found,) = (await here.get(temporal, params={"type": "Shelter", "csf": csf, **span})).json()

    level = found["level"]
    instances = level if isinstance(level, list) else [level]
    assert [instance["value"] for instance in instances] == days


async def test_a_filter_that_cannot_be_read_is_refused(here: httpx.AsyncClient) -> None:
    answer = await here.get(ENTITIES, params={"type": "Shelter", "csf": "operator=="})

    assert answer.status_code == 400
