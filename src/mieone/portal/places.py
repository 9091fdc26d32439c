"""Offices from the region's files and everything else from its open context, for the map and its list."""

from collections.abc import Callable, Collection, Iterator, Sequence

from mieone.blocks.broker import OpenPlace, list_open_places
from mieone.core.house import House
from mieone.core.model import TownCode
from mieone.core.region import Region

from .model import Figure, FigureName, Hazard, Place, PlaceKind

_TYPES = {
    PlaceKind.STATION: "RailwayStation",
    PlaceKind.SHELTER: "EvacuationShelter",
    PlaceKind.EMERGENCY: "EvacuationSite",
    PlaceKind.WEATHER: "WeatherStation",
    PlaceKind.READING: "Reading",
}
_KINDS = {name: kind for kind, name in _TYPES.items()}


async def list_places(
    house: House,
    *,
    towns: Collection[TownCode],
    kinds: Collection[PlaceKind],
    hazard: Hazard | None = None,
) -> list[Place]:
    """In the order of the towns, then of the kinds; what stands in no town of ours comes last.

    With a hazard, emergency sites that are not safe from it are left out.
    """
    types = [name for kind, name in _TYPES.items() if kind in kinds]
    places = list(_offices(house.region)) if PlaceKind.OFFICE in kinds else []
    if types:
        places += _joined(
            _read(house.region, found) for found in await list_open_places(house, types)
        )
    order = {town.code: number for number, town in enumerate(house.region.towns)}
    rank = {kind: number for number, kind in enumerate(PlaceKind)}
    is_whole = set(order) <= set(towns)
    kept = [
        place
        for place in places
        if (place.town in towns or (is_whole and place.town is None))
        and (hazard is None or place.kind is not PlaceKind.EMERGENCY or hazard in place.hazards)
    ]
    return sorted(
        kept,
        key=lambda place: (order[place.town] if place.town else len(order), rank[place.kind]),
    )


def geojson(places: Sequence[Place], say: Callable[..., str]) -> dict[str, object]:
    """What the map draws and says; places without coordinates are on the list only."""
    kind_names = {kind: say(f"portal.kinds.{kind}") for kind in PlaceKind}
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
                "properties": {
                    "kind": place.kind,
                    "kind_name": kind_names[place.kind],
                    "name": place.name,
                    "address": place.address,
                    "figures": " ".join(
                        say(f"portal.readings.{figure.name}", value=figure.value)
                        for figure in place.figures
                    ),
                },
            }
            for place in places
            if place.lat is not None
        ],
    }


def types_of(kinds: Collection[PlaceKind]) -> list[str]:
    """What the map listens to while it is open."""
    return [name for kind, name in _TYPES.items() if kind in kinds]


def _offices(region: Region) -> Iterator[Place]:
    for office in region.offices:
        yield Place(
            kind=PlaceKind.OFFICE,
            town=office.town,
            name=office.name,
            kana=office.kana,
            address=office.address or "",
            note=office.telephone or "",
            lat=office.lat,
            lon=office.lon,
        )


def _read(region: Region, found: OpenPlace) -> Place:
    kind = _KINDS[found.type]
    code = TownCode(found.tenant)
    notes = {
        PlaceKind.STATION: "line",
        PlaceKind.SHELTER: "acceptedPersons",
        PlaceKind.WEATHER: "municipality",
    }
    figures = tuple(
        Figure(name=name, value=value)
        for name in FigureName
        if isinstance(value := found.values.get(name.value), int | float)
    )
    return Place(
        kind=kind,
        town=code if code in region.town_codes else None,
        name=_text(found, "name") or _text(found, "identifier"),
        address=_text(found, "address"),
        note=_text(found, notes[kind]) if kind in notes else "",
        lat=found.lat,
        lon=found.lon,
        hazards=_hazards(found),
        figures=figures if kind is PlaceKind.READING else (),
        read_at=found.modified_at if kind is PlaceKind.READING else None,
    )


def _joined(places: Iterator[Place]) -> list[Place]:
    """A station of two lines is one place."""
    kept: dict[tuple[PlaceKind, TownCode | None, str, float | None], Place] = {}
    for place in places:
        is_station = place.kind is PlaceKind.STATION
        key = (place.kind, place.town, place.name, None if is_station else place.lat)
        before = kept.get(key)
        if before is not None and is_station:
            lines = dict.fromkeys([*before.note.split("・"), place.note])
            place = Place(
                kind=place.kind,
                town=place.town,
                name=place.name,
                note="・".join(lines),
                lat=before.lat,
                lon=before.lon,
            )
        elif before is not None:
            key = (*key[:2], f"{place.name}\0{len(kept)}", place.lat)
        kept[key] = place
    return list(kept.values())


def _hazards(found: OpenPlace) -> tuple[Hazard, ...]:
    held = found.values.get("safeFrom")
    return tuple(hazard for hazard in Hazard if isinstance(held, list) and hazard.value in held)


def _text(found: OpenPlace, name: str) -> str:
    value = found.values.get(name)
    return value if isinstance(value, str) else ""
