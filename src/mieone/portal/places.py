"""Offices, stations and shelters of the region as places, for the map and for the list beside it."""

from collections.abc import Collection, Iterator, Sequence

from mieone.core.model import TownCode
from mieone.core.region import Region
from mieone.core.region_tables import EvacuationSite

from .model import Hazard, Place, PlaceKind


def list_places(
    region: Region, *, towns: Collection[TownCode], kinds: Collection[PlaceKind]
) -> list[Place]:
    """In the order of the towns, then of the kinds, as the region's files have them."""
    order = [town.code for town in region.towns]
    kept = [
        place
        for kind in PlaceKind
        if kind in kinds
        for place in _READERS[kind](region)
        if place.town in towns
    ]
    return sorted(kept, key=lambda place: order.index(place.town))


def geojson(places: Sequence[Place], kind_names: dict[PlaceKind, str]) -> dict[str, object]:
    """What the map draws; places without coordinates are on the list only."""
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
                },
            }
            for place in places
            if place.lat is not None
        ],
    }


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


def _stations(region: Region) -> Iterator[Place]:
    """A station of two lines is one place."""
    lines: dict[tuple[TownCode, str], list[str]] = {}
    for station in region.stations:
        lines.setdefault((station.town, station.name), []).append(station.line)
    seen: set[tuple[TownCode, str]] = set()
    for station in region.stations:
        key = (station.town, station.name)
        if key in seen:
            continue
        seen.add(key)
        yield Place(
            kind=PlaceKind.STATION,
            town=station.town,
            name=station.name,
            note="・".join(lines[key]),
            lat=station.lat,
            lon=station.lon,
        )


def _shelters(region: Region) -> Iterator[Place]:
    for shelter in region.shelters:
        yield Place(
            kind=PlaceKind.SHELTER,
            town=shelter.town,
            name=shelter.name,
            address=shelter.address,
            note=shelter.accepted_persons or "",
            lat=shelter.lat,
            lon=shelter.lon,
        )


def _emergency_sites(region: Region) -> Iterator[Place]:
    for site in region.evacuation_sites:
        yield Place(
            kind=PlaceKind.EMERGENCY,
            town=site.town,
            name=site.name,
            address=site.address,
            lat=site.lat,
            lon=site.lon,
            hazards=_hazards(site),
        )


def _hazards(site: EvacuationSite) -> tuple[Hazard, ...]:
    return tuple(hazard for hazard in Hazard if getattr(site, hazard.value))


_READERS = {
    PlaceKind.OFFICE: _offices,
    PlaceKind.STATION: _stations,
    PlaceKind.SHELTER: _shelters,
    PlaceKind.EMERGENCY: _emergency_sites,
}
