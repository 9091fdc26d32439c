"""What the region's own files say, as everybody reads it: whole, plausible, and with its source."""

from collections import Counter
from typing import Any

import httpx
import pytest

from mieone.blocks.broker.actions.importing import Importer
from mieone.blocks.broker.actions.parts import Broker
from mieone.core.region import Region

HAZARDS = {
    "flood",
    "landslide",
    "storm_surge",
    "earthquake",
    "tsunami",
    "large_fire",
    "inland_flood",
    "volcano",
}


async def entities(client: httpx.AsyncClient, kind: str, tenant: str) -> list[dict[str, Any]]:
    answer = await client.get(
        f"/ngsi-ld/v1/entities?type={kind}&limit=1000&options=keyValues",
        headers={"NGSILD-Tenant": tenant},
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.fixture
async def filled(broker: Broker) -> None:
    await Importer(broker).import_region_files()


@pytest.mark.usefixtures("filled")
async def test_all_towns_are_covered_and_every_entity_says_where_it_comes_from(
    broker_client: httpx.AsyncClient, region: Region
) -> None:
    counts: Counter[str] = Counter()
    for town in region.towns:
        for kind in ("EvacuationSite", "EvacuationShelter", "RailwayStation", "TownStatistics"):
            found = await entities(broker_client, kind, town.code)
            counts[kind] += len(found)
            # One town has no railway.
            assert found or kind == "RailwayStation", (town.code, kind)
            for one in found:
                assert one["source"], one["id"]
                assert one["license"], one["id"]
                assert one["dataProvider"], one["id"]
                if kind != "TownStatistics":
                    assert one["municipalityCode"] == town.code
    assert counts == {
        "EvacuationSite": 369,
        "EvacuationShelter": 224,
        "RailwayStation": 19,
        "TownStatistics": 6,
    }


@pytest.mark.usefixtures("filled")
async def test_places_lie_in_or_by_their_town_and_hazards_are_known(
    broker_client: httpx.AsyncClient, region: Region
) -> None:
    told: set[str] = set()
    for town in region.towns:
        for kind in ("EvacuationSite", "EvacuationShelter", "RailwayStation"):
            for one in await entities(broker_client, kind, town.code):
                lon, lat = one["location"]["coordinates"]
                # No town reaches farther than half a degree from its office.
                assert abs(lat - town.office.lat) < 0.5, one["id"]
                assert abs(lon - town.office.lon) < 0.5, one["id"]
                if kind == "EvacuationSite":
                    assert one["safeFrom"], one["id"]
                    told |= set(one["safeFrom"])
    assert told == HAZARDS


@pytest.mark.usefixtures("filled")
async def test_statistics_have_their_years(broker_client: httpx.AsyncClient) -> None:
    answer = await broker_client.get(
        "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:TownStatistics:244414?attrs=A1101,A2301",
        headers={"NGSILD-Tenant": "244414"},
    )
    told = answer.json()

    assert [one["observedAt"][:4] for one in told["A1101"]] == ["2010", "2015", "2020"]
    assert told["A1101"][-1]["value"] == 14021
    assert told["A1101"][-1]["unit"]["value"] == "人"
    years = [one["observedAt"] for one in told["A2301"]]
    assert years == sorted(set(years))
    now = await entities(broker_client, "TownStatistics", "244414")
    assert now[0]["A1101"] == 14021
