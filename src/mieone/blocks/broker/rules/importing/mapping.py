"""One row of a data set as one entity, or as findings that say what is wrong with it."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    DEFAULT_VOCABULARY,
    AttributeKind,
    Change,
    Fragment,
    Instance,
    Iri,
    JsonValue,
    Null,
    Operation,
)
from mieone.blocks.broker.model.dataset import CellKind, Column, DataSet, Finding

from .tables import Row

_PLACE = re.compile(r"\{([^{}]+)\}")
_TRUE, _FALSE = (
    frozenset({"true", "1", "有", "○", "yes"}),
    frozenset({"false", "0", "無", "", "no"}),
)
MAX_CELL = 4000
_BEFORE = datetime(1, 1, 1, tzinfo=UTC)


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str | None
    """None is the default one."""
    change: Change


class BadCell(Exception):
    """Kept here: becomes a finding."""


def map_rows(
    dataset: DataSet, rows: Sequence[Row], attribution: str
) -> tuple[list[Imported], list[Finding]]:
    """Rows that are right, as changes in their order; the others are findings and change nothing."""
    missing = [name for name in _headings(dataset) if rows and name not in rows[0]]
    if missing:
        return [], [Finding(row=0, column=name, reason="no_such_column") for name in missing]
    imported: list[Imported] = []
    findings: list[Finding] = []
    seen: set[tuple[str | None, str]] = set()
    for number, row in enumerate(rows, start=1):
        if _is_left_out(dataset, row):
            continue
        made, wrong = _map_row(dataset, row, number, attribution)
        findings.extend(wrong)
        if made is None:
            continue
        key = (made.tenant, made.change.entity_id)
        if key in seen and dataset.series is None:
            findings.append(Finding(row=number, column=None, reason="twice", value=key[1]))
            continue
        seen.add(key)
        imported.append(made)
    return (_by_year(imported) if dataset.series else imported), findings


def _is_left_out(dataset: DataSet, row: Row) -> bool:
    """Rows of something else, and figures that nobody has: unknown is no mistake."""
    if any(row.get(name) != value for name, value in dataset.where.items()):
        return True
    return dataset.series is not None and not row.get(dataset.series.value, "").strip()


def expand(name: str) -> Iri:
    """Short names of data sets: `location` is the core's, the rest is the default vocabulary's."""
    return f"{CORE_VOCABULARY if name == 'location' else DEFAULT_VOCABULARY}{name}"


def _headings(dataset: DataSet) -> Iterable[str]:
    yield from _PLACE.findall(dataset.entity_id)
    yield from (column.column for column in dataset.columns if column.is_required)
    if dataset.tenant_column:
        yield dataset.tenant_column
    if dataset.position and dataset.position.is_required:
        yield from (dataset.position.latitude, dataset.position.longitude)
    if dataset.series:
        yield from (dataset.series.item, dataset.series.value, dataset.series.year)


def _map_row(
    dataset: DataSet, row: Row, number: int, attribution: str
) -> tuple[Imported | None, list[Finding]]:
    findings: list[Finding] = []
    attributes: dict[Iri, dict[str, Instance | Null]] = {}

    def note(column: str, error: BadCell) -> None:
        value = row.get(column, "")[:80]
        findings.append(Finding(row=number, column=column, reason=str(error), value=value))

    for column in dataset.columns:
        try:
            value = read_cell(column, row.get(column.column, ""))
        except BadCell as error:
            note(column.column, error)
            continue
        if value is not None:
            attributes[expand(column.attribute)] = _plain(value, column.unit)
    for flags in dataset.flags:
        words: list[JsonValue] = []
        for heading, word in flags.columns.items():
            try:
                if _boolean(row.get(heading, "")):
                    words.append(word)
            except BadCell as error:
                note(heading, error)
        attributes[expand(flags.attribute)] = _plain(words, None)
    if dataset.position:
        try:
            point = _point(row, dataset.position.latitude, dataset.position.longitude)
            if point is None and dataset.position.is_required:
                raise BadCell("empty")
        except BadCell as error:
            note(dataset.position.latitude, error)
        else:
            if point is not None:
                attributes[expand("location")] = point
    if dataset.series:
        try:
            attributes.update(_figure(dataset, row))
        except BadCell as error:
            note(dataset.series.value, error)
    entity_id = fill(dataset.entity_id, row)
    if entity_id is None:
        findings.append(Finding(row=number, column=None, reason="no_id"))
    if findings or entity_id is None:
        return None, findings
    attributes[expand("source")] = _plain(attribution, None)
    operation = Operation.UPSERT_UPDATE if dataset.series else Operation.UPSERT_REPLACE
    change = Change(
        operation=operation,
        entity_id=entity_id,
        fragment=Fragment(types=(expand(dataset.type),), attributes=attributes),
    )
    return Imported(tenant=_tenant(dataset, row), change=change), findings


def _by_year(figures: Sequence[Imported]) -> list[Imported]:
    """All figures of one thing and one year as one change, the oldest first."""
    gathered: dict[tuple[datetime, str | None, str], dict[Iri, dict[str, Instance | Null]]] = {}
    types = figures[0].change.fragment.types if figures else ()
    for figure in figures:
        attributes = figure.change.fragment.attributes
        year = max(
            instance.observed_at or _BEFORE
            for instances in attributes.values()
            for instance in instances.values()
            if isinstance(instance, Instance)
        )
        gathered.setdefault((year, figure.tenant, figure.change.entity_id), {}).update(attributes)
    ordered = sorted(gathered.items(), key=lambda entry: entry[0][0])
    return [
        Imported(
            tenant=tenant,
            change=Change(
                operation=Operation.UPSERT_UPDATE,
                entity_id=entity_id,
                fragment=Fragment(types=types, attributes=attributes),
            ),
        )
        for (_, tenant, entity_id), attributes in ordered
    ]


def _tenant(dataset: DataSet, row: Row) -> str | None:
    return row.get(dataset.tenant_column) if dataset.tenant_column else dataset.tenant


def _plain(value: JsonValue, unit: str | None) -> dict[str, Instance | Null]:
    instance = Instance(kind=AttributeKind.PROPERTY, value=value, unit_code=unit)
    return {DEFAULT_INSTANCE: instance}


def fill(template: str, row: Row) -> str | None:
    """The template with its places filled, each made fit for a URI; None when one is empty."""
    names = _PLACE.findall(template)
    if any(not row.get(name, "").strip() for name in names):
        return None
    return _PLACE.sub(lambda match: quote(row[match[1]].strip(), safe=""), template)


def read_cell(column: Column, text: str) -> JsonValue:
    """None for an empty cell. Raises BadCell naming what is wrong."""
    text = text.strip()
    if len(text) > MAX_CELL:
        raise BadCell("too_long")
    if not text:
        if column.is_required:
            raise BadCell("empty")
        return None
    match column.kind:
        case CellKind.TEXT:
            return text
        case CellKind.LIST:
            return [part.strip() for part in text.split(";") if part.strip()]
        case CellKind.BOOLEAN:
            return _boolean(text)
        case CellKind.NUMBER | CellKind.INTEGER:
            return _number(column, text)


def _number(column: Column, text: str) -> int | float:
    try:
        value: int | float = int(text) if column.kind is CellKind.INTEGER else float(text)
    except ValueError:
        raise BadCell("no_number") from None
    if not math.isfinite(value):
        raise BadCell("no_number")
    if column.low is not None and value < column.low:
        raise BadCell("too_small")
    if column.high is not None and value > column.high:
        raise BadCell("too_large")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise BadCell("no_yes_or_no")


def _point(row: Row, latitude: str, longitude: str) -> dict[str, Instance | Null] | None:
    degrees = [row.get(name, "").strip() for name in (longitude, latitude)]
    if not any(degrees):
        return None
    try:
        lon, lat = (float(text) for text in degrees)
    except ValueError:
        raise BadCell("no_number") from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadCell("no_place_on_earth")
    value: JsonValue = {"type": "Point", "coordinates": [lon, lat]}
    return {DEFAULT_INSTANCE: Instance(kind=AttributeKind.GEO_PROPERTY, value=value)}


def _figure(dataset: DataSet, row: Mapping[str, str]) -> dict[Iri, dict[str, Instance | Null]]:
    series = dataset.series
    assert series is not None
    year = row.get(series.year, "")
    if not re.fullmatch(r"[12]\d{3}", year):
        raise BadCell("no_year")
    number = Column(column=series.value, attribute="", kind=CellKind.NUMBER, is_required=True)
    value = read_cell(number, row.get(series.value, ""))
    item = row.get(series.item, "").strip()
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,60}", item):
        raise BadCell("no_name")
    subs = {
        expand(name): {DEFAULT_INSTANCE: Instance(kind=AttributeKind.PROPERTY, value=text)}
        for name, text in (("label", row.get(series.label, "")), ("unit", row.get(series.unit, "")))
        if text
    }
    instance = Instance(
        kind=AttributeKind.PROPERTY,
        value=value,
        # The source says the year only: the figure is dated by its beginning.
        observed_at=datetime(int(year), 1, 1, tzinfo=UTC),
        subs=subs,
    )
    return {expand(item): {DEFAULT_INSTANCE: instance}}
