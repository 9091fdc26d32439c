"""The few statistics a town's page shows, by their codes in 社会・人口統計体系."""

from mieone.core.model import TownCode
from mieone.core.region import Region

from .model import TownFigure, YearFigures

_SHOWN = {
    "population": "A2301",
    "households": "A7101",
    "children": "A1301",
    "aged": "A1303",
    "births": "A4101",
    "deaths": "A4200",
}


def latest_figures(region: Region, town: TownCode) -> list[TownFigure]:
    """What the region has no number for is left out."""
    found: list[TownFigure] = []
    for name, item in _SHOWN.items():
        series = _series(region, town, item)
        if series:
            year = max(series)
            found.append(TownFigure(name=name, unit=_unit(name), value=series[year], year=year))
    return found


def births_and_deaths(region: Region, town: TownCode) -> list[YearFigures]:
    births, deaths = _series(region, town, "A4101"), _series(region, town, "A4200")
    return [
        YearFigures(year=year, births=int(births[year]), deaths=int(deaths[year]))
        for year in sorted(births.keys() & deaths.keys())
    ]


def _unit(name: str) -> str:
    return "households" if name == "households" else "people"


def _series(region: Region, town: TownCode, item: str) -> dict[int, float]:
    return {
        figure.year: figure.value
        for figure in region.figures
        if figure.town == town and figure.item == item and figure.value is not None
    }
