"""One row of a data set as one entity, or as findings that say what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Change,
    Fragment,
    Instance,
    JsonValue,
    Operation,
)
from mieone.blocks.broker.model.dataset import DataSet, Finding

from .cells import BadCell, read_boolean, read_cell, read_point
from .figures import join_years, read_figure
from .named import Held, Imported, expand, fill, places_of, plain
from .tables import Row, Table


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """What a table says: rows that are right, as changes in their order, and what is wrong."""

    imported: Sequence[Imported] = ()
    findings: Sequence[Finding] = ()
    present: frozenset[tuple[str | None, str]] = frozenset()
    """Entities whose rows are there but wrong: they have not vanished."""
    has_nameless: bool = False
    """A row is there of which nobody knows what it is about."""


class _Wrong(msgspec.Struct, frozen=True):
    column: str | None
    reason: str


def map_rows(dataset: DataSet, table: Table, provenance: Mapping[str, str]) -> Mapped:
    """Rows that are wrong are findings and change nothing.

    `provenance`: what every entity says of where it comes from, by attribute.
    """
    missing = [name for name in _headings(dataset) if name not in table.headings]
    if missing and table.rows:
        gone = [Finding(row=0, column=name, reason="no_such_column") for name in missing]
        return Mapped(findings=gone, has_nameless=True)
    if not table.rows:
        empty = Finding(row=0, column=None, reason="no_rows")
        return Mapped(findings=[empty], has_nameless=True)
    told: Held = {expand(name): plain(text) for name, text in provenance.items()}
    imported: list[Imported] = []
    findings: list[Finding] = []
    keys: list[tuple[str | None, str]] = []
    seen: set[tuple[str | None, ...]] = set()
    has_nameless = False
    for number, row in enumerate(table.rows, start=1):
        if _is_left_out(dataset, row):
            continue
        line = table.line_of(number)
        key, made = (_tenant(dataset, row), fill(dataset.entity_id, row)), _map_row(dataset, row)
        same = (*key, *_item_of(dataset, row))
        wrong = list(_judge(key, made, is_twice=same in seen))
        findings += [_finding(row, number, line, one) for one in wrong]
        tenant, entity_id = key
        if entity_id is None:
            has_nameless = True
            continue
        keys.append((tenant, entity_id))
        if not wrong and not isinstance(made, list):
            seen.add(same)
            change = _change(dataset, entity_id, made, told)
            imported.append(Imported(tenant=tenant, change=change, row=number, line=line))
    if dataset.series:
        imported = join_years(imported, told)
    return Mapped(
        imported=imported,
        findings=findings,
        present=frozenset(keys),
        has_nameless=has_nameless,
    )


def _item_of(dataset: DataSet, row: Row) -> tuple[str, ...]:
    """Which figure of the thing a row is about."""
    series = dataset.series
    return (row.get(series.item, "").strip(), row.get(series.year, "").strip()) if series else ()


def _judge(
    key: tuple[str | None, str | None], made: "Held | list[_Wrong]", *, is_twice: bool
) -> Iterator[_Wrong]:
    if isinstance(made, list):
        yield from made
    if key[1] is None:
        yield _Wrong(None, "no_id")
    elif is_twice:
        yield _Wrong(None, "twice")


def _finding(row: Row, number: int, line: int, wrong: _Wrong) -> Finding:
    value = row.get(wrong.column, "")[:80] if wrong.column else ""
    return Finding(row=number, column=wrong.column, reason=wrong.reason, value=value, line=line)


def _is_left_out(dataset: DataSet, row: Row) -> bool:
    """Rows of something else, and figures that nobody has: unknown is no mistake."""
    if any(row.get(name) != value for name, value in dataset.where.items()):
        return True
    return dataset.series is not None and not row.get(dataset.series.value, "").strip()


def _headings(dataset: DataSet) -> list[str]:
    """Which must be there."""
    names = [*places_of(dataset.entity_id)]
    names += [column.column for column in dataset.columns if column.is_required]
    if dataset.tenant_column:
        names.append(dataset.tenant_column)
    if dataset.position and dataset.position.is_required:
        names += [dataset.position.latitude, dataset.position.longitude]
    if dataset.series:
        names += [dataset.series.item, dataset.series.value, dataset.series.year]
    return list(dict.fromkeys(names))


def _map_row(dataset: DataSet, row: Row) -> Held | list[_Wrong]:
    """The row's attributes, or everything that is wrong with it."""
    held: Held = {}
    wrong: list[_Wrong] = []
    for read in (_read_columns, _read_flags, _read_place, _read_figure):
        for column, made in read(dataset, row):
            if isinstance(made, BadCell):
                wrong.append(_Wrong(column, str(made)))
            else:
                held.update(made)
    return wrong or held


def _read_columns(dataset: DataSet, row: Row) -> Iterator[tuple[str, Held | BadCell]]:
    for column in dataset.columns:
        try:
            value = read_cell(column, row.get(column.column, ""))
        except BadCell as error:
            yield column.column, error
        else:
            if value is not None:
                yield column.column, {expand(column.attribute): plain(value, column.unit)}


def _read_flags(dataset: DataSet, row: Row) -> Iterator[tuple[str, Held | BadCell]]:
    for flags in dataset.flags:
        words: list[JsonValue] = []
        for heading, word in flags.columns.items():
            try:
                if read_boolean(row.get(heading, "")):
                    words.append(word)
            except BadCell as error:
                yield heading, error
        yield "", {expand(flags.attribute): plain(words)}


def _read_place(dataset: DataSet, row: Row) -> Iterator[tuple[str, Held | BadCell]]:
    if dataset.position is None:
        return
    try:
        point = read_point(row, dataset.position)
    except BadCell as error:
        yield dataset.position.latitude, error
        return
    if point is not None:
        value: JsonValue = {"type": "Point", "coordinates": [*point]}
        instance = Instance(kind=AttributeKind.GEO_PROPERTY, value=value)
        yield "", {expand("location"): {DEFAULT_INSTANCE: instance}}


def _read_figure(dataset: DataSet, row: Row) -> Iterator[tuple[str, Held | BadCell]]:
    if dataset.series is None:
        return
    try:
        yield "", read_figure(dataset.series, row)
    except BadCell as error:
        yield dataset.series.value, error


def _change(dataset: DataSet, entity_id: str, held: Held, told: Held) -> Change:
    types = (expand(dataset.type),)
    if dataset.series:
        fragment = Fragment(types=types, attributes=held)
        return Change(operation=Operation.UPSERT_UPDATE, entity_id=entity_id, fragment=fragment)
    fragment = Fragment(types=types, attributes={**held, **told})
    return Change(operation=Operation.UPSERT_REPLACE, entity_id=entity_id, fragment=fragment)


def _tenant(dataset: DataSet, row: Row) -> str | None:
    named = row.get(dataset.tenant_column) if dataset.tenant_column else dataset.tenant
    return named.strip() if named else named
