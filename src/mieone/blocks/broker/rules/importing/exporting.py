"""Entities of a data set as the CSV file its readers know: the same headings, the same order."""

import csv
import io
from collections.abc import Sequence

import msgspec

from mieone.blocks.broker.model import DEFAULT_INSTANCE, Entity, JsonValue
from mieone.blocks.broker.model.dataset import DataSet

from .formulas import mark
from .named import expand


def write_csv(dataset: DataSet, held: Sequence[tuple[str, Entity]], headings: Sequence[str]) -> str:
    """Each entity with the name of its tenant; UTF-8, CRLF, as spreadsheets expect.

    Headings the data set does not map stay empty.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    for tenant, entity in held:
        named = {dataset.tenant_column: tenant} if dataset.tenant_column else {}
        cells = {**named, **_cells(dataset, entity)}
        writer.writerow([cells.get(heading, "") for heading in headings])
    return out.getvalue()


def _cells(dataset: DataSet, entity: Entity) -> dict[str, str]:
    cells: dict[str, str] = {}
    for column in dataset.columns:
        value = _value(entity, column.attribute)
        if value is not None:
            cells[column.column] = mark(_text(value))
    for flags in dataset.flags:
        words = _value(entity, flags.attribute)
        held = words if isinstance(words, list) else []
        for heading, word in flags.columns.items():
            cells[heading] = "1" if word in held else ""
    location = _value(entity, "location")
    if dataset.position and isinstance(location, dict):
        point = location.get("coordinates")
        if isinstance(point, list) and location.get("type") == "Point":
            cells[dataset.position.longitude] = _text(point[0])
            cells[dataset.position.latitude] = _text(point[1])
    return cells


def _value(entity: Entity, attribute: str) -> JsonValue:
    instance = entity.attributes.get(expand(attribute), {}).get(DEFAULT_INSTANCE)
    return None if instance is None else instance.value


def _text(value: JsonValue) -> str:
    match value:
        case str():
            return value
        case bool():
            return "1" if value else "0"
        case list():
            return ";".join(_text(member) for member in value)
        case _:
            return msgspec.json.encode(value).decode()
