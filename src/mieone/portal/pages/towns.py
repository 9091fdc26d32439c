"""The map of the region with its list, and a page for each town."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import File, Response

from mieone.core.house import House
from mieone.core.model import TownCode
from mieone.core.problems import NotFound
from mieone.core.region import Region, Town
from mieone.portal.figures import births_and_deaths, latest_figures
from mieone.portal.model import Hazard, PlaceKind
from mieone.portal.outline import bounds_of, draw_outline
from mieone.portal.places import geojson, list_places, types_of
from mieone.web import Page

_AT_FIRST = (PlaceKind.OFFICE, PlaceKind.STATION)
_MOST_UNFOLDED = 60
"""A longer list is folded by town, so that a phone shows all towns at once."""
_SOURCES = (
    "boundaries.geojson",
    "stations.csv",
    "shelters.csv",
    "evacuation_sites.csv",
    "weather_stations.csv",
)

AskedTown = Annotated[str, QueryParameter(name="town", required=False)]
AskedHazard = Annotated[str, QueryParameter(name="hazard", required=False)]
AskedKinds = Annotated[list[str] | None, QueryParameter(name="kind", required=False)]


@get("/map")
async def show_map(
    page: NamedDependency[Page],
    house: NamedDependency[House],
    town: AskedTown = "",
    kind: AskedKinds = None,
    hazard: AskedHazard = "",
) -> Response[str]:
    region = house.region
    shown = _find_town(region, town)
    kinds, danger = _kinds(kind), _find_hazard(hazard)
    outline = draw_outline(region)
    return page.render(
        "portal/map.html",
        towns=region.towns,
        shown=shown,
        kinds=kinds,
        all_kinds=tuple(PlaceKind),
        all_hazards=tuple(Hazard),
        danger=danger,
        places=await list_places(house, towns=_codes(region, shown), kinds=kinds, hazard=danger),
        most_unfolded=_MOST_UNFOLDED,
        live_types=types_of(kinds),
        outline=outline,
        bounds=bounds_of(region, shown.code) if shown else outline.bounds,
        names=[
            {"name": page.formats.plain_name(shape.names), "at": shape.label_at}
            for shape in outline.shapes
        ],
        query=_query(shown, kinds, danger),
        sources=[region.source(name) for name in _SOURCES],
    )


@get("/map/points.geojson")
async def get_points(
    page: NamedDependency[Page],
    house: NamedDependency[House],
    town: AskedTown = "",
    kind: AskedKinds = None,
    hazard: AskedHazard = "",
) -> Response[dict[str, object]]:
    shown = _find_town(house.region, town)
    places = await list_places(
        house,
        towns=_codes(house.region, shown),
        kinds=_kinds(kind),
        hazard=_find_hazard(hazard),
    )
    return Response(geojson(places, page.plain), media_type="application/geo+json")


@get("/map/boundaries.geojson")
async def get_boundaries(house: NamedDependency[House]) -> File:
    return File(
        house.region.file("boundaries.geojson"),
        media_type="application/geo+json",
        content_disposition_type="inline",
        headers={"Cache-Control": "public, max-age=86400"},
    )


@get("/towns/{code:str}")
async def show_town(
    code: FromPath[str], page: NamedDependency[Page], house: NamedDependency[House]
) -> Response[str]:
    region = house.region
    town = _find_town(region, code)
    if town is None:
        raise NotFound
    places = await list_places(house, towns={town.code}, kinds=tuple(PlaceKind))
    return page.render(
        "portal/town.html",
        town=town,
        by_kind={kind: [place for place in places if place.kind is kind] for kind in PlaceKind},
        figures=latest_figures(region, town.code),
        years=births_and_deaths(region, town.code),
        outline=draw_outline(region),
        source=region.source("statistics_timeseries.csv"),
        place_sources=[region.source(name) for name in _SOURCES[1:]],
    )


def _find_town(region: Region, code: str) -> Town | None:
    return region.towns_by_code.get(TownCode(code))


def _find_hazard(name: str) -> Hazard | None:
    return next((hazard for hazard in Hazard if hazard == name), None)


def _codes(region: Region, shown: Town | None) -> frozenset[TownCode]:
    return frozenset({shown.code}) if shown else region.town_codes


def _kinds(asked: list[str] | None) -> tuple[PlaceKind, ...]:
    """What was ticked; nothing ticked means the few that everybody looks for."""
    return tuple(kind for kind in PlaceKind if kind in (asked or ())) or _AT_FIRST


def _query(shown: Town | None, kinds: tuple[PlaceKind, ...], danger: Hazard | None) -> str:
    town = [f"town={shown.code}"] if shown else []
    town += [f"hazard={danger}"] if danger else []
    return "&".join([*town, *(f"kind={kind}" for kind in kinds)])
