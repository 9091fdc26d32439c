"""The map of the region with its list, and a page for each town."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, NamedTuple

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Response
from markupsafe import Markup

from mieone.blocks.broker import list_import_dates
from mieone.core.house import House
from mieone.core.model import TownCode
from mieone.core.problems import NotFound
from mieone.core.region import Region, Source, Town
from mieone.portal.figures import births_and_deaths, latest_figures
from mieone.portal.model import Hazard, Place, PlaceKind
from mieone.portal.outline import bounds_of, draw_outline, draw_places
from mieone.portal.places import geojson, list_places, types_of
from mieone.web import AnyRequest, Page
from mieone.web.packing import pack

_AT_FIRST = (PlaceKind.OFFICE, PlaceKind.STATION)
_MOST_UNFOLDED = 60
"""A longer list is folded by town, so that a phone shows all towns at once."""
_SOURCES = {
    PlaceKind.OFFICE: "offices.csv",
    PlaceKind.STATION: "stations.csv",
    PlaceKind.SHELTER: "shelters.csv",
    PlaceKind.EMERGENCY: "evacuation_sites.csv",
    PlaceKind.WEATHER: "weather_stations.csv",
}
"""Gauges have no file: each reading says its own time."""
_GROUND = "boundaries.geojson"


class ShownSource(NamedTuple):
    """One line under the map."""

    title: str
    """A message id."""
    source: Source | None
    as_of: Markup | str
    at: datetime | None = None


AskedTown = Annotated[str, QueryParameter(name="town", required=False)]
AskedHazard = Annotated[str, QueryParameter(name="hazard", required=False)]
AskedKinds = Annotated[list[str] | None, QueryParameter(name="kind", required=False)]


@get("/map")
async def show_map(
    request: AnyRequest,
    page: NamedDependency[Page],
    house: NamedDependency[House],
    town: AskedTown = "",
    kind: AskedKinds = None,
    hazard: AskedHazard = "",
) -> Response[bytes] | Response[str]:
    region = house.region
    shown = _find_town(region, town)
    kinds, danger = _kinds(kind), _find_hazard(hazard)
    outline = draw_outline(region)
    places = await _find_places(house, town, kind, hazard)
    answer = page.render(
        "portal/map.html",
        towns=region.towns,
        places=places,
        most_unfolded=_MOST_UNFOLDED,
        shown=shown,
        kinds=kinds,
        all_kinds=tuple(PlaceKind),
        all_hazards=tuple(Hazard),
        danger=danger,
        live_types=types_of(kinds),
        outline=outline,
        bounds=bounds_of(region, shown.code) if shown else outline.bounds,
        names=[
            {"name": page.formats.plain_name(shape.names), "at": shape.label_at}
            for shape in outline.shapes
        ],
        query=_query(shown, kinds, danger),
        sources=await _list_sources(house, page, kinds),
        marks=draw_places(outline, places),
    )
    # With somebody signed in the page holds a form's token.
    return answer if page.actor else pack(request.headers, answer)


@get("/map/list")
async def show_list(
    request: AnyRequest,
    page: NamedDependency[Page],
    house: NamedDependency[House],
    town: AskedTown = "",
    kind: AskedKinds = None,
    hazard: AskedHazard = "",
) -> Response[bytes]:
    """The list alone, for an open map that heard of something new."""
    places = await _find_places(house, town, kind, hazard)
    answer = page.render(
        "portal/_places.html",
        towns=house.region.towns,
        places=places,
        most_unfolded=_MOST_UNFOLDED,
    )
    return pack(request.headers, answer)


@get("/map/points.geojson")
async def get_points(
    request: AnyRequest,
    page: NamedDependency[Page],
    house: NamedDependency[House],
    town: AskedTown = "",
    kind: AskedKinds = None,
    hazard: AskedHazard = "",
) -> Response[bytes]:
    places = await _find_places(house, town, kind, hazard)
    content = msgspec.json.encode(geojson(places, page.plain))
    return pack(request.headers, Response(content, media_type="application/geo+json"))


@get("/map/boundaries.geojson")
async def get_boundaries(request: AnyRequest, house: NamedDependency[House]) -> Response[bytes]:
    answer = Response(
        house.region.file(_GROUND).read_bytes(),
        media_type="application/geo+json",
        headers={"Cache-Control": "public, max-age=86400"},
    )
    return pack(request.headers, answer)


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
        place_sources=[region.source(name) for name in _SOURCES.values()],
    )


async def _find_places(house: House, town: str, kind: list[str] | None, hazard: str) -> list[Place]:
    return await list_places(
        house,
        towns=_codes(house.region, _find_town(house.region, town)),
        kinds=_kinds(kind),
        hazard=_find_hazard(hazard),
    )


async def _list_sources(
    house: House, page: Page, kinds: Collection[PlaceKind]
) -> list[ShownSource]:
    """Of the ground and of each kind on the map, with the day it was true and the day it came in."""
    imported = await list_import_dates(house)
    ground = house.region.source(_GROUND)
    found = [ShownSource("portal.map.sources.ground", ground, _as_of(page, ground))]
    for kind in kinds:
        source = house.region.source(_SOURCES[kind]) if kind in _SOURCES else None
        found.append(
            ShownSource(
                f"portal.kinds.{kind}",
                source,
                _as_of(page, source) if source else "",
                next((imported[name] for name in types_of([kind]) if name in imported), None),
            )
        )
    return found


def _as_of(page: Page, source: Source) -> Markup | str:
    """A day in words; what is written coarser than a day stays as it is."""
    try:
        return page.formats.date_year(date.fromisoformat(source.as_of))
    except ValueError:
        return source.as_of


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
